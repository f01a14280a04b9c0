#!/usr/bin/env python3
"""Mixes a song a second time, sample by sample, and compares it with what `lathe render` delivered.

    mix.py LATHE [FOLDER]

Written from docs/session.md alone. It shares no code, no table and no fixture with Lathe: sources, session files and
the reference mix are made here with numpy. Every sample of the master, of the pre-master and of each stem is compared;
the largest difference must lie under -120 dBFS, at 48 and at 96 kHz, rendered in one process and by two workers.
Exit 0: every figure holds. 1: one does not. 2: the render did not run.
"""
import json
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np

LIMIT_DBFS = -120.0
SILENCE = float("-inf")


# --------------------------------------------------------------------------------------------- files

def write_wav(path, samples, rate, bits):
    """24-bit PCM or 32-bit float; returns the values that the file holds."""
    if bits == 32:
        kept = samples.astype("<f4")
        data, tag = kept.tobytes(), 3
        kept = kept.astype(np.float64)
    else:
        whole = np.clip(np.rint(samples * 2 ** 23), -2 ** 23, 2 ** 23 - 1).astype("<i4")
        data, tag = whole.reshape(-1, 1).view(np.uint8).reshape(-1, 4)[:, :3].tobytes(), 1
        kept = whole / 2.0 ** 23
    channels = samples.shape[1]
    frame = channels * bits // 8
    head = struct.pack("<HHIIHH", tag, channels, rate, rate * frame, frame, bits)
    with open(path, "wb") as f:
        f.write(b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVE")
        f.write(b"fmt " + struct.pack("<I", len(head)) + head)
        f.write(b"data" + struct.pack("<I", len(data)) + data)
    return kept


def read_float_wav(path):
    """32-bit float WAV as (frames, channels) and its rate."""
    with open(path, "rb") as f:
        all_bytes = f.read()
    assert all_bytes[:4] in (b"RIFF", b"RF64") and all_bytes[8:12] == b"WAVE", path
    at, form, data = 12, None, None
    while at + 8 <= len(all_bytes):
        name, size = all_bytes[at:at + 4], struct.unpack("<I", all_bytes[at + 4:at + 8])[0]
        if name == b"fmt ":
            form = all_bytes[at + 8:at + 8 + size]
        if name == b"data":
            data = all_bytes[at + 8:at + 8 + size]
        at += 8 + size + size % 2
    tag, channels, rate, _, _, bits = struct.unpack("<HHIIHH", form[:16])
    if tag == 0xFFFE:
        tag = struct.unpack("<H", form[24:26])[0]
    assert (tag, bits) == (3, 32), f"{path} is not 32-bit float"
    return np.frombuffer(data, "<f4").astype(np.float64).reshape(-1, channels), rate


def sources(folder, rate):
    """Signals in which a misplaced sample, channel or gain cannot hide: noise, tones, steps."""
    draw = np.random.default_rng(20)
    t = np.arange(26 * rate) / rate

    def noise(seconds, channels):
        return 0.25 * draw.uniform(-1, 1, (int(seconds * rate), channels))

    steps = np.repeat(draw.uniform(-0.3, 0.3, 26 * 50), rate // 50)[:, None]
    tone = np.stack([0.2 * np.sin(2 * np.pi * 441 * t), 0.2 * np.sin(2 * np.pi * 997 * t)], 1)
    made = {
        "mono-noise.wav": (noise(26, 1), 24),
        "mono-steps.wav": (steps, 32),
        "stereo-noise.wav": (noise(26, 2), 32),
        "stereo-tone.wav": (tone, 24),
        "stereo-short.wav": (noise(3.5, 2), 24),
    }
    return {n: write_wav(os.path.join(folder, n), x, rate, b) for n, (x, b) in made.items()}


# ------------------------------------------------------------------------------------------ the song
# Times are frames of the session's rate, as `N samples`, or seconds as text that both sides read.

def song(rate):
    """A dictionary that is both written out as YAML and mixed below."""
    s = lambda x: int(round(x * rate))
    return {
        "length": s(25),
        "tracks": [
            {   # mono, constant power; pan and fader automated; sends before and after the fader
                "name": "Voice", "pan": -0.35, "fader": -4.5, "output": "Voices",
                "clips": [
                    {"file": "mono-noise.wav", "at": 480, "gain": -3.25, "fade-in": s(0.02), "fade-out": s(1.5)},
                ],
                "fader-automation": [
                    (s(1), -6.0, "hold"), (s(3), -1.0, "linear"), (s(5), -9.0, "hold"), (s(7.5), SILENCE, "linear"),
                    (s(8), -3.0, "linear"), (s(9.75) + 1, -12.5, "linear"), (s(19), -2.0, "linear"),
                    (s(21), SILENCE, "hold"), (s(22), -5.0, "hold")],
                "pan-automation": [
                    (s(2), -0.5, "hold"), (s(6) + 3, 0.8, "linear"), (s(10), 0.8, "hold"), (s(12), -1.0, "linear"),
                    (s(18), 0.25, "hold")],
                "sends": [("Near", -7.5, "post", None), ("Far", -11.0, "pre", None)],
            },
            {   # stereo balance; overlapping clips that cross with equal power; a send automated down to nothing
                "name": "Keys", "pan": 0.4, "fader": 1.5, "output": "Band",
                "clips": [
                    {"file": "stereo-tone.wav", "at": s(0.5), "start": s(1), "length": s(9), "gain": 2.0,
                     "fade-in": s(0.25), "fade-out": s(2), "shape": "equal-power"},
                    {"file": "stereo-noise.wav", "at": s(7.5), "start": 1234, "length": s(9) + 7, "gain": -1.0,
                     "fade-in": s(2), "fade-out": 777, "shape": "equal-power"},
                    {"file": "stereo-short.wav", "at": s(9) + 5, "gain": -6.0},
                ],
                "sends": [("Near", -20.0, "post",
                           [(0, SILENCE, "hold"), (s(4), -6.0, "linear"), (s(11), -6.0, "hold"),
                            (s(13), SILENCE, "linear")])],
            },
            {   # upside down, hard balance, straight to the master
                "name": "Steps", "pan": 0.25, "fader": -8.0, "polarity": "inverted",
                "clips": [{"file": "mono-steps.wav", "at": 0, "fade-out": 10}],
                "sends": [("Far", -9.0, "post", None), ("Near", -16.0, "pre", None)],
            },
            {   # muted: its post-fader send is silent, its pre-fader send is not
                "name": "Ghost", "pan": -1.0, "fader": 0.0, "mute": True,
                "clips": [{"file": "stereo-noise.wav", "at": s(12.25), "length": s(6), "gain": -12.0}],
                "sends": [("Near", 0.0, "post", None), ("Far", -3.0, "pre", None)],
            },
            {   # one frame before a segment boundary, fader at nothing until it opens
                "name": "Late", "pan": -0.6, "fader": SILENCE, "output": "Band",
                "clips": [{"file": "stereo-short.wav", "at": s(10) - 1, "gain": 3.0, "fade-in": 2, "fade-out": s(1)},
                          {"file": "stereo-short.wav", "at": s(20) - 480, "start": 99, "length": s(3), "fade-in": s(3)}],
                "fader-automation": [(s(10), SILENCE, "hold"), (s(10) + 960, 0.0, "linear")],
            },
        ],
        "buses": [
            {"name": "Voices", "pan": 0.1, "fader": -1.25, "output": "Band"},
            {"name": "Band", "pan": -0.2, "fader": -2.0, "sends": [("Far", -14.0, "post", None)],
             "fader-automation": [(0, -2.0, "hold"), (s(15), -2.0, "hold"), (s(16), -7.0, "linear")]},
        ],
        "returns": [
            {"name": "Near", "pan": 0.3, "fader": -3.0, "output": "Band"},
            {"name": "Far", "pan": -0.15, "fader": 0.5, "polarity": "inverted"},
        ],
        "master": {"fader": -1.75, "fader-automation": [(s(20), -1.75, "hold"), (s(24), -30.0, "linear")]},
    }


def gain_text(decibels):
    return "-inf dB" if decibels == SILENCE else f"{decibels} dB"


def pan_text(pan):
    side = "L" if pan < 0 else "R"
    return "C" if pan == 0 else f"{side}{abs(pan) * 100:g}"


def points_text(points, value):
    return "[" + ", ".join(f"[{at} samples, {value(v)}, {shape}]" for at, v, shape in points) + "]"


def yaml(spec, rate):
    out = ["lathe: 1", "song: Independent", f"rate: {rate}", f"length: {spec['length']} samples"]

    def channel(c, pad):
        lines = [f"{pad}fader: {gain_text(c['fader'])}"]
        if "pan" in c:
            lines.append(f"{pad}pan: {pan_text(c['pan'])}")
        if c.get("mute"):
            lines.append(f"{pad}mute: true")
        if "polarity" in c:
            lines.append(f"{pad}polarity: {c['polarity']}")
        if "output" in c:
            lines.append(f"{pad}output: {c['output']}")
        automation = []
        if "fader-automation" in c:
            automation.append(f"{pad}  fader: " + points_text(c["fader-automation"], gain_text))
        if "pan-automation" in c:
            automation.append(f"{pad}  pan: " + points_text(c["pan-automation"], pan_text))
        if automation:
            lines += [f"{pad}automation:"] + automation
        if c.get("sends"):
            lines.append(f"{pad}sends:")
            for to, gain, tap, points in c["sends"]:
                moves = f", automation: {points_text(points, gain_text)}" if points else ""
                lines.append(f"{pad}  - {{to: {to}, gain: {gain_text(gain)}, tap: {tap}{moves}}}")
        return lines

    for kind in ("tracks", "buses", "returns"):
        out.append(f"{kind}:")
        for c in spec[kind]:
            out.append(f"  - name: {c['name']}")
            out += channel(c, "    ")
            if kind == "tracks":
                out.append("    clips:")
                for clip in c["clips"]:
                    parts = [f"file: {clip['file']}"]
                    parts += [f"{k}: {clip[k]} samples" for k in ("at", "start", "length", "fade-in", "fade-out")
                              if k in clip]
                    if "gain" in clip:
                        parts.append(f"gain: {gain_text(clip['gain'])}")
                    if "shape" in clip:
                        parts.append(f"shape: {clip['shape']}")
                    out.append("      - {" + ", ".join(parts) + "}")
    out += ["master:"] + channel(spec["master"], "  ")
    return "\n".join(out) + "\n"


# ------------------------------------------------------------------------------------------- the mix

def linear(decibels):
    return 0.0 if decibels == SILENCE else 10.0 ** (decibels / 20.0)


def curve(points, static, frames, is_gain):
    """Values per frame: gains as factors, pan as it is."""
    of = linear if is_gain else (lambda v: v)
    if not points:
        return np.full(frames, of(static))
    out = np.full(frames, of(points[0][1]))
    for (f0, v0, _), (f1, v1, shape) in zip(points, points[1:]):
        f = np.arange(f0, min(f1, frames))
        if shape == "hold":
            y = np.full(len(f), of(v0))
        else:
            x = (f - f0) / (f1 - f0)
            if is_gain and SILENCE not in (v0, v1):
                y = 10.0 ** ((v0 + (v1 - v0) * x) / 20.0)
            else:
                y = of(v0) + (of(v1) - of(v0)) * x
        out[f0:f0 + len(f)] = y
    out[points[-1][0]:] = of(points[-1][1])
    return out


def fade(length, shape):
    x = (np.arange(length) + 0.5) / length
    return np.sin(x * np.pi / 2) if shape == "equal-power" else x


def play(clips, files, frames):
    """The sum of a track's clips in two channels, and whether all of them are mono."""
    out = np.zeros((frames, 2))
    for clip in clips:
        whole = files[clip["file"]]
        start = clip.get("start", 0)
        length = clip.get("length", len(whole) - start)
        x = whole[start:start + length] * linear(clip.get("gain", 0.0))
        envelope = np.ones(length)
        n, m, shape = clip.get("fade-in", 0), clip.get("fade-out", 0), clip.get("shape", "linear")
        if n:
            envelope[:n] *= fade(n, shape)
        if m:
            envelope[-m:] *= fade(m, shape)[::-1]
        x = x * envelope[:, None]
        at = clip.get("at", 0)
        heard = min(length, frames - at)
        out[at:at + heard] += x[:heard]  # one channel goes to both sides
    return out, all(files[c["file"]].shape[1] == 1 for c in clips)


def sides(pan, is_constant_power):
    if is_constant_power:
        angle = (pan + 1) * np.pi / 4
        return np.stack([np.cos(angle), np.sin(angle)], 1)
    return np.stack([np.where(pan > 0, 1 - pan, 1.0), np.where(pan < 0, 1 + pan, 1.0)], 1)


def mix(spec, files):
    """Stems by name, the pre-master and the master."""
    frames = spec["length"]
    sums = {c["name"]: np.zeros((frames, 2)) for c in spec["buses"] + spec["returns"]}
    stems = {}

    def through(c, x, is_mono):
        if c.get("polarity") == "inverted":
            x = -x
        fader = curve(c.get("fader-automation"), c["fader"], frames, True)
        pan = curve(c.get("pan-automation"), c["pan"], frames, False)
        y = x * fader[:, None] * sides(pan, is_mono)
        if c.get("mute"):
            y = np.zeros_like(y)
        for to, gain, tap, points in c.get("sends", []):
            sums[to] += (x if tap == "pre" else y) * curve(points, gain, frames, True)[:, None]
        return y

    def out(c, y, stem):
        if "output" in c:
            sums[c["output"]] += y
        else:
            stems[stem] = stems.get(stem, 0) + y

    for c in spec["tracks"]:
        x, is_mono = play(c["clips"], files, frames)
        out(c, through(c, x, is_mono), "Direct")
    # Near runs into Band, and Band feeds Far: the order below lets every sum be whole before it is read.
    named = {c["name"]: c for c in spec["buses"] + spec["returns"]}
    for name in ("Voices", "Near", "Band", "Far"):
        out(named[name], through(named[name], sums[name], False), name)
    pre_master = sum(stems.values())
    m = spec["master"]
    fader = curve(m["fader-automation"], m["fader"], frames, True)
    return stems, pre_master, pre_master * fader[:, None]


# -------------------------------------------------------------------------------------------- compare

def dbfs(x):
    return 20 * np.log10(x) if x > 0 else SILENCE


def compare(label, path, expected, rate, results):
    got, file_rate = read_float_wav(path)
    if file_rate != rate or got.shape != expected.shape:
        print(f"FAIL {label}: {got.shape} at {file_rate} Hz, expected {expected.shape} at {rate} Hz")
        results.append(False)
        return
    difference = np.abs(got - expected)
    worst = difference.max()
    frame = int(difference.max(1).argmax())
    good = bool(dbfs(worst) < LIMIT_DBFS) and bool(np.abs(expected).max() > 1e-3)
    print(f"{'ok  ' if good else 'FAIL'} {label}: largest difference {dbfs(worst):.1f} dBFS (frame {frame}), "
          f"peak {dbfs(np.abs(expected).max()):.1f} dBFS")
    if not good:
        first = int(np.argmax(difference.max(1) > 10 ** (LIMIT_DBFS / 20)))
        print(f"     first at frame {first}: {got[first]} instead of {expected[first]}")
    results.append(good)


def find_stems(folder):
    found = {}
    for root, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".wav"):
                found[os.path.join(root, name)] = name
    return found


def run(lathe, folder, rate, workers):
    os.makedirs(folder)
    files = sources(folder, rate)
    spec = song(rate)
    with open(os.path.join(folder, "song.yaml"), "w") as f:
        f.write(yaml(spec, rate))
    with open(os.path.join(folder, "album.yaml"), "w") as f:
        f.write(f"lathe: 1\nalbum: Independent\nrate: {rate}\nsongs: [{{file: song.yaml}}]\nloudness: none\n"
                "deliver: [{format: wav, bits: 32}]\n")
    out = os.path.join(folder, "out")
    command = [lathe, "render", os.path.join(folder, "album.yaml"), "--stems", "pre-master", "-o", out,
               "--store", os.path.join(folder, "store"), "--workers", str(workers), "--json", "--progress", "none"]
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300)
    if ended.returncode:
        print(f"{' '.join(command)}\nended with {ended.returncode}:\n{ended.stderr}{ended.stdout}")
        sys.exit(2)
    entry = json.loads(ended.stdout)["songs"][0]
    stems, pre_master, master = mix(spec, files)
    results = []
    expected = {n: stems[n] for n in stems}
    expected["Pre-master"] = pre_master
    label = f"{rate} Hz, {workers} workers"
    for file in entry["files"]:
        compare(f"{label}, master", os.path.join(out, file["path"]), master, rate, results)
    seen = set()
    for file in entry["stems"]:
        name = os.path.splitext(os.path.basename(file["path"]))[0]
        match = [n for n in expected if n.lower() == name.lower().split(" ", 1)[-1] or n.lower() == name.lower()]
        if len(match) != 1:
            print(f"FAIL {label}: a stem {file['path']} that the session does not have")
            results.append(False)
            continue
        seen.add(match[0])
        compare(f"{label}, {match[0]}", os.path.join(out, file["path"]), expected[match[0]], rate, results)
    missing = set(expected) - seen
    if missing or not entry["files"]:
        print(f"FAIL {label}: not delivered: {', '.join(sorted(missing)) or 'the master'}")
        results.append(False)
    return results


def main():
    lathe = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="lathe-mix-") as made:
        folder = sys.argv[2] if len(sys.argv) > 2 else made
        results = run(lathe, os.path.join(folder, "48000"), 48000, 0) + run(
            lathe, os.path.join(folder, "96000"), 96000, 2)
    print(f"{sum(results)} of {len(results)} comparisons hold")
    sys.exit(0 if results and all(results) else 1)


main()
