#!/bin/bash
# Runs the pipeline of make.py on a Slurm cluster of two nodes, both on this machine, and compares every byte with a run by one process.
#
#   tests/cluster/slurm.sh DATAPREP FOLDER [DOCUMENTS]
#
# Needs root, and Debian's slurmctld, slurmd, slurm-client and munge. Everything it makes lies in FOLDER, and it ends only what it started.
set -euo pipefail
dataprep=$(realpath "$1"); documents=${3:-4000}
mkdir -p "$2"; folder=$(realpath "$2"); here=$(dirname "$(realpath "$0")")
export SLURM_CONF=$folder/slurm.conf
started=()
finish() { kill "${started[@]}" 2>/dev/null || true; wait || true; }
trap finish EXIT

mkdir -p "$folder"/{state,spool-n1,spool-n2,munge}
chmod 700 "$folder/munge"
dd if=/dev/urandom of="$folder/munge/key" bs=1024 count=1 status=none
chmod 400 "$folder/munge/key"
munged --foreground --force --key-file="$folder/munge/key" --socket="$folder/munge/socket" --pid-file="$folder/munge/pid" \
  --log-file="$folder/munge/log" --seed-file="$folder/munge/seed" & started+=($!)
host=$(hostname -s)
cat > "$SLURM_CONF" <<END
ClusterName=loopback
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
CryptoType=crypto/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
StateSaveLocation=$folder/state
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd-%n.log
SlurmdSpoolDir=$folder/spool-%n
SlurmctldPort=17000
SlurmdTimeout=20
ReturnToService=2
SchedulerParameters=sched_interval=2,bf_interval=2
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=17001 CPUs=1 State=UNKNOWN
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=17002 CPUs=1 State=UNKNOWN
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
END
sleep 1
slurmctld -D & started+=($!)
slurmd -D -N n1 & started+=($!)
slurmd -D -N n2 & started+=($!)
for _ in $(seq 60); do [ "$(sinfo -h -t idle -o %D 2>/dev/null)" = 2 ] && break; sleep 1; done
sinfo

pipeline=$(python3 "$here/make.py" "$folder" "$documents")
rm -rf "$folder/alone" "$folder/out"
time "$dataprep" run "$pipeline" --threads 2 --quiet --set run.output="$folder/alone"
began=$(date +%s)
next=$("$dataprep" slurm "$pipeline" --threads 1 --tasks 2 --memory 0)
echo "$next"; $next
until [ -f "$folder/out/manifest.json" ]; do
  sleep 2
  # Nothing is queued and nothing runs, and yet the run is not finished: a task has failed.
  if [ -z "$(squeue -h)" ] && [ ! -f "$folder/out/manifest.json" ]; then cat "$folder"/out/slurm/*.log; exit 1; fi
  if [ $(($(date +%s) - began)) -gt 1800 ]; then squeue; exit 1; fi
done
echo "Slurm: $(($(date +%s) - began)) s"
python3 "$here/same.py" "$folder/alone" "$folder/out"
