#!/bin/sh
# run.sh AUDIO TMP [RESULTS.jsonl]: measures Lathe and its fastest peers on the same mixes, in one run.
# PEERS = folder with mixspec.py, mix_pedalboard.py, mix_ffmpeg.py; PY = a python3 with pedalboard and numpy
# (default python3); LATHE = the binary (default .build/release/lathe); RUNS = rounds (default 5).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || { sed -n 2,4p "$0" >&2; exit 2; }
: "${PEERS:?is not set: the folder of mixspec.py, mix_pedalboard.py and mix_ffmpeg.py}"
lathe=${LATHE:-$here/../.build/release/lathe}
[ -x "$lathe" ] || { echo "$lathe is not there: run make build first." >&2; exit 2; }
command -v ffmpeg >/dev/null || { echo "ffmpeg is not there: apt-get install ffmpeg" >&2; exit 2; }
mkdir -p "$2"
exec python3 "$here/measure.py" "$lathe" "$1" "$2" "${3:-$2/results.jsonl}"
