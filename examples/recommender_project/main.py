"""The infrastructure of recommender. `mlinfra plan 'dev-*'` runs it."""

from __future__ import annotations

import os
from pathlib import Path

from infrastructure.stacks import declare_stacks

from mlinfra import MlApp, load_environments, problems_without_traceback

ROOT = Path(__file__).resolve().parent


def main() -> None:
    """Synthesize the stacks of every environment, or of the one in MLINFRA_ENV."""
    app = MlApp(ROOT)
    for environment in load_environments(ROOT, only=os.environ.get("MLINFRA_ENV")):
        declare_stacks(app, environment)
    app.synth()


if __name__ == "__main__":
    with problems_without_traceback():
        main()
