#!/usr/bin/env bash
# End what this job has started: cancel its runs, write the record of the last one, and stop the cluster. The data stays.
#
#     ci/end_training.sh ENVIRONMENT EXPERIMENT
#
# Writes run.json and run.md. Runs after success, failure and cancellation of a job that trains, with the credentials of
# the same session: `--mine` selects the runs of this job only. After a cancellation, GitHub ends it after five minutes.
set -euo pipefail

environment="$1"
experiment="$2"
mlinfra="${MLINFRA_PROGRAM:-.venv/bin/mlinfra}"
end=$((SECONDS + ${MLINFRA_END_SECONDS:-240}))

# The ids of the runs of this job, the newest first.
runs_of_this_job() {
  "$mlinfra" runs list --env "$environment" --experiment "$experiment" --mine "$@" --json |
    python3 -I -c 'import json, sys; print("\n".join(run["run_id"] for run in json.load(sys.stdin)))'
}

for run in $(runs_of_this_job --status waiting --status running --status retrying); do
  "$mlinfra" runs cancel "$run" --env "$environment"
done

run="$(runs_of_this_job --limit 1)"
if [ -z "$run" ]; then
  echo "This job has started no run. The cluster is not changed."
  exit 0
fi

# A node that is still stopping its command is busy, and the cluster of another run is not stopped.
stopped=no
while [ "$stopped" = no ]; do
  if "$mlinfra" clusters stop "$environment" "$experiment"; then
    stopped=yes
  elif [ "$SECONDS" -ge "$end" ]; then
    echo "The cluster is still in use. The shutdown functions stop it once it is idle."
    break
  else
    sleep "${MLINFRA_END_PAUSE:-15}"
  fi
done

# At the end, so that the record contains how a cancelled run ended.
"$mlinfra" runs show "$run" --env "$environment" --json > run.json
"$mlinfra" runs show "$run" --env "$environment" --markdown > run.md
cat run.md
