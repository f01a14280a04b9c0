#!/usr/bin/env python3
"""`mix24` with pedalboard: mix24_pedalboard.py AUDIO_FOLDER OUT.wav

Its high- and low-pass are of first order, so two are chained; its compressor has neither knee nor RMS detection; it
has no de-esser (left out) and no oversampling; its reverb is Freeverb.
"""
import sys

import numpy as np
from pedalboard import (BrickwallLimiter, Chorus, Compressor, Delay, Distortion, Gain, HighShelfFilter,
                        HighpassFilter, LowShelfFilter, LowpassFilter, NoiseGate, PeakFilter, Pedalboard, Phaser,
                        Reverb)
from pedalboard.io import AudioFile

import mix24_spec as spec


def equalizer(bands):
    for kind, frequency, q, gain in bands:
        if kind == "high-pass":
            yield from (HighpassFilter(frequency), HighpassFilter(frequency))
        elif kind == "low-pass":
            yield from (LowpassFilter(frequency), LowpassFilter(frequency))
        else:
            shape = {"bell": PeakFilter, "low-shelf": LowShelfFilter, "high-shelf": HighShelfFilter}[kind]
            yield shape(frequency, gain, q)


def plugins(kind, d):
    if kind == "eq":
        yield from equalizer(d)
    elif kind == "comp":
        yield Compressor(d["threshold"], d["ratio"], d["attack"], d["release"])
    elif kind == "gate":
        yield NoiseGate(d["threshold"], d["ratio"], d["attack"], d["release"])
    elif kind == "sat":
        yield Distortion(d["drive"])
    elif kind == "delay":
        yield Delay(d["time"] / 1000, d["feedback"], d["mix"])
    elif kind == "chorus":
        yield Chorus(d["rate"], 0.25, d["delay"], 0.0, d["mix"])
    elif kind == "phaser":
        yield Phaser(rate_hz=d["rate"], mix=d["mix"])


def main():
    folder, out = sys.argv[1:3]
    bus = send = None
    for i, name in enumerate(spec.files(folder)):
        t = spec.track(i)
        with AudioFile(name) as f:
            x, rate = f.read(f.frames), f.samplerate
        chain = [p for kind, numbers in t["chain"] for p in plugins(kind, numbers)]
        y = Pedalboard([*chain, Gain(t["gain"])])(x, rate)
        y[0] *= np.float32(t["left"])
        y[1] *= np.float32(t["right"])
        if bus is None:
            bus, send = np.zeros_like(y), np.zeros_like(y)
        bus += y
        y *= np.float32(spec.linear(t["send"]))
        send += y
    bus += Pedalboard([Reverb(room_size=0.6, damping=0.4, wet_level=1.0, dry_level=0.0, width=1.0)])(send, rate)
    m = spec.MASTER
    bus = Pedalboard([*equalizer(m["eq"]), *plugins("comp", m["comp"]),
                      BrickwallLimiter(ceiling_db=m["ceiling"], release_ms=m["release"])])(bus, rate)
    with AudioFile(out, "w", rate, 2, bit_depth=24) as f:
        f.write(bus)


main()
