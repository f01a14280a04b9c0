#!/usr/bin/env bash
# Tests lathe-workers.sbatch with a real Slurm: a private cluster of two nodes, a coordinator on loopback with keys,
# an array of two workers, an album rendered by them; one worker is preempted in the middle and must drain, go back
# into the queue and join again, and the album must be the one that `lathe render --workers 0` makes, byte for byte.
#
#   deploy/slurm/test.sh              LATHE=PATH tests another executable, KEEP=1 leaves the directory there
#
# Exit code: 0 passed, or skipped because Slurm is not installed; 1 failed.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lathe=$(realpath "${LATHE:-$here/../../.build/release/lathe}")
# shellcheck source=cluster.sh
. "$here/cluster.sh"

cluster_pids=()
coordinator_pid=
top=
failures=0

say() { printf '%s\n' "$*"; }
pass() { say "ok    $*"; }
fail() { say "FAIL  $*"; failures=$((failures + 1)); }
check() { local what=$1; shift; if "$@"; then pass "$what"; else fail "$what"; fi; }

clean() {
    cluster_stop
    if [ -n "$coordinator_pid" ]; then
        kill "$coordinator_pid" 2>/dev/null
        wait "$coordinator_pid" 2>/dev/null
        coordinator_pid=
    fi
    [ -z "$top" ] || [ -n "${KEEP:-}" ] || rm -rf "$top"
}
stop() {
    say "FAIL  $*"
    [ -z "$top" ] || tail -n 15 "$top"/run/*.log "$top"/log/*.log "$top"/coordinator.log 2>/dev/null
    exit 1
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

missing=$(cluster_missing)
if [ -n "$missing" ]; then
    say "skipped: no $missing. Install Slurm: apt-get install slurm-wlm munge"
    exit 0
fi
[ -x "$lathe" ] || stop "$lathe is not there: run \`make build\`."
"$lathe" help coordinator 2>/dev/null | grep -q -- --bind || stop "this lathe has no \`lathe coordinator\`."

# The verbs of the client, in one place.
farm() { local verb=$1; shift; "$lathe" "$verb" --farm "$address" --keys "$top/keys/client" "$@"; }
# number JSON-KEY: the first number of that name on standard input.
number() { grep -oE "\"$1\" *: *[0-9]+" | head -n 1 | grep -oE '[0-9]+$'; }
done_tasks() { farm status "$job" --json 2>/dev/null | number tasksDone; }
has_done() { local count; count=$(done_tasks); [ "${count:-0}" -ge "$1" ]; }
job_state() { farm status "$job" --json 2>/dev/null | grep -oE '"state" *: *"[a-z]+"' | head -n 1 | grep -oE '[a-z]+"$' | tr -d '"'; }
job_over() { case $(job_state) in done | incomplete | failed | cancelled) ;; *) return 1 ;; esac; }
names() { farm workers --json 2>/dev/null | grep -oE "\"name\" *: *\"[^\"]*" | grep -oE '[^"]*$'; }
both_joined() { names | grep -q '^slurm-0/' && names | grep -q '^slurm-1/'; }
ready() { curl -fsS -o /dev/null "http://127.0.0.1:$http/healthz" 2>/dev/null; }

# An album that keeps two workers busy for a while: the demo's songs, each in several mixes.
write_album() {
    "$lathe" demo "$top/album" --workers 0 --no-cache --store "$top/demo-store" --progress none >/dev/null 2>&1 || return 1
    rm -rf "$top/album/album-render" "$top/demo-store"
    local song copy name
    {
        printf 'lathe: 1\nalbum: Slurm\nsongs:\n'
        for copy in 1 2 3 4; do
            for song in lanterns last-train snow; do
                name=$song-$copy.yaml
                # The first fader of each is moved, so no two mixes are the same.
                awk -v copy="$copy" '/^song:/ { print $0 " " copy; next }
                    !moved && /fader: -?[0-9.]+ dB/ { sub(/fader: -?[0-9.]+ dB/, "fader: -" copy " dB"); moved = 1 }
                    { print }' "$top/album/$song.yaml" >"$top/album/$name"
                printf '  - file: %s\n' "$name"
            done
        done
        printf 'deliver:\n  - {format: wav, bits: 24}\n'
    } >"$top/album/slurm.yaml"
}
sums() { (cd "$1" && find . -name '*.wav' -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum); }

top=$(mktemp -d "${TMPDIR:-/tmp}/lathe-slurm.XXXXXXXX") || stop "no temporary directory"
mkdir "$top/run" "$top/keys"
cluster_start "$top" 20 || stop "the cluster did not start"
pass "Slurm $(sinfo --version | cut -d ' ' -f 2): a cluster of two nodes"

first=$(free_ports 4) || stop "no free ports"
http=$((first + 3))
address=tcp://127.0.0.1:$first
"$lathe" keys new --keys "$top/keys/farm" >/dev/null || stop "no keys"
"$lathe" coordinator --bind "$address" --keys "$top/keys/farm" --store "$top/store" --http "127.0.0.1:$http" \
    >"$top/coordinator.log" 2>&1 &
coordinator_pid=$!
wait_until 20 "the coordinator" ready || stop "the coordinator did not start"
invite=("$lathe" keys invite --keys "$top/keys/farm")
LATHE=$lathe LATHE_INVITE="${invite[*]}" "$here/../enrol-workers.sh" 2 "$top/keys/workers" "$address" slurm >/dev/null 2>&1 ||
    stop "the workers' keys were not enrolled"
"${invite[@]}" client --roles submit,operate 2>/dev/null |
    "$lathe" keys enrol - --connect "$address" --keys "$top/keys/client" >/dev/null ||
    stop "the client's key was not enrolled"
pass "a coordinator with keys; two workers' keys and a client's enrolled"

cat >"$top/run/farm.env" <<ENV
LATHE=$lathe
LATHE_COORDINATOR=$address
LATHE_KEYS=$top/keys/workers
LATHE_STORE=$top/scratch
ENV
cd "$top/run" || exit 1
array=$(sbatch --parsable --array=0-1 --cpus-per-task=1 --time=30 "$here/lathe-workers.sbatch") || stop "sbatch"
wait_until 30 "both workers" both_joined || stop "the array's workers did not join"
pass "an array of two workers joined: $(names | tr '\n' ' ')"

write_album || stop "the album was not written"
say "      rendering it quietly, in one process"
"$lathe" render "$top/album/slurm.yaml" -o "$top/quiet" --workers 0 --no-cache --store "$top/quiet-store" \
    --progress none >/dev/null 2>"$top/quiet.log" || stop "the quiet render failed: $(cat "$top/quiet.log")"

job=$(farm submit "$top/album/slurm.yaml" 2>/dev/null | tail -n 1) || stop "the job was not accepted"
wait_until 60 "a render under way" has_done 100 || stop "nothing was rendered"
before=$(done_tasks)

# `two` is wanted for something with a higher priority.
victim=${array}_1
[ "$(squeue --noheader --nodelist=two --format=%i)" = "$victim" ] || victim=${array}_0
log=$top/run/lathe-worker-$victim.log
high=$(sbatch --parsable --partition=high --nodelist=two --ntasks=1 --job-name=high --output=high.log --wrap 'sleep 3')
start=$SECONDS
left() { ! { names | grep -q "^slurm-${victim#*_}/"; }; }
victim_ended() { grep -q 'worker ended with status' "$log"; }
wait_until 25 "the preempted worker" victim_ended || stop "the preempted worker did not end in its grace time"
pass "preempted after $before tasks, the worker drained in $((SECONDS - start)) s of its 20"
check "it ended by itself, with status 0 or 143" grep -qE 'worker ended with status (0|143)$' "$log"
wait_until 3 "its leaving" left || true
check "the coordinator knows that it left" left
check "the render was not over then" test "$(job_state)" = rendering
queued() { [ "$(squeue --noheader --jobs="$victim" --format=%T 2>/dev/null)" = PENDING ]; }
wait_until 10 "the array's element" queued || fail "the element did not go back into the queue"
! queued || pass "the element went back into the queue"
high_over() { ! squeue --noheader --jobs="$high" 2>/dev/null | grep -q .; }
wait_until 30 "the job that preempted it" high_over || fail "the other job did not run"

# Slurm lets a requeued job wait two minutes; the test does not.
scontrol update JobId="$victim" StartTime=now || fail "the element's start time"
wait_until 30 "the second life" both_joined || fail "the element did not join again"
! both_joined || pass "it joined again"

wait_until 600 "the end of the render" job_over || stop "the render did not end"
check "the job is done" test "$(job_state)" = "done"
lost() { farm status "$job" --json 2>/dev/null | number tasksRetried; }
check "the drain lost nothing: no task was tried again" test "$(lost)" = 0
farm fetch "$job" -o "$top/fetched" >/dev/null 2>&1 || fail "fetch"
if [ "$(sums "$top/fetched")" = "$(sums "$top/quiet")" ] && [ -n "$(sums "$top/quiet")" ]; then
    pass "$(sums "$top/quiet" | wc -l) files are those of the quiet render, byte for byte"
else
    fail "the files differ from the quiet render"
    diff <(sums "$top/quiet") <(sums "$top/fetched")
fi

# A cancelled array is gone for good.
scancel "$array"
wait_until 30 "the cancelled array" cluster_empty || true
check "a cancelled array leaves and stays away" cluster_empty
pids=("${cluster_pids[@]}" "$coordinator_pid")
clean_keep=${KEEP:-}
KEEP=1 clean
KEEP=$clean_keep
gone() { local pid; for pid in "${pids[@]}"; do ! kill -0 "$pid" 2>/dev/null || return 1; done; }
check "every process ended" gone
((failures == 0)) || { say "$failures checks failed"; exit 1; }
say "passed"
