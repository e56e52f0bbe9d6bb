#!/bin/bash
#SBATCH --job-name=verity-train
#SBATCH --ntasks=4
#SBATCH --gpus-per-task=1
#SBATCH --cpus-per-task=8
#SBATCH --mem-per-cpu=2G
#SBATCH --time=12:00:00
#SBATCH --signal=B:USR1@90
#SBATCH --requeue
#SBATCH --open-mode=append
# Training on four GPUs, one task for each. 90 seconds before its time is up it saves, and is put in the queue again.
set -euo pipefail

: "${DATA:?a folder or an address was needed}" "${RUN:?the folder of the run was needed}"
cd "${SLURM_SUBMIT_DIR:-.}"

# Tasks finish their step and save on SIGTERM.
requeue() {
  trap '' USR1
  kill -TERM "$!"
  wait "$!" || true
  scontrol requeue "$SLURM_JOB_ID"
  exit 0
}
trap requeue USR1

srun --kill-on-bad-exit=1 ${MPI:+--mpi="$MPI"} "${VERITY:-.}/deploy/train.sh" "$RUN" \
  --data "$DATA" --model "${MODEL:-efficientnet_b0}" --cache disk &
wait "$!"
