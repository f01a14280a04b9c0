"""What the figures of speed are worth: errors of what is delivered. Run by `measure.py` with workload `quality`."""
import glob
import json
import os
import subprocess

import workloads

# Prints JSON lines; run by the python that has numpy, scipy and soundfile.
JUDGE = r'''
import json, sys
import numpy as np, soundfile as sf
from scipy.signal import fftconvolve

def decibels(x): return round(float(20 * np.log10(max(x, 1e-12))), 2)

def convolution(music, response, files):
    x, _ = sf.read(music, dtype="float64", always_2d=True)
    h, _ = sf.read(response, dtype="float64", always_2d=True)
    wanted = np.stack([fftconvolve(x[:, c], h[:, c])[:len(x)] for c in range(2)], 1)
    level = np.sqrt(np.mean(wanted ** 2))
    for name, path, gain in files:
        y, _ = sf.read(path, dtype="float64", always_2d=True)
        line = dict(what="convolve", who=name, frames=len(y))
        lag = 0
        if gain is None:  # A peer's delay and gain are its own: both are fitted.
            part = 2 ** 20
            far = np.fft.irfft(np.fft.rfft(y[:part, 0], 2 * part) * np.conj(np.fft.rfft(wanted[:part, 0], 2 * part)))
            lag = int(np.argmax(far[:part]))
            y = y[lag:]
        n = min(len(y), len(wanted))
        if gain is None:
            gain = float(np.sum(y[:n] * wanted[:n]) / np.sum(wanted[:n] ** 2))
            line.update(lagFrames=lag, fittedGain=round(gain, 6))
        error = y[:n] / gain - wanted[:n]
        line["errorDecibels"] = decibels(np.sqrt(np.mean(error ** 2)) / level)
        print(json.dumps(line))

def tone(path, hertz, amplitude, rate=96000, seconds=20):
    t = np.arange(rate * seconds) / rate
    x = amplitude * np.sin(2 * np.pi * hertz * t)
    sf.write(path, np.stack([x, x], 1), rate, subtype="DOUBLE" if path.endswith("64.wav") else "FLOAT")

def residual(files, amplitude):
    for name, path, hertz in files:
        y, rate = sf.read(path, dtype="float64", always_2d=True)
        y = y[rate * 2:rate * 18, 0]
        line = dict(what="resample", who=name, hertz=hertz)
        if hertz < rate / 2:
            t = np.arange(len(y)) / rate
            basis = np.stack([np.sin(2 * np.pi * hertz * t), np.cos(2 * np.pi * hertz * t)], 1)
            fit = np.linalg.lstsq(basis, y, rcond=None)[0]
            line["levelDecibels"] = round(float(20 * np.log10(np.hypot(*fit) / amplitude)), 4)
            line["residualDecibels"] = decibels(np.std(y - basis @ fit) / (amplitude / np.sqrt(2)))
        else:
            line["leakDecibels"] = decibels(np.sqrt(np.mean(y ** 2)) / (amplitude / np.sqrt(2)))
        print(json.dumps(line))

job = json.load(sys.stdin)
if job["what"] == "tone": tone(job["path"], job["hertz"], job["amplitude"])
elif job["what"] == "convolve": convolution(job["music"], job["response"], job["files"])
else: residual(job["files"], job["amplitude"])
'''
AMPLITUDE = 0.5


def judge(s, job, log):
    done = subprocess.run([s.python, "-c", JUDGE], input=json.dumps(job), text=True, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    for line in done.stdout.splitlines():
        log(json.loads(line))
        print("  " + line)


def deliver(s, once, album, name):
    """Renders an album that delivers one file, and returns that file."""
    target = f"{s.tmp}/quality/{name}"
    os.makedirs(target, exist_ok=True)
    once([s.lathe, "render", album, "-o", target, "--overwrite", "replace", "--store", f"{s.tmp}/store", "--workers",
          "0", "--progress", "none"])
    return glob.glob(f"{target}/**/*.wav", recursive=True)[0]


FORMATS = [("24 bits, dither", "{format: wav, bits: 24}", None),
           ("24 bits, no dither", "{format: wav, bits: 24, dither: none}", "pcm_s24le"),
           ("Float32", "{format: wav, bits: 32-float}", "pcm_f32le")]


def measure(s, once, log):
    """Delivers through Lathe and ffmpeg, and prints what a judge in Float64 finds."""
    print("\nErrors of what is delivered\n")
    os.makedirs(f"{s.tmp}/quality", exist_ok=True)
    files = []
    for i, (name, form, codec) in enumerate(FORMATS):
        album = s.album(f"quality-convolve-{i}", [workloads.convolve_song(s)], deliver=form)
        files.append((f"lathe, {name}", deliver(s, once, album, f"convolve-{i}"),
                      10 ** (workloads.CONVOLVER_DECIBELS / 20)))
        if codec:
            out = f"{s.tmp}/quality/ffmpeg-convolve-{i}.wav"
            once(workloads.ffmpeg_convolve(s, out, codec))
            files.append((f"ffmpeg afir, {codec}", out, None))
    judge(s, dict(what="convolve", music=f"{s.audio}/music_4min.wav", response=f"{s.audio}/ir_3s.wav", files=files),
          log)
    files = []
    for hertz in (997.0, 20000.0, 24000.0, 30000.0):
        tone = f"{s.tmp}/quality/tone-{hertz:g}.wav"
        judge(s, dict(what="tone", path=tone, hertz=hertz, amplitude=AMPLITUDE), log)
        for i, (name, form, codec) in enumerate(FORMATS):
            album = s.album(f"quality-tone-{hertz:g}-{i}", [workloads.resample_song(tone)], deliver=form, rate=44100)
            files.append((f"lathe, {name}", deliver(s, once, album, f"tone-{hertz:g}-{i}"), hertz))
            if codec:
                out = f"{s.tmp}/quality/ffmpeg-tone-{hertz:g}-{i}.wav"
                once(workloads.ffmpeg_resample(tone, out, codec))
                files.append((f"ffmpeg soxr 28, {codec}", out, hertz))
    judge(s, dict(what="resample", files=files, amplitude=AMPLITUDE), log)
