"""What is measured: for each workload its length, who takes part, and the bar.

A contestant is a command; `{tmp}` folders are made anew by `measure.py`. Those of Lathe start from an empty store.
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FFMPEG = ["ffmpeg", "-y", "-nostdin", "-nostats", "-hide_banner", "-loglevel", "error", "-threads", "1",
          "-filter_threads", "1", "-filter_complex_threads", "1"]


class Workload:
    """`ours` is the contestant that the bar is about: `bar` times the fastest of the others in CPU time."""

    def __init__(self, name, seconds, contestants, bar, ours="lathe-in-process"):
        self.name, self.seconds, self.contestants, self.bar, self.ours = name, seconds, contestants, bar, ours

    @property
    def peers(self):
        return [name for name in self.contestants if not name.startswith("lathe")]


class Setting:
    """The paths of a run, and the sessions that Lathe renders."""

    def __init__(self, lathe, audio, tmp):
        self.lathe, self.audio, self.tmp = lathe, audio, tmp
        self.peers = os.environ["PEERS"]
        self.python = os.environ.get("PY", sys.executable)

    def script(self, name, *arguments):
        subprocess.run([sys.executable, f"{HERE}/{name}", *arguments], check=True)

    def render(self, session, workers=0):
        return [self.lathe, "render", session, "-o", f"{self.tmp}/out", "--store", f"{self.tmp}/store", "--workers",
                str(workers), "--progress", "none"]

    def album(self, name, songs, loudness="none", deliver="{format: wav, bits: 24}", rate=48000):
        """Writes an album of song texts, without their first lines, and returns its file."""
        folder = f"{self.tmp}/{name}"
        os.makedirs(folder, exist_ok=True)
        names = []
        for i, text in enumerate(songs):
            names.append(f"song{i + 1}.yaml")
            with open(f"{folder}/{names[-1]}", "w") as f:
                f.write(f"lathe: 1\nsong: {name} {i + 1}\n{text}\n")
        entries = ", ".join(f"{{file: {n}}}" for n in names)
        with open(f"{folder}/album.yaml", "w") as f:
            f.write(f"lathe: 1\nalbum: {name}\nrate: {rate}\nsongs: [{entries}]\nloudness: {loudness}\n"
                    f"deliver: [{deliver}]\n")
        return f"{folder}/album.yaml"


def mix(s, name, seconds):
    folder = f"{s.audio}/{name}"
    s.script("mix_lathe.py", s.peers, folder, f"{s.tmp}/{name}")
    album = f"{s.tmp}/{name}/album.yaml"
    return Workload(name, seconds, {
        "pedalboard": [s.python, f"{s.peers}/mix_pedalboard.py", folder, f"{s.tmp}/pedalboard.wav", "1"],
        "ffmpeg, no reverb": [s.python, f"{s.peers}/mix_ffmpeg.py", folder, f"{s.tmp}/ffmpeg.wav", "f32", "1"],
        "lathe-in-process": s.render(album), "lathe-1-worker": s.render(album, 1),
    }, {"mix8": 5, "mix32": 10}[name])


def mix24(s):
    folder = f"{s.audio}/mix32"
    s.script("mix24_lathe.py", folder, f"{s.tmp}/mix24")
    album = f"{s.tmp}/mix24/album.yaml"
    return Workload("mix24", 60, {
        "pedalboard": [s.python, f"{HERE}/mix24_pedalboard.py", folder, f"{s.tmp}/pedalboard.wav"],
        "ffmpeg, no reverb": [s.python, f"{HERE}/mix24_ffmpeg.py", folder, f"{s.tmp}/ffmpeg.wav"],
        "lathe-in-process": s.render(album), "lathe-1-worker": s.render(album, 1),
    }, 5)


# afir comes out twice as loud as the sum of products: both deliver about the same level, and so the same rounding.
CONVOLVER_DECIBELS = -12.0
FFMPEG_CONVOLVER_GAIN = 0.125


def convolve_song(s):
    return (f"length: 240 s\ntracks:\n  - name: Music\n    clips: [{{file: {s.audio}/music_4min.wav}}]\n"
            f"    devices: [{{convolver: {{file: {s.audio}/ir_3s.wav, normalize: none, "
            f"gain: {CONVOLVER_DECIBELS:g} dB}}}}]")


def ffmpeg_convolve(s, out, codec="pcm_s24le"):
    music, response = f"{s.audio}/music_4min.wav", f"{s.audio}/ir_3s.wav"
    graph = (f"[0:a][1:a]afir=dry=1:wet=1:gtype=none:minp=32768:maxp=32768,"
             f"volume={FFMPEG_CONVOLVER_GAIN}[o]")
    return FFMPEG + ["-i", music, "-i", response, "-filter_complex", graph, "-map", "[o]", "-c:a", codec, out]


def convolve(s):
    album = s.album("convolve", [convolve_song(s)])
    return Workload("convolve", 240, {
        "ffmpeg afir": ffmpeg_convolve(s, f"{s.tmp}/ffmpeg.wav"),
        "scipy oaconvolve": [s.python, f"{s.peers}/convolve_py.py", "scipy", f"{s.audio}/music_4min.wav",
                             f"{s.audio}/ir_3s.wav", f"{s.tmp}/scipy.wav"],
        "lathe-in-process": s.render(album), "lathe-1-worker": s.render(album, 1),
    }, 1.5)


def resample_song(file):
    return f"tracks: [{{name: Music, clips: [{{file: {file}}}]}}]"


def ffmpeg_resample(file, out, codec="pcm_s24le"):
    return FFMPEG + ["-i", file, "-af", "aresample=44100:resampler=soxr:precision=28", "-c:a", codec, out]


def resample(s):
    music = f"{s.audio}/music_96k_10min.wav"
    album = s.album("resample", [resample_song(music)], rate=44100)
    return Workload("resample", 600, {
        "ffmpeg soxr 28": ffmpeg_resample(music, f"{s.tmp}/ffmpeg.wav"),
        "sox rate -v": ["sox", "-V1", "-D", "--single-threaded", music, "-b", "24", f"{s.tmp}/sox.wav", "rate", "-v",
                        "44100"],
        "lathe-in-process": s.render(album), "lathe-1-worker": s.render(album, 1),
    }, 1)


def master_song(s):
    return f"""tracks: [{{name: Mix, clips: [{{file: {s.audio}/mix8/00.wav}}]}}]
master:
  devices:
    - equalizer:
        bands:
          - {{type: high-pass, frequency: 25 Hz}}
          - {{type: bell, frequency: 300 Hz, gain: -1 dB, q: 1}}
          - {{type: bell, frequency: 3 kHz, gain: 0.5 dB, q: 1}}
          - {{type: high-shelf, frequency: 10 kHz, gain: 1 dB}}
    - multiband:
        bands:
          - {{up-to: 120 Hz, threshold: -24 dB}}
          - {{up-to: 1 kHz, threshold: -24 dB}}
          - {{up-to: 6 kHz, threshold: -26 dB}}
          - {{threshold: -28 dB}}
    - limiter: {{ceiling: -1 dBTP, release: 80 ms}}"""


def master(s):
    album = s.album("master", [master_song(s)], "{target: -14 LUFS, ceiling: -1 dBTP, max-limiting: 24 dB}")
    music = f"{s.audio}/mix8/00.wav"
    return Workload("master", 200, {
        "matchering": [s.python, f"{s.peers}/master_matchering.py", music, f"{s.audio}/music_4min.wav",
                       f"{s.tmp}/matchering.wav"],
        "ffmpeg loudnorm": FFMPEG + ["-i", music, "-af", "loudnorm=I=-14:TP=-1:LRA=11", "-ar", "48000", "-c:a",
                                     "pcm_s24le", f"{s.tmp}/loudnorm.wav"],
        "lathe-in-process": s.render(album), "lathe-1-worker": s.render(album, 1),
    }, 10)


def session32(s):
    """The session of Benchmarks/session32, with the audio beside it; returns its album."""
    folder = f"{s.tmp}/session32"
    os.makedirs(folder, exist_ok=True)
    for name in ("album.yaml", "song.yaml"):
        with open(f"{HERE}/session32/{name}") as source, open(f"{folder}/{name}", "w") as copy:
            copy.write(source.read())
    if not os.path.islink(f"{folder}/audio"):
        os.symlink(f"{s.audio}/session32", f"{folder}/audio")
    return f"{folder}/album.yaml"


def album_of_six(s):
    """Six songs of five stems each, mastered to one loudness; returns its album and its seconds."""
    stems = sorted(n for n in os.listdir(f"{s.audio}/session32") if n.endswith(".wav"))
    songs = []
    for i in range(6):
        lines = ["tracks:"]
        for j, stem in enumerate(stems[5 * i:5 * i + 5]):
            lines += [f"  - name: Stem {j + 1}", f"    clips: [{{file: {s.audio}/session32/{stem}}}]", "    devices:",
                      f"      - equalizer: {{bands: [{{type: high-pass, frequency: {40 + 10 * j} Hz}}, "
                      f"{{type: bell, frequency: {400 + 90 * i} Hz, gain: -2 dB, q: 1}}]}}",
                      "      - compressor: {threshold: -24 dB, ratio: 3, attack: 10 ms, release: 120 ms}",
                      "    fader: -6 dB", f"    sends: [{{to: Room, gain: {-12 - j} dB}}]"]
        lines += ["returns:", "  - {name: Room, devices: [{reverb: {decay: 1.8 s}}]}", "master:",
                  "  devices: [{limiter: {ceiling: -1 dBTP}}]"]
        songs.append("\n".join(lines))
    return s.album("six", songs, "{target: -16 LUFS, ceiling: -1 dBTP, max-limiting: 24 dB}"), 1200


def loudness(s):
    """File to verdict. libebur128 has no program of its own: a small one is compiled here."""
    programme = f"{s.audio}/programme_60min.wav"
    peer = f"{s.tmp}/loudness_ebur128"
    subprocess.run(["cc", "-O2", f"{HERE}/loudness_ebur128.c", "-lebur128", "-lsndfile", "-o", peer], check=True)
    return Workload("loudness", 3600, {
        "libebur128": [peer, programme],
        "ffmpeg ebur128": FFMPEG + ["-i", programme, "-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-"],
        "lathe-in-process": [s.lathe, "measure", "--quick", "--workers", "1", "--progress", "none", programme],
    }, 8)


SINGLE_CORE = {
    "mix8": lambda s: mix(s, "mix8", 200), "mix32": lambda s: mix(s, "mix32", 60), "mix24": mix24,
    "convolve": convolve, "resample": resample, "master": master,
    "loudness": loudness,
}


def two_cores(s):
    """The sessions whose wall time is compared on one core and on two: (name, seconds, album)."""
    s.script("mix_lathe.py", s.peers, f"{s.audio}/mix32", f"{s.tmp}/mix32")
    six, seconds = album_of_six(s)
    return [("mix32", 60, f"{s.tmp}/mix32/album.yaml"), ("session32", 200, session32(s)), ("six songs", seconds, six)]
