#!/usr/bin/env python3
"""How long it takes to see that nothing changed in many large audio files: sparse WAV files of silence, hashed once
with `lathe plan --rehash`, then looked at again with `lathe plan`.

    Benchmarks/sources.py TMP [--gigabytes 60] [--files 1000] [--lathe PATH]
"""
import argparse
import os
import resource
import shutil
import struct
import subprocess
import time

here = os.path.dirname(os.path.abspath(__file__))
parser = argparse.ArgumentParser()
parser.add_argument("tmp")
parser.add_argument("--gigabytes", type=float, default=60)
parser.add_argument("--files", type=int, default=1000)
parser.add_argument("--lathe", default=os.path.join(here, "..", ".build", "release", "lathe"))
arguments = parser.parse_args()

folder = os.path.join(arguments.tmp, "sources")
shutil.rmtree(folder, ignore_errors=True)
os.makedirs(os.path.join(folder, "audio"))
size = int(arguments.gigabytes * 1e9 / arguments.files) // 6 * 6
form = struct.pack("<HHIIHH", 1, 2, 48000, 288000, 6, 24)
head = (b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + struct.pack("<I", 16) + form + b"data"
        + struct.pack("<I", size))
tracks = []
for number in range(arguments.files):
    with open(os.path.join(folder, "audio", f"{number}.wav"), "wb") as file:
        file.write(head)
        file.truncate(len(head) + size)
    tracks.append(f"  - {{name: Track {number}, clips: [{{file: audio/{number}.wav, length: 1 s}}]}}")
with open(os.path.join(folder, "song.yaml"), "w") as file:
    file.write("lathe: 1\nsong: Many files\nlength: 1 s\ntracks:\n" + "\n".join(tracks) + "\n")


def run(*more):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    subprocess.run([arguments.lathe, "plan", "song.yaml", "--json", "--store", "store", *more], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (time.monotonic() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


print(f"{arguments.files} files, {arguments.files * size / 1e9:.1f} GB")
for name, more in [("hashed", ["--rehash"]), ("looked at again", []), ("and again", [])]:
    print("%-16s %7.2f s wall, %7.2f s CPU" % (name, *run(*more)), flush=True)
shutil.rmtree(folder)
