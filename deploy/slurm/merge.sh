#!/bin/bash
#SBATCH --job-name=verity-merge
#SBATCH --ntasks=1
#SBATCH --mem=4G
#SBATCH --time=00:30:00
# The parts of a prediction as one submission. It ends with code 3 and names what is missing.
set -euo pipefail

cd "${SLURM_SUBMIT_DIR:-.}"
deno run -A "${VERITY:-.}/cli.ts" merge "${OUT:-submission.csv}" "${PARTS:-parts}"
