#!/bin/sh
# run.sh AUDIO TMP [WORKLOAD...]: measures Lathe and its fastest peers on the same work, in one run.
# WORKLOADs: mix8 mix32 mix24 convolve resample master loudness cores quality; default all of them.
# PEERS = folder with mixspec.py and the peers' scripts; PY = a python3 with pedalboard, matchering, numpy, scipy and
# soundfile (default python3); LATHE = the binary (default .build/release/lathe); RUNS = rounds (default 5);
# RESULTS = the file that figures are appended to (default TMP/results.jsonl).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || { sed -n 2,6p "$0" >&2; exit 2; }
: "${PEERS:?is not set: the folder of mixspec.py and the scripts of the peers}"
lathe=${LATHE:-$here/../.build/release/lathe}
[ -x "$lathe" ] || { echo "$lathe is not there: run make build first." >&2; exit 2; }
for tool in ffmpeg sox taskset; do
    command -v $tool >/dev/null || { echo "$tool is not there: apt-get install ffmpeg sox util-linux" >&2; exit 2; }
done
audio=$1 tmp=$2
shift 2
mkdir -p "$tmp"
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$here/measure.py" "$lathe" "$audio" "$tmp" "${RESULTS:-$tmp/results.jsonl}" "$@"
