#!/bin/sh
# hour.sh AUDIO TMP [RESULTS.jsonl [SECONDS]]: memory and store of an hour-long song of 32 tracks.
# AUDIO/session32 holds the 32 stems of 200 s; LATHE = the binary (default .build/release/lathe).
# TMP needs some 25 GB. Exit 1 where a process takes 1 GiB or more of anonymous memory, or the store 20 GB or more.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || { sed -n 2,4p "$0" >&2; exit 2; }
lathe=${LATHE:-$here/../.build/release/lathe}
[ -x "$lathe" ] || { echo "$lathe is not there: run make build first." >&2; exit 2; }
mkdir -p "$2"
exec python3 "$here/hour.py" "$lathe" "$1/session32" "$2" "${3:-$2/results.jsonl}" "${4:-3600}"
