#!/usr/bin/env python3
"""What an edit costs: a 12-song, 32-track album, one edit at a time, rendered over a store that knows the album, and
compared byte for byte with a render into an empty store.

    Benchmarks/revisions.py --stems AUDIO/session32 [--lathe PATH] [--seconds 60] [--songs 12] [--only EDIT ...]

Prints a table, and writes it as JSON with --json FILE. CPU seconds are those of the process and all its workers:
segments of the mix, segments of the finish, and the rest, which is reading the session, asking the ledger and writing
files.
"""
import argparse
import filecmp
import json
import os
import re
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time

here = os.path.dirname(os.path.abspath(__file__))
parser = argparse.ArgumentParser()
parser.add_argument("--stems", required=True, help="the 32 stems of peers/make_multitrack.py session32")
parser.add_argument("--lathe", default=os.path.join(here, "..", ".build", "release", "lathe"))
parser.add_argument("--work", help="a directory to work in (default: a temporary one)")
parser.add_argument("--seconds", type=int, default=60, help="length of each song, at most 180")
parser.add_argument("--songs", type=int, default=12)
parser.add_argument("--workers", type=int, default=2)
parser.add_argument("--only", nargs="*", help="only these edits, by the beginning of their names")
parser.add_argument("--no-compare", action="store_true", help="leave out the renders into an empty store")
parser.add_argument("--by", default="album", choices=["album", "song"])
parser.add_argument("--json", help="write the table here as JSON")
arguments = parser.parse_args()

work = arguments.work or tempfile.mkdtemp(prefix="lathe-revisions-")
template = open(os.path.join(here, "session32", "song.yaml")).read()
template = template[template.index("tracks:"):]
stems = sorted(f for f in os.listdir(arguments.stems) if f.endswith(".wav"))
edited = min(5, arguments.songs - 1)  # The song that the edits are made to.


class State:
    """An album as text: what the edits change."""

    def __init__(self):
        self.order = list(range(arguments.songs))
        self.gap = 2
        self.deliver = "[{format: wav, bits: 24}, {format: flac, bits: 16, rate: 44100, folder: CD}]"
        self.songs = [song_text(k) for k in self.order]
        self.audio = {name: os.path.join(arguments.stems, name) for name in stems}

    def sub(self, pattern, replacement, song=edited):
        text, count = re.subn(pattern, replacement, self.songs[song], count=1, flags=re.S)
        assert count == 1, pattern
        self.songs[song] = text

    def write(self, folder):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(os.path.join(folder, "audio"))
        for name, path in self.audio.items():
            os.symlink(os.path.abspath(path), os.path.join(folder, "audio", name))
        for k, text in enumerate(self.songs):
            with open(os.path.join(folder, f"song{k}.yaml"), "w") as file:
                file.write(text)
        loudness = "{target: -16 LUFS, ceiling: -1 dBTP, by: %s, max-limiting: 24 dB}" % arguments.by
        lines = [f"  - {{file: song{k}.yaml, gap: {self.gap} s}}" for k in self.order]
        with open(os.path.join(folder, "album.yaml"), "w") as file:
            file.write("lathe: 1\nalbum: Twelve\nartist: A MIDI orchestra\nrate: 48000\nsongs:\n" + "\n".join(lines))
            file.write(f"\nloudness: {loudness}\ndeliver: {self.deliver}\n")


def song_text(k):
    """The session of 32 tracks, with the stems handed to other tracks and entered elsewhere in each song."""
    start = 1 + 3 * k % 19
    turn = 5 * (k - edited)  # The song that is edited has the stems where they sound for most of the time.

    def clip(match):
        name = stems[(stems.index(match[1]) + turn) % len(stems)]
        return f"{{file: audio/{name}, start: {start} s, length: {arguments.seconds} s"

    text = re.sub(r"\{file: audio/([^,}]*\.wav)", clip, template)
    return f"lathe: 1\nsong: Song {k}\ntempo: 120\nlength: {arguments.seconds} s\n" + text


def file_of(state, track):
    return re.search(r"name: %s\n    clips: \[\{file: audio/([^,]*), start: (\d+)" % track, state.songs[edited]).groups()


def read_wav(path):
    data = open(path, "rb").read()
    at = 12
    chunks = {}
    while at + 8 <= len(data):
        name, size = data[at:at + 4], struct.unpack("<I", data[at + 4:at + 8])[0]
        chunks.setdefault(name, data[at + 8:at + 8 + size])
        at += 8 + size + size % 2
    return chunks[b"fmt "], chunks[b"data"]


def write_wav(path, form, data, extra=b""):
    body = b"WAVE" + extra + b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    with open(path, "wb") as file:
        file.write(b"RIFF" + struct.pack("<I", len(body)) + body)


# --- The edits -------------------------------------------------------------------------------------------------------

def rerecord(state, seconds=10):
    name, start = file_of(state, "Alto")
    form, data = read_wav(state.audio[name])
    other = read_wav(state.audio[stems[3] if stems[3] != name else stems[2]])[1]
    rate = 48000 * 6
    begin = (int(start) + arguments.seconds // 3) * rate
    data = data[:begin] + other[begin:begin + seconds * rate] + data[begin + seconds * rate:]
    write_wav(os.path.join(work, "take 2.wav"), form, data)
    state.audio["take 2.wav"] = os.path.join(work, "take 2.wav")
    state.sub(r"(name: Alto\n    clips: \[\{file: audio/)[^,]*", r"\1take 2.wav")


def rewrap(state):
    """Every file of the edited song's first tracks: other tags, other containers, the same samples."""
    folder = os.path.join(work, "wrapped")
    os.makedirs(folder, exist_ok=True)
    for number, name in enumerate(stems):
        target = os.path.join(folder, name)
        form, data = read_wav(state.audio[name])
        if number % 3 == 0:
            write_wav(target, form, data, b"LIST" + struct.pack("<I", 20) + b"INFOINAM\x08\x00\x00\x00Vocal 2\x00")
            state.audio[name] = target
        else:
            ending = "flac" if number % 3 == 1 else "aiff"
            target = target[:-3] + ending
            command = (["flac", "--silent", "-0", "-f", "-o", target, state.audio[name]] if ending == "flac" else
                       ["ffmpeg", "-v", "error", "-y", "-i", state.audio[name], "-c:a", "pcm_s24be", target])
            if not os.path.exists(target):
                subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
            new = name[:-3] + ending
            state.audio[new] = target
            state.songs = [text.replace(name, new) for text in state.songs]


def add_song(state):
    state.songs.append(song_text(arguments.songs + 2).replace("Song %d" % (arguments.songs + 2), "The new one"))
    state.order.append(len(state.songs) - 1)


def set(name, value):
    return lambda state: setattr(state, name, value)


fader = r"(name: Alto\n.*?\n    fader: )-9 dB"
late = arguments.seconds * 3 // 4
edits = [
    ("nothing", lambda s: None),
    ("clip moved 20 ms", lambda s: s.sub(r"(name: Trombone\n    clips: \[\{)", r"\1at: 20 ms, ")),
    ("clip at 3/4 replaced", lambda s: s.sub(
        r"(name: Harp\n    clips: \[)(\{file: [^,]*, start: (\d+) s, length: )\d+ s\}", lambda m: (
            f"{m[1]}{m[2]}{late} s}}, {{file: audio/{stems[20]}, at: {late} s, start: 9 s, "
            f"length: {arguments.seconds - late} s}}"))),
    ("10 s of a vocal", rerecord),
    ("automation point at 3/4", lambda s: s.sub(
        r"(name: Guitar\n.*?fader: \[\[0 s, -13 dB\])[^\n]*", r"\1, [%d s, -11.5 dB]]" % late)),
    ("fader", lambda s: s.sub(r"(name: Trombone\n.*?\n    fader: )-11 dB", r"\1-11.5 dB")),
    ("fader of a bus", lambda s: s.sub(r"(name: Percussion\n    fader: )-2 dB", r"\1-2.5 dB")),
    ("mute", lambda s: s.sub(r"(name: Drawbars\n.*?\n)", r"\1    mute: true\n")),
    ("one EQ band", lambda s: s.sub(r"(name: Tenor\n.*?type: high-pass, frequency: )100 Hz", r"\g<1>110 Hz")),
    ("compressor ratio of a bus", lambda s: s.sub(r"(name: Horns\n    devices: .*?ratio: )2,", r"\g<1>2.2,")),
    ("master EQ", lambda s: s.sub(r"(master:.*?frequency: 9 kHz, gain: )1 dB", r"\g<1>1.2 dB")),
    ("a new song", add_song),
    ("another order", lambda s: s.order.reverse()),
    ("another gap", set("gap", 3)),
    ("another format", set("deliver", "[{format: wav, bits: 24}, {format: flac, bits: 24, rate: 44100, folder: CD}]")),
    ("a title", lambda s: s.sub(r"song: Song \d+", "song: Ferry")),
    ("sources re-tagged, re-wrapped", rewrap),
    ("nothing once more", lambda s: None),
]


# --- Rendering -------------------------------------------------------------------------------------------------------

def render(folder, out, store, limit=60_000_000_000):
    """What the render cost. An album of this size is larger than what a store keeps unasked."""
    command = [arguments.lathe, "render", "album.yaml", "-o", out, "--store", store, "--json", "--progress", "none",
               "--overwrite", "replace", "--workers", str(arguments.workers)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    environment = {**os.environ, "LATHE_STORE_LIMIT": str(limit)}
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode != 0:
        sys.exit(f"{' '.join(command)}: {run.returncode}\n{run.stdout[-3000:]}\n{run.stderr[-3000:]}")
    document = json.loads(run.stdout)
    farm = document["farm"]
    finish = farm["finish"]
    return {
        "mixed": farm["tasks"]["rendered"] - finish["rendered"], "finished": finish["rendered"],
        "lost": farm["tasks"].get("lost", 0), "total": farm["tasks"]["total"], "wall": wall,
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "mixCpu": farm["cpuSeconds"] - finish["cpuSeconds"], "finishCpu": finish["cpuSeconds"],
        "gain": [song["finish"]["gain"] for song in document["songs"] if song.get("finish")][:1],
    }


def sounds(folder):
    found = {}
    for root, _, names in os.walk(folder):
        for name in names:
            if name.endswith((".wav", ".flac")):
                found[os.path.relpath(os.path.join(root, name), folder)] = os.path.join(root, name)
    return found


def same(a, b):
    """Whether `a` holds every file of `b`; what other titles and orders left there does not count."""
    left, right = sounds(a), sounds(b)
    return all(n in left and filecmp.cmp(left[n], right[n], shallow=False) for n in right)


def measure(state):
    folder = os.path.join(work, "session")
    state.write(folder)
    return render(folder, os.path.join(work, "out"), store)


def row(name, run, verdict, full):
    lost = f", {run['lost']} lost" if run["lost"] else ""
    print(f"{name:31} {run['mixed']:6} {run['finished']:6} /{run['total']:<6} {run['cpu']:7.2f} {run['mixCpu']:7.2f} "
          f"{run['finishCpu']:7.2f} {run['cpu'] - run['mixCpu'] - run['finishCpu']:7.2f} {run['wall']:7.2f} "
          f"{run['cpu'] / full:6.1%} {run['gain']}  {verdict}{lost}", flush=True)
    table.append({"edit": name, **run, "compared": verdict})


table = []
store = os.path.join(work, "store")
for leftover in [store, os.path.join(work, "out")]:
    shutil.rmtree(leftover, ignore_errors=True)
print(f"{arguments.songs} songs of {arguments.seconds} s, 32 tracks each; in {work}")
print(f"{'edit':31} {'mix':>6} {'finish':>6} {'/all':7} {'CPU s':>7} {'mix':>7} {'finish':>7} {'rest':>7} {'wall s':>7} "
      f"{'share':>6} gain")
base = measure(State())
row("everything", base, "", base["cpu"])
for name, edit in edits:
    if arguments.only and not any(name.startswith(only) for only in arguments.only):
        continue
    state = State()
    edit(state)
    run = measure(state)
    verdict = "not compared"
    if not arguments.no_compare:
        empty = os.path.join(work, "empty")
        shutil.rmtree(empty, ignore_errors=True)
        shutil.rmtree(os.path.join(work, "out-fresh"), ignore_errors=True)
        render(os.path.join(work, "session"), os.path.join(work, "out-fresh"), empty, limit=8_000_000_000)
        verdict = "identical" if same(os.path.join(work, "out"), os.path.join(work, "out-fresh")) else "DIFFERENT"
        shutil.rmtree(empty, ignore_errors=True)
    row(name, run, verdict, base["cpu"])
if arguments.json:
    with open(arguments.json, "w") as file:
        json.dump(table, file, indent=1)
sys.exit(1 if any(entry["compared"] == "DIFFERENT" for entry in table) else 0)
