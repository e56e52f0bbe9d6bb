#!/bin/sh
# Begins a run, or goes on with the one that is there: train.sh RUN FLAGS… Chooses nothing itself.
set -eu

if [ "$#" -lt 2 ]; then
  echo 'Cannot train: train.sh RUN FLAGS… was needed' >&2
  exit 2
fi
run=$1
shift
verity=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)/cli.ts

# The same flags: a run that goes on refuses others.
if [ -e "$run/last.safetensors" ]; then
  exec deno run -A "$verity" train --resume "$run" "$@"
fi

# A run that was killed before its first save. Of several ranks the first alone looks after the folder.
rank=${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-${SLURM_PROCID:-0}}}
if [ "$rank" = 0 ] && [ -e "$run/config.json" ]; then
  aside=$run-unfinished-$(date +%s)
  echo "$run has no checkpoint yet: it is now $aside" >&2
  mv -- "$run" "$aside"
fi
exec deno run -A "$verity" train --run "$run" "$@"
