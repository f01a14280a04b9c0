#!/usr/bin/env python3
"""Where the CPU time of a render goes, by stage: profile.py LATHE SESSION.yaml TMP [ROUNDS]

Runs the render in-process, pinned to core CORE (default 0), from an empty store, under `perf record` (Linux perf),
and sums the samples by what their function belongs to. The round of least CPU time gives the profile. With SYMBOLS=1
the largest symbol of each stage follows.
"""
import os
import re
import resource
import shutil
import subprocess
import sys

# The first pattern that matches a symbol names its stage. Swift's mangled names hold lengths and names as they are.
STAGES = [
    ("store, farm, plan, start", r"4GRDB|libsqlite|ld-linux|10FoundationE|11RenderPlan"),
    ("hash of sources and windows", r"xxh|XXH|sha256|[57]Hashing|libcrypto"),
    ("decoding sources", r"unpack|lathe_lanes_from_pcm|SampleLayout|SoundFileReader"),
    ("quantising and packing", r"Quantiser|DitherNoise|lathe_pack|WaveWriter|QuantiseRunner|NoiseShape|FlacEncoder"),
    ("equalizers", r"FusedColumns|Equalizer|MatchedDesign|MatchedFit|MatchedFactor|UnitForm|SectionKernel"),
    ("compressors", r"Compressor|PeakHold|CompressorKernel"),
    ("reverb", r"Feedback|FDNReverb|Reverb|EarlyReflections|LineShuffles|LineVector"),
    ("limiter", r"Limiter"),
    ("saturators", r"Saturator|Oversampl|PhaseFilter|CurveRows|Colour|ClipMoments|Clipper|Overshoot"),
    ("gates, de-essers, multiband, transients",
     r"Gate|DeEsser|BandSection|Multiband|Transient|PeakWindow|KeyFilter|ReductionCurve|ReductionEnvelope|Crossover"),
    ("delay, chorus, phaser and others",
     r"Echo|StereoDelay|Modulated|Phaser|Chorus|Fractional|RingPair|Tremolo|Flanger"),
    ("convolution", r"Convolver|Fourier|Spectrum|ComplexQuad|Convolution"),
    ("rate conversion", r"Spectral|LaneTransform|Polyphase|KaiserSinc|DirectConverter"),
    ("meters", r"8Metering|Loudness|TruePeak|KWeighting|SampleScan|WindowMeter"),
    ("lanes, faders, pan, sums", r"lathe_lanes|lathe_planar|LaneGroup|NodeRunner|StripRunner|SumRunner|MixRunner"
                                 r"|SampleLoops|RenderEngine|lathe_mix|lathe_add"),
    ("snapshots", r"Snapshot"),
    ("Swift runtime, memory", r"swift_|malloc|free|memmove|memcpy|memset|cfree|_int_"),
    ("other signal processing", r"16SignalProcessing"),
    ("store, farm, plan, start", r"."),
]
KERNEL_STAGES = [
    ("kernel: copying file data", r"copy_to_iter|copy_from_iter|copy_folio|copy_page|rep_movs|copy_user|iov_iter"),
    ("kernel: page faults and memory",
     r"clear_page|fault|mmap|folio|page|lru|memcg|mem_cgroup|vma|zap|pte|rmap|charge|unmap|alloc"),
    ("kernel: other", r"."),
]


def profile(lathe, session, tmp):
    for left in ("out", "store"):
        shutil.rmtree(f"{tmp}/{left}", ignore_errors=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        ["perf", "record", "-q", "-F", "2000", "-o", f"{tmp}/perf.data", "--", "taskset", "-c",
         os.environ.get("CORE", "0"), lathe, "render", session, "-o", f"{tmp}/out",
         "--store", f"{tmp}/store", "--workers", "0", "--progress", "none"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    text = subprocess.run(
        ["perf", "report", "-i", f"{tmp}/perf.data", "--no-children", "--sort", "dso,symbol", "-F", "sample,dso,symbol",
         "--stdio", "--no-demangle"], check=True, capture_output=True, text=True).stdout
    return cpu, text


def main():
    lathe, session, tmp = [os.path.abspath(p) for p in sys.argv[1:4]]
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 3
    os.makedirs(tmp, exist_ok=True)
    cpu, text = min((profile(lathe, session, tmp) for _ in range(rounds)), key=lambda r: r[0])
    counts, biggest = {}, {}
    for line in text.splitlines():
        parts = line.split()
        if len(parts) < 4 or not parts[0].isdigit():
            continue
        samples, symbol = int(parts[0]), f"{parts[1]} {parts[3]}"
        stages = KERNEL_STAGES if "[k]" in line else STAGES
        stage = next(name for name, pattern in stages if re.search(pattern, symbol))
        counts[stage] = counts.get(stage, 0) + samples
        biggest[stage] = max(biggest.get(stage, (0, "")), (samples, symbol.split()[1]))
    total = sum(counts.values())
    print(f"{total} samples at 2000 a second, {total / 2000:.2f} CPU s\n\n| stage | CPU ms | part |\n|---|---|---|")
    for stage, samples in sorted(counts.items(), key=lambda item: -item[1]):
        print(f"| {stage} | {samples / 2:.0f} | {100 * samples / total:.1f} % |")
    if os.environ.get("SYMBOLS"):
        for stage, (samples, symbol) in biggest.items():
            print(f"{stage}: {samples} {symbol}", file=sys.stderr)
    for left in ("out", "store", "perf.data"):
        path = f"{tmp}/{left}"
        shutil.rmtree(path) if os.path.isdir(path) else os.path.exists(path) and os.remove(path)


main()
