"""The numbers of `mix24`, the same for Lathe and every peer: 24 tracks of which no two have the same chain.

A chain is a list of (device, numbers). Devices: `eq` (bands of (kind, hertz, q, decibels)), `comp`, `gate`, `deess`,
`sat`, `delay`, `chorus`, `phaser`. Levels are decibels, times milliseconds, mixes and feedback parts of one.
"""
import glob

CHAINS = """
eq2 comp
gate eq3 comp
eq4 comp sat
soft eq5
gate eq4 soft eq2
deess eq6 rms
sat eq3 comp
eq8
comp eq2 soft
eq3 rms delay
gate comp eq7
eq5 deess comp
chorus eq3 comp
eq6 sat soft
rms eq4 gate
eq2 phaser comp
deess comp eq3 sat
eq7 soft
gate sat eq2 comp eq3
comp
eq5 comp delay
soft deess eq8
eq4 gate rms sat
eq3 comp eq3 soft
""".strip().splitlines()

MASTER = dict(
    eq=[("high-pass", 25.0, 0.7071, 0.0), ("bell", 300.0, 1.0, -1.0), ("bell", 3000.0, 1.0, 0.5),
        ("high-shelf", 10000.0, 0.7071, 1.0)],
    comp=dict(threshold=-18.0, ratio=2.0, attack=30.0, release=250.0, knee=0.0, detector="peak"),
    ceiling=-1.0, release=80.0)


def files(folder):
    return sorted(glob.glob(folder + "/*.wav"))[:len(CHAINS)]


def bands(count, i, j):
    """The first `count` of eight bands; `i` is the track, `j` the device's place in its chain."""
    shift = 1 + 0.05 * ((3 * i + 5 * j) % 8)
    return [
        ("high-pass", 40.0 * shift, 0.7071, 0.0), ("bell", 250.0 * shift, 1.0, -2.0),
        ("bell", 2500.0 * shift, 1.2, 2.0), ("high-shelf", 8000.0, 0.7071, 1.5),
        ("low-shelf", 120.0 * shift, 0.7071, -1.5), ("bell", 900.0 * shift, 2.0, -1.0),
        ("low-pass", 16000.0, 0.7071, 0.0), ("bell", 5000.0 * shift, 1.5, 1.0)][:count]


def compressor(name, i):
    return dict(
        threshold=-26.0 + i % 5, ratio=2.0 + i % 4, attack=5.0 + 2 * (i % 6), release=90.0 + 15 * (i % 5),
        knee=6.0 if name == "soft" else 0.0, detector="rms" if name == "rms" else "peak")


def device(word, i, j):
    if word.startswith("eq"):
        return "eq", bands(int(word[2:]), i, j)
    if word in ("comp", "soft", "rms"):
        return "comp", compressor(word, i)
    return word, {
        "gate": dict(threshold=-50.0 + i % 4, ratio=10.0, attack=1.0, release=120.0),
        "deess": dict(frequency=6500.0, threshold=-30.0),
        "sat": dict(drive=6.0 + i % 3, oversampling=1),
        "delay": dict(time=250.0 + 10 * i, feedback=0.3, mix=0.2),
        "chorus": dict(rate=0.8, depth=2.0, delay=15.0, mix=0.5),
        "phaser": dict(rate=0.5, mix=0.5),
    }[word]


def track(i):
    pan = ((i * 5) % 9 - 4) / 5.0
    return dict(
        chain=[device(word, i, j) for j, word in enumerate(CHAINS[i].split())],
        gain=-8.0 - 1.5 * (i % 4), pan=pan, left=min(1.0, 1 - pan), right=min(1.0, 1 + pan),
        send=-12.0 - 3 * (i % 3))


def linear(decibels):
    return 10 ** (decibels / 20)


assert len(set(CHAINS)) == len(CHAINS) == 24
