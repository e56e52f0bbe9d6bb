#!/bin/bash
#SBATCH --job-name=verity-predict
#SBATCH --array=0-6
#SBATCH --ntasks=1
#SBATCH --gpus-per-task=1
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --time=04:00:00
#SBATCH --requeue
# One part of a prediction in each task of an array, each with a GPU of its own. COUNT is the number of parts.
set -euo pipefail

: "${CHECKPOINT:?a checkpoint or a run was needed}" "${IMAGES:?a folder or an address was needed}"
cd "${SLURM_SUBMIT_DIR:-.}"
deno run -A "${VERITY:-.}/cli.ts" predict "$CHECKPOINT" --images "$IMAGES" \
  --out "${PARTS:-parts}" --shard "env/${COUNT:-7}"
