#!/usr/bin/env python3
"""Runs Lathe and its fastest peers on the same work, in turn, and prints the ratios.

    measure.py LATHE AUDIO TMP RESULTS.jsonl [WORKLOAD...]

WORKLOADs: those of workloads.py, `cores` (two against one) and `quality` (errors of what is delivered); default all.
PEERS: folder of mixspec.py and the peers' scripts; PY: the python that has the peers' modules; RUNS: rounds (default
5). A round runs every contestant once, so that a disturbance of the machine meets all of them. CPU is user and system
time of a process and its children. Lathe starts from an empty store each time.
"""
import functools
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

import quality
import workloads

print = functools.partial(print, flush=True)
ENVIRONMENT = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NUMBA_NUM_THREADS="1")
FAILURES = []


def once(command, cores="0"):
    """CPU seconds, wall seconds, largest resident MiB and system seconds of a command and its children.

    Throws RuntimeError where the command fails.
    """
    began = time.monotonic()
    process = subprocess.Popen(["taskset", "-c", cores] + command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, env=ENVIRONMENT)
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    if status:
        raise RuntimeError(f"{' '.join(command)}\nended with {status}:\n{said.decode(errors='replace')}")
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss // 1024, usage.ru_stime


def clear(tmp):
    for left in ("out", "store", "out2", "store2"):
        shutil.rmtree(f"{tmp}/{left}", ignore_errors=True)


def single_core(work, tmp, runs, log):
    """Measures one workload, prints its table and returns its verdict."""
    samples = {name: [] for name in work.contestants}
    for _ in range(runs):
        for name in list(samples):
            clear(tmp)
            try:
                samples[name].append(once(work.contestants[name]))
            except RuntimeError as error:
                print(f"\n{work.name}: {name} is left out, for it failed:\n{error}")
                FAILURES.append(f"{work.name}, {name}")
                del samples[name]
    clear(tmp)
    print(f"\n{work.name}: {work.seconds:g} s of music, medians of {runs}, one core\n")
    print("| | x real time per CPU s | least to most | CPU s | system s | wall s | MiB | re the fastest peer |")
    print("|---|---|---|---|---|---|---|---|")
    lines = {}
    for name, values in samples.items():
        cpu = [v[0] for v in values]
        median = statistics.median(cpu)
        lines[name] = {
            "workload": work.name, "contestant": name, "audioSeconds": work.seconds, "runs": runs,
            "cpuSeconds": round(median, 3), "cpuSecondsAll": [round(c, 3) for c in cpu],
            "systemSeconds": round(statistics.median(v[3] for v in values), 3),
            "wallSeconds": round(statistics.median(v[1] for v in values), 3),
            "largestResidentMebibytes": max(v[2] for v in values),
            "timesRealTimePerCPUSecond": round(work.seconds / median, 2)}
        log(lines[name])
    if not any(name in lines for name in work.peers):
        return None
    fastest = min((name for name in work.peers if name in lines), key=lambda name: lines[name]["cpuSeconds"])
    for name, line in lines.items():
        cpu = line["cpuSecondsAll"]
        ratio = lines[fastest]["cpuSeconds"] / line["cpuSeconds"]
        print(f"| {name} | {work.seconds / line['cpuSeconds']:.1f} | {work.seconds / max(cpu):.1f} to "
              f"{work.seconds / min(cpu):.1f} | {line['cpuSeconds']:.2f} | {line['systemSeconds']:.2f} | "
              f"{line['wallSeconds']:.2f} | {line['largestResidentMebibytes']} | {ratio:.2f} |")
    if work.ours not in lines:
        return None
    ours, worker = lines[work.ours], lines.get("lathe-1-worker", lines[work.ours])
    verdict = {
        "workload": work.name, "fastestPeer": fastest, "bar": work.bar,
        "ratioToFastestPeer": round(lines[fastest]["cpuSeconds"] / ours["cpuSeconds"], 2),
        "ratioOfBest": round(min(lines[fastest]["cpuSecondsAll"]) / min(ours["cpuSecondsAll"]), 2),
        "workerAddsCPU": round(worker["cpuSeconds"] / ours["cpuSeconds"] - 1, 3),
        "workerAddsWall": round(worker["wallSeconds"] / ours["wallSeconds"] - 1, 3)}
    log(verdict)
    print(f"\nLathe / {fastest}: {verdict['ratioToFastestPeer']:.2f} (of the best rounds "
          f"{verdict['ratioOfBest']:.2f}); bar {work.bar:g}. One worker process against in-process: "
          f"CPU {verdict['workerAddsCPU']:+.0%}, wall {verdict['workerAddsWall']:+.0%}")
    return verdict


def at_once(s, album):
    """Wall seconds of two renders at the same time, one on each core, with stores of their own."""
    commands = [["taskset", "-c", "0"] + s.render(album, 1)]
    commands.append(["taskset", "-c", "1"] + [
        part.replace(f"{s.tmp}/out", f"{s.tmp}/out2").replace(f"{s.tmp}/store", f"{s.tmp}/store2")
        for part in s.render(album, 1)])
    began = time.monotonic()
    running = [subprocess.Popen(c, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                env=ENVIRONMENT) for c in commands]
    for process in running:
        message = process.communicate()[1].decode(errors="replace")
        if process.returncode:
            raise RuntimeError(f"a render beside another ended with {process.returncode}:\n{message}")
    return time.monotonic() - began


def two_cores(s, runs, log):
    print(f"\nTwo cores against one: medians of {runs}, wall time\n")
    print("| session | 1 worker on 1 core, s | 2 workers on 2, s | ratio | of the best | CPU s, 1 and 2 | "
          "two renders at once |\n|---|---|---|---|---|---|---|")
    for name, seconds, album in workloads.two_cores(s):
        one, two, both = [], [], []
        for _ in range(runs):
            for walls, action in (
                    (one, lambda: once(s.render(album, 1))), (two, lambda: once(s.render(album, 2), "0,1")),
                    (both, lambda: at_once(s, album))):
                clear(s.tmp)
                walls.append(action())
        clear(s.tmp)
        wall = lambda values: [v[1] for v in values]
        middle, pair = statistics.median, statistics.median(both)
        line = {
            "workload": "cores", "session": name, "audioSeconds": seconds, "runs": runs,
            "wallSecondsOne": [round(v, 3) for v in wall(one)], "wallSecondsTwo": [round(v, 3) for v in wall(two)],
            "wallSecondsOfTwoAtOnce": [round(v, 3) for v in both],
            "ratio": round(middle(wall(one)) / middle(wall(two)), 3),
            "ratioOfBest": round(min(wall(one)) / min(wall(two)), 3),
            "ratioOfTwoAtOnce": round(2 * middle(wall(one)) / pair, 3)}
        log(line)
        print(f"| {name} | {middle(wall(one)):.2f} | {middle(wall(two)):.2f} | {line['ratio']:.2f} | "
              f"{line['ratioOfBest']:.2f} | {middle(v[0] for v in one):.2f}, {middle(v[0] for v in two):.2f} | "
              f"{line['ratioOfTwoAtOnce']:.2f} |")


def main():
    lathe, audio, tmp, results = [os.path.abspath(p) for p in sys.argv[1:5]]
    known = [*workloads.SINGLE_CORE, "cores", "quality"]
    wanted = sys.argv[5:] or known
    for name in wanted:
        if name not in known:
            sys.exit(f"{name} is not a workload; there are: {', '.join(known)}")
    runs = int(os.environ.get("RUNS", "5"))
    os.makedirs(tmp, exist_ok=True)
    s = workloads.Setting(lathe, audio, tmp)
    with open(results, "a") as file:
        log = lambda line: print(json.dumps(line), file=file)
        verdicts = [single_core(workloads.SINGLE_CORE[name](s), tmp, runs, log)
                    for name in wanted if name in workloads.SINGLE_CORE]
        verdicts = [verdict for verdict in verdicts if verdict]
        if "cores" in wanted:
            two_cores(s, runs, log)
        if "quality" in wanted:
            quality.measure(s, once, log)
    clear(tmp)
    if verdicts:
        print("\n| work | fastest peer | Lathe, times the peer | bar | |\n|---|---|---|---|---|")
        for v in verdicts:
            print(f"| {v['workload']} | {v['fastestPeer']} | {v['ratioToFastestPeer']:.2f} | {v['bar']:g} | "
                  f"{'held' if v['ratioToFastestPeer'] >= v['bar'] else 'missed'} |")
    if FAILURES:
        sys.exit("Failed: " + "; ".join(FAILURES))


main()
