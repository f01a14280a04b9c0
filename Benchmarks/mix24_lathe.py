#!/usr/bin/env python3
"""Writes `mix24` as a Lathe album: mix24_lathe.py AUDIO_FOLDER OUT_FOLDER"""
import os
import sys

import mix24_spec as spec


def equalizer(bands):
    texts = []
    for kind, frequency, q, gain in bands:
        shape = "slope: 12 dB/oct" if kind.endswith("-pass") else f"gain: {gain:g} dB, q: {q:g}"
        texts.append(f"{{type: {kind}, frequency: {frequency:.5g} Hz, {shape}}}")
    return "equalizer: {bands: [" + ", ".join(texts) + "]}"


def compressor(c):
    return (f"compressor: {{threshold: {c['threshold']:g} dB, ratio: {c['ratio']:g}, attack: {c['attack']:g} ms, "
            f"release: {c['release']:g} ms, knee: {c['knee']:g} dB, detector: {c['detector']}}}")


DEVICES = {
    "eq": equalizer,
    "comp": compressor,
    "gate": lambda d: (f"gate: {{threshold: {d['threshold']:g} dB, ratio: {d['ratio']:g}, "
                       f"attack: {d['attack']:g} ms, release: {d['release']:g} ms}}"),
    "deess": lambda d: f"de-esser: {{frequency: {d['frequency']:g} Hz, threshold: {d['threshold']:g} dB}}",
    "sat": lambda d: f"saturator: {{type: tanh, drive: {d['drive']:g} dB, oversampling: {d['oversampling']}x}}",
    "delay": lambda d: (f"delay: {{time: {d['time']:g} ms, feedback: {100 * d['feedback']:g} %, "
                        f"mix: {100 * d['mix']:g} %}}"),
    "chorus": lambda d: (f"chorus: {{rate: {d['rate']:g} Hz, depth: {d['depth']:g} ms, delay: {d['delay']:g} ms, "
                         f"mix: {100 * d['mix']:g} %}}"),
    "phaser": lambda d: f"phaser: {{rate: {d['rate']:g} Hz, mix: {100 * d['mix']:g} %}}",
}


def pan(p):
    return "C" if p == 0 else f"{'L' if p < 0 else 'R'}{abs(p) * 100:g}"


def main():
    audio, out = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    lines = ["lathe: 1", "song: Mix of 24", "tracks:"]
    for i, name in enumerate(spec.files(audio)):
        t = spec.track(i)
        lines += [f"  - name: Track {i + 1}", f"    clips: [{{file: \"{name}\"}}]", "    devices:"]
        lines += [f"      - {DEVICES[kind](numbers)}" for kind, numbers in t["chain"]]
        lines += [f"    fader: {t['gain']:g} dB", f"    pan: {pan(t['pan'])}",
                  f"    sends: [{{to: Room, gain: {t['send']:g} dB}}]"]
    m = spec.MASTER
    lines += [
        "returns:", "  - {name: Room, devices: [{reverb: {decay: 1.8 s, predelay: 10 ms, damping: 6 kHz}}]}",
        "master:", "  devices:", "    - " + equalizer(m["eq"]), "    - " + compressor(m["comp"]),
        f"    - limiter: {{ceiling: {m['ceiling']:g} dBTP, release: {m['release']:g} ms}}"]
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "song.yaml"), "w") as f:
        f.write("\n".join(lines) + "\n")
    with open(os.path.join(out, "album.yaml"), "w") as f:
        f.write("lathe: 1\nalbum: Mix of 24\nsongs: [{file: song.yaml}]\nloudness: none\n"
                "deliver: [{format: wav, bits: 24}]\n")


main()
