#!/usr/bin/env python3
"""An hour of 32 tracks: how much memory each process and how much disk the store takes.

    hour.py LATHE SESSION32 TMP RESULTS.jsonl [SECONDS]

SESSION32 is the folder of 32 stems of 200 s that make_multitrack.py writes. The song is session32/song.yaml with each
stem repeated by clips every 200 s, up to SECONDS (default 3600). While it renders, RssAnon of every process of the
render and the bytes of the store's files on disk are sampled four times a second.
"""
import json
import os
import re
import subprocess
import sys
import time

STEM_SECONDS = 200
LIMIT_ANONYMOUS_MEBIBYTES = 1024
LIMIT_STORE_GIGABYTES = 20


def write_session(here, stems, folder, seconds):
    """session32 with its clips repeated; what moves in the first 200 s stays as it is, fades to silence apart."""
    os.makedirs(folder, exist_ok=True)
    link = os.path.join(folder, "audio")
    if os.path.islink(link):
        os.unlink(link)
    os.symlink(stems, link)
    with open(os.path.join(here, "session32", "song.yaml")) as f:
        text = f.read()
    repeats = -(-seconds // STEM_SECONDS)

    def repeated(match):
        file = match.group(1)
        clips = []
        for i in range(repeats):
            length = min(STEM_SECONDS, seconds - i * STEM_SECONDS)
            # Another gain each time: equal windows would be stored once.
            clips.append(f"{{file: {file}, at: {i * STEM_SECONDS} s, length: {length} s, gain: -{i / 8} dB}}")
        return "clips: [" + ", ".join(clips) + "]"

    text, count = re.subn(r"clips: \[\{file: ([^,}]+)[^\]]*\]", repeated, text)
    assert count == 32, count
    # The song goes on after 200 s: nothing may end there.
    text = re.sub(r", \[3:1[048] s?[^\]]*\], \[3:(18|20), -(inf|6) dB, linear\]", "", text)
    text = re.sub(r", \[3:1[0-9], [^\]]*\], \[3:[12][0-9], [^\]]*\]", "", text)
    with open(os.path.join(folder, "song.yaml"), "w") as f:
        f.write(text)
    with open(os.path.join(here, "session32", "album.yaml")) as f:
        album = f.read()
    with open(os.path.join(folder, "album.yaml"), "w") as f:
        f.write(album)


def descendants(root):
    """The process and everything below it."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as f:
                    parent = int(f.read().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError, ValueError):
                continue
            children.setdefault(parent, []).append(int(name))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, [])
    return found


def anonymous_kibibytes(pid):
    try:
        with open(f"/proc/{pid}/status") as f:
            return int(re.search(r"RssAnon:\s+(\d+)", f.read()).group(1))
    except (OSError, AttributeError):
        return 0


def disk_bytes(folder):
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(root, name)).st_blocks * 512
            except OSError:
                pass
    return total


def main():
    lathe, stems, tmp, results = [os.path.abspath(p) for p in sys.argv[1:5]]
    seconds = int(sys.argv[5]) if len(sys.argv) > 5 else 3600
    here = os.path.dirname(os.path.abspath(__file__))
    folder, store = os.path.join(tmp, "hour"), os.path.join(tmp, "hour-store")
    write_session(here, stems, folder, seconds)
    command = [lathe, "render", os.path.join(folder, "album.yaml"), "-o", os.path.join(tmp, "hour-out"), "--store",
               store, "--progress", "none", "--json", "--overwrite", "replace"]
    with open(os.path.join(tmp, "hour.json"), "w") as said:
        process = subprocess.Popen(command, stdout=said)
        most, largest_store, began, seen = {}, 0, time.monotonic(), 0
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            for p in descendants(process.pid):
                most[p] = max(most.get(p, 0), anonymous_kibibytes(p))
            if time.monotonic() - seen > 1:
                seen = time.monotonic()
                largest_store = max(largest_store, disk_bytes(store))
            time.sleep(0.25)
    wall = time.monotonic() - began
    largest_store = max(largest_store, disk_bytes(store))
    with open(os.path.join(tmp, "hour.json")) as f:
        document = json.load(f)
    if status or document["failures"]:
        sys.exit(f"the render ended with {os.waitstatus_to_exitcode(status)}: {document['failures']}")
    song = document["songs"][0]
    cpu = usage.ru_utime + usage.ru_stime
    line = {
        "workload": "hour32", "audioSeconds": song["frames"] / song["rate"], "wallSeconds": round(wall, 1),
        "cpuSeconds": round(cpu, 1), "systemSeconds": round(usage.ru_stime, 1),
        "anonymousMebibytes": sorted((round(v / 1024, 1) for v in most.values()), reverse=True),
        "storeGigabytes": round(largest_store / 1e9, 2), "tasks": document["farm"]["tasks"],
        "bytesMoved": document["farm"]["bytesMoved"]}
    with open(results, "a") as f:
        f.write(json.dumps(line) + "\n")
    print(f"hour32: {line['audioSeconds']:.0f} s of 32 tracks in {wall:.0f} s wall, {cpu:.0f} s CPU "
          f"({line['audioSeconds'] / cpu:.1f} x real time per CPU second)")
    print(f"  anonymous memory, largest of each process: {line['anonymousMebibytes']} MiB "
          f"(limit {LIMIT_ANONYMOUS_MEBIBYTES})")
    print(f"  store: {line['storeGigabytes']} GB at most (limit {LIMIT_STORE_GIGABYTES})")
    good = line["anonymousMebibytes"][0] < LIMIT_ANONYMOUS_MEBIBYTES and line["storeGigabytes"] < LIMIT_STORE_GIGABYTES
    sys.exit(0 if good else 1)


main()
