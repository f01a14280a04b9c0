#!/usr/bin/env bash
# Makes key rings for workers that a cluster starts, and enrols each: DIR/0, DIR/1, ... One key is one worker: it can
# be revoked, and its results told apart, by itself. Rings that are there already are left alone.
#
#   enrol-workers.sh COUNT DIR tcp://HOST:7700 [NAME]      NAME: what `lathe workers` calls them (NAME-0, NAME-1, ...)
#
# Invitations come from LATHE_INVITE, a command that prints one: by default lathe itself, for a coordinator of this user
# on this machine; else for example LATHE_INVITE="ssh farm lathe keys invite".
set -euo pipefail

if [ $# -lt 3 ]; then
    sed -n 's/^# \{0,1\}//; 2,9p' "$0" >&2
    exit 2
fi
count=$1 top=$2 coordinator=$3 name=${4:-worker}
lathe=${LATHE:-lathe}
read -r -a invite <<<"${LATHE_INVITE:-$lathe keys invite}"

umask 077
mkdir -p "$top"
for ((index = 0; index < count; index++)); do
    ring=$top/$index
    [ ! -e "$ring/farm.key" ] || continue
    # Through a pipe: other users of this machine see what a command is called with.
    "${invite[@]}" "$name-$index" --roles work | "$lathe" keys enrol - --connect "$coordinator" --keys "$ring" >/dev/null
    echo "enrolled $name-$index: $ring"
done
