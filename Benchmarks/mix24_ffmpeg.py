#!/usr/bin/env python3
"""`mix24` with one ffmpeg filter graph in Float32, on one thread and without the reverb, which is its fastest form:
mix24_ffmpeg.py AUDIO_FOLDER OUT.wav
"""
import os
import sys

import mix24_spec as spec

SHAPES = {"high-pass": "highpass", "low-pass": "lowpass", "bell": "equalizer", "low-shelf": "lowshelf",
          "high-shelf": "highshelf"}


def filters(kind, d):
    if kind == "eq":
        for shape, frequency, q, gain in d:
            decibels = "" if shape.endswith("-pass") else f":g={gain}"
            yield f"{SHAPES[shape]}=f={frequency}:t=q:w={q}{decibels}:r=f32"
    elif kind == "comp":
        yield (f"acompressor=threshold={spec.linear(d['threshold'])}:ratio={d['ratio']}:attack={d['attack']}:"
               f"release={d['release']}:knee={max(1, spec.linear(d['knee']))}:link=maximum:detection={d['detector']}")
    elif kind == "gate":
        yield (f"agate=threshold={spec.linear(d['threshold'])}:ratio={d['ratio']}:attack={d['attack']}:"
               f"release={d['release']}:range=0.0001:detection=peak")
    elif kind == "deess":
        yield "deesser=i=0.5:m=0.5:f=0.5"
    elif kind == "sat":
        yield f"volume={d['drive']}dB:precision=float,asoftclip=type=tanh:oversample={d['oversampling']}"
    elif kind == "delay":
        yield f"aecho=in_gain=1:out_gain=0.8:delays={d['time']}:decays={d['feedback']}"
    elif kind == "chorus":
        yield f"chorus=0.7:0.9:{max(20, d['delay'])}|25:0.4|0.3:{d['rate']}|{d['rate']}:{d['depth']}|{d['depth']}"
    elif kind == "phaser":
        yield f"aphaser=speed={d['rate']}"


def main():
    folder, out = sys.argv[1:3]
    names = spec.files(folder)
    graph = []
    for i in range(len(names)):
        t = spec.track(i)
        chain = [f for kind, numbers in t["chain"] for f in filters(kind, numbers)]
        graph.append(f"[{i}:a]aformat=sample_fmts=fltp," + ",".join(chain)
                     + f",volume={t['gain']}dB:precision=float,pan=stereo|c0={t['left']}*c0|c1={t['right']}*c1[d{i}]")
    m = spec.MASTER
    master = [*filters("eq", m["eq"]), *filters("comp", m["comp"])]
    graph.append("".join(f"[d{i}]" for i in range(len(names))) + f"amix=inputs={len(names)}:normalize=0,"
                 + ",".join(master)
                 + f",alimiter=limit={spec.linear(m['ceiling'])}:attack=5:release={m['release']}:level=0[out]")
    command = ["ffmpeg", "-y", "-nostdin", "-hide_banner", "-loglevel", "error", "-threads", "1",
               "-filter_complex_threads", "1", "-filter_threads", "1"]
    for name in names:
        command += ["-i", name]
    os.execvp("ffmpeg", command + ["-filter_complex", ";".join(graph), "-map", "[out]", "-c:a", "pcm_s24le", out])


main()
