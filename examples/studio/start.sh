#!/bin/bash
# Runs at each start of JupyterLab, for at most five minutes: SageMaker stops an app whose script takes longer.
set -eu

# For `import polars` in every notebook. A failing index must not prevent the start.
pip install --quiet --disable-pip-version-check polars || echo "polars was not installed" >&2

# A folder of the person's own, beside those of the team.
mkdir -p "$HOME/notebooks"
