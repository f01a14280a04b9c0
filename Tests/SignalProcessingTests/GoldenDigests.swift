/// Recorded on x86-64; see `GoldenTests`.
let goldenDigests: [String: (version: UInt32, digest: String)] = [
    "equalizer": (1, "157566e5f6d101e2"),
    "equalizerInDouble": (1, "55d2de1cd2cf7266"),
    "compressorPeak": (1, "ddd06d38b150d523"),
    "compressorRMS": (1, "e9e62de68796764a"),
    "gain": (1, "a51eed4dceb9789c"),
    "limiter": (1, "7398f0a1b0636548"),
    "delay": (1, "9d390482043d17c1"),
    "reverb": (1, "682a65134a8ee1e4"),
    "conversion44to48": (1, "547da8c3ca8b4d33"),
    "conversion96to44": (1, "afb119bd02e9a5c0"),
    "quantiser16": (1, "71014d2acb6752e4"),
    "quantiser24": (1, "48ef05bf8905a4"),
]
