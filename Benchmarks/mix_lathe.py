#!/usr/bin/env python3
"""Writes the `mix` workload as a Lathe album: mix_lathe.py PEERS AUDIO_FOLDER OUT_FOLDER

PEERS is the folder of mixspec.py, which every peer reads its numbers from. The gain is the fader, the pan a stereo
balance, and the album asks for one 24-bit WAV, with neither loudness finish nor stems.
"""
import os
import sys

sys.path.insert(0, sys.argv[1])
import mixspec as spec  # noqa: E402

SLOPE = {"hp": "high-pass", "bell": "bell", "shelf": "high-shelf"}


def equalizer(bands):
    texts = []
    for kind, frequency, q, gain in bands:
        text = f"type: {SLOPE[kind]}, frequency: {frequency:g} Hz"
        text += ", slope: 12 dB/oct" if kind == "hp" else f", gain: {gain:g} dB, q: {q:g}"
        texts.append("{" + text + "}")
    return "equalizer: {bands: [" + ", ".join(texts) + "]}"


def compressor(c):
    return (f"compressor: {{threshold: {c['thr']:g} dB, ratio: {c['ratio']:g}, attack: {c['att_ms']:g} ms, "
            f"release: {c['rel_ms']:g} ms}}")


def pan(p):
    return "C" if p == 0 else f"{'L' if p < 0 else 'R'}{abs(p) * 100:g}"


def main():
    audio, out = os.path.abspath(sys.argv[2]), os.path.abspath(sys.argv[3])
    names = spec.files(audio)
    lines = ["lathe: 1", "song: Mix", "tracks:"]
    for i, name in enumerate(names):
        t = spec.track(i, len(names))
        lines += [
            f"  - name: Track {i + 1}",
            f"    clips: [{{file: \"{name}\"}}]",
            "    devices:",
            "      - " + equalizer(t["eq"]),
            "      - " + compressor(t["comp"]),
            f"    fader: {t['gain_db']:g} dB",
            f"    pan: {pan(t['pan'])}",
            f"    sends: [{{to: Room, gain: {t['send_db']:g} dB}}]"]
    m = spec.MASTER
    lines += [
        "returns:",
        "  - {name: Room, devices: [{reverb: {decay: 1.8 s, predelay: 10 ms, damping: 6 kHz}}]}",
        "master:",
        "  devices:",
        "    - " + equalizer(m["eq"]),
        "    - " + compressor(m["comp"]),
        f"    - limiter: {{ceiling: {m['ceiling_db']:g} dBTP, release: {m['lim_rel_ms']:g} ms}}"]
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "song.yaml"), "w") as f:
        f.write("\n".join(lines) + "\n")
    with open(os.path.join(out, "album.yaml"), "w") as f:
        f.write("lathe: 1\nalbum: Mix\nsongs: [{file: song.yaml}]\nloudness: none\n"
                "deliver: [{format: wav, bits: 24}]\n")


main()
