# A private Slurm cluster for test.sh: munged, slurmctld and two slurmd of the calling user on loopback, everything in
# one directory, without systemd, cgroups or a database. Sourced; it starts processes and remembers their ids.
# shellcheck shell=bash

cluster_missing() {
    local tool
    for tool in munged slurmctld slurmd sbatch squeue scontrol scancel srun; do
        PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null || printf '%s ' "$tool"
    done
}

# free_ports COUNT: the first of so many ports in a row that nobody listens on.
free_ports() {
    local first port
    for ((first = 20000 + RANDOM % 9000; first < 32000; first += $1)); do
        for ((port = first; port < first + $1; port++)); do
            (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue 2
        done
        echo "$first"
        return
    done
    return 1
}

# cluster_start DIRECTORY GRACE: a node `one` and a node `two` with one processor each; what runs in partition `high`
# preempts what runs in `low`, which has GRACE seconds to end.
cluster_start() {
    local top=$1 grace=$2 port user
    user=$(id -un)
    port=$(free_ports 3) || return 1
    mkdir -p "$top/state" "$top/spool/one" "$top/spool/two" "$top/log"
    (umask 077 && head -c 128 /dev/urandom >"$top/munge.key") && chmod 0400 "$top/munge.key"
    cat >"$top/slurm.conf" <<CONF
ClusterName=lathe
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$top/munge.socket
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation=$top/state
SlurmdSpoolDir=$top/spool/%n
SlurmctldPidFile=$top/slurmctld.pid
SlurmdPidFile=$top/slurmd-%n.pid
SlurmctldLogFile=$top/log/slurmctld.log
SlurmdLogFile=$top/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=5
ReturnToService=2
NodeName=one NodeAddr=127.0.0.1 NodeHostname=localhost Port=$((port + 1)) CPUs=1 State=UNKNOWN
NodeName=two NodeAddr=127.0.0.1 NodeHostname=localhost Port=$((port + 2)) CPUs=1 State=UNKNOWN
PartitionName=low Nodes=one,two Default=YES PriorityTier=1 GraceTime=$grace PreemptMode=REQUEUE State=UP
PartitionName=high Nodes=one,two PriorityTier=10 PreemptMode=OFF State=UP
CONF
    export SLURM_CONF=$top/slurm.conf PATH=$PATH:/usr/sbin:/sbin
    # --force: the directory is this user's alone, which is stricter than what munged asks for.
    munged --foreground --force --key-file="$top/munge.key" --socket="$top/munge.socket" \
        --pid-file="$top/munged.pid" --log-file="$top/log/munged.log" --seed-file="$top/munge.seed" \
        >"$top/log/munged.out" 2>&1 &
    cluster_pids=($!)
    wait_until 10 "munged" test -S "$top/munge.socket" || return 1
    slurmctld -D -i -f "$SLURM_CONF" >"$top/log/slurmctld.out" 2>&1 &
    cluster_pids+=($!)
    local node
    for node in one two; do
        slurmd -D -N "$node" -f "$SLURM_CONF" >"$top/log/slurmd-$node.out" 2>&1 &
        cluster_pids+=($!)
    done
    wait_until 30 "two idle nodes" cluster_idle
}

cluster_idle() { [ "$(sinfo --noheader --partition=low --states=idle --format=%D 2>/dev/null)" = 2 ]; }

# The jobs, then the daemons, last started first.
cluster_stop() {
    ((${#cluster_pids[@]})) || return 0
    scancel --user="$(id -un)" 2>/dev/null
    wait_until 15 "an empty queue" cluster_empty || true
    local index
    for ((index = ${#cluster_pids[@]} - 1; index >= 0; index--)); do
        kill "${cluster_pids[index]}" 2>/dev/null
        wait "${cluster_pids[index]}" 2>/dev/null
    done
    cluster_pids=()
}

cluster_empty() { [ -z "$(squeue --noheader 2>/dev/null)" ]; }

# wait_until SECONDS WHAT COMMAND...: until the command succeeds.
wait_until() {
    local seconds=$1 what=$2 end
    shift 2
    end=$((SECONDS + seconds))
    until "$@"; do
        ((SECONDS < end)) || { echo "error: waited $seconds s for $what" >&2; return 1; }
        sleep 0.2
    done
}
