#!/usr/bin/env python3
"""Runs Lathe and its fastest peers on the same mixes, in turn, and prints the ratios.

    measure.py LATHE AUDIO TMP RESULTS.jsonl

PEERS: folder of mixspec.py, mix_pedalboard.py and mix_ffmpeg.py; PY: the python that has pedalboard; RUNS: rounds
(default 5). Each round runs every contestant once, so that a disturbance of the machine meets all of them. Everything
is pinned to core 0. CPU is user + system of the process and its children. Lathe starts with an empty store each time.
"""
import functools
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

print = functools.partial(print, flush=True)
WORKLOADS = {"mix8": 200.0, "mix32": 60.0}


def once(command, environment):
    """CPU seconds, wall seconds, largest resident MiB of a command and its children."""
    began = time.monotonic()
    process = subprocess.Popen(["taskset", "-c", "0"] + command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, env=environment)
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    if status:
        sys.exit(f"{' '.join(command)}\nended with {status}:\n{said.decode(errors='replace')}")
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss // 1024, usage.ru_stime


def contestants(lathe, audio, tmp, peers, python, workload):
    folder = f"{audio}/{workload}"
    subprocess.run([sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "mix_lathe.py"), peers,
                    folder, f"{tmp}/{workload}"], check=True)

    def render(workers):
        return [lathe, "render", f"{tmp}/{workload}/album.yaml", "-o", f"{tmp}/out", "--store", f"{tmp}/store",
                "--workers", str(workers), "--progress", "none"]

    return {
        "pedalboard": [python, f"{peers}/mix_pedalboard.py", folder, f"{tmp}/pedalboard.wav", "1"],
        "ffmpeg-f32-no-reverb": [python, f"{peers}/mix_ffmpeg.py", folder, f"{tmp}/ffmpeg.wav", "f32", "1"],
        "lathe-in-process": render(0),
        "lathe-1-worker": render(1),
    }


def main():
    lathe, audio, tmp, results = [os.path.abspath(p) for p in sys.argv[1:5]]
    peers, python = os.environ["PEERS"], os.environ.get("PY", sys.executable)
    runs = int(os.environ.get("RUNS", "5"))
    environment = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    os.makedirs(tmp, exist_ok=True)
    verdicts = []
    with open(results, "a") as log:
        for workload, seconds in WORKLOADS.items():
            commands = contestants(lathe, audio, tmp, peers, python, workload)
            samples = {name: [] for name in commands}
            for _ in range(runs):
                for name, command in commands.items():
                    for left in ("out", "store"):
                        shutil.rmtree(f"{tmp}/{left}", ignore_errors=True)
                    samples[name].append(once(command, environment))
            speeds = {}
            print(f"\n{workload}: {seconds:g} s of music, medians of {runs}, one core")
            print(f"  {'':22}{'x real time per CPU s':>24}{'(least..most)':>18}{'CPU s':>9}{'sys s':>8}{'wall s':>9}"
                  f"{'MiB':>7}")
            for name, values in samples.items():
                cpu = sorted(v[0] for v in values)
                median = statistics.median(cpu)
                line = {
                    "workload": workload, "contestant": name, "audioSeconds": seconds, "runs": runs,
                    "cpuSeconds": round(median, 3), "cpuSecondsAll": [round(v[0], 3) for v in values],
                    "systemSeconds": round(statistics.median(v[3] for v in values), 3),
                    "wallSeconds": round(statistics.median(v[1] for v in values), 3),
                    "largestResidentMebibytes": max(v[2] for v in values),
                    "timesRealTimePerCPUSecond": round(seconds / median, 2)}
                log.write(json.dumps(line) + "\n")
                speeds[name] = line
                spread = f"({seconds / cpu[-1]:.1f}..{seconds / cpu[0]:.1f})"
                print(f"  {name:22}{seconds / median:24.1f}{spread:>18}{median:9.2f}{line['systemSeconds']:8.2f}"
                      f"{line['wallSeconds']:9.2f}{line['largestResidentMebibytes']:7}")
            x = lambda name: speeds[name]["timesRealTimePerCPUSecond"]
            fastest = max(("pedalboard", "ffmpeg-f32-no-reverb"), key=x)
            ratio = x("lathe-in-process") / x(fastest)
            inside, outside = speeds["lathe-in-process"], speeds["lathe-1-worker"]
            cpu = outside["cpuSeconds"] / inside["cpuSeconds"] - 1
            wall = outside["wallSeconds"] / inside["wallSeconds"] - 1
            verdict = {"workload": workload, "fastestPeer": fastest, "ratioToFastestPeer": round(ratio, 2),
                       "workerAddsCPU": round(cpu, 3), "workerAddsWall": round(wall, 3)}
            log.write(json.dumps(verdict) + "\n")
            verdicts.append(verdict)
            print(f"  Lathe / {fastest}: {ratio:.2f}    one worker against in-process: CPU {cpu:+.0%}, wall {wall:+.0%}")
    for left in ("out", "store"):
        shutil.rmtree(f"{tmp}/{left}", ignore_errors=True)
    good = all(v["ratioToFastestPeer"] >= 4 and v["workerAddsCPU"] <= 0.15 and v["workerAddsWall"] <= 0.15
               for v in verdicts)
    print("\nBars (4 times the fastest peer; a worker process within 15 %): " + ("all held" if good else "not all held"))


main()
