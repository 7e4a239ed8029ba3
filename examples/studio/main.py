"""A studio for the twenty people of four teams. `mlinfra plan 'dev-*'` runs it."""

from __future__ import annotations

import os
from pathlib import Path

from mlinfra import MlApp, StateStack, load_environments, problems_without_traceback
from mlinfra.stacks.data import DataStack
from mlinfra.stacks.foundation import FoundationStack
from mlinfra.stacks.studio import StudioStack

ROOT = Path(__file__).resolve().parent


def main() -> None:
    """Synthesize the stacks of every environment, or of the one in MLINFRA_ENV."""
    app = MlApp(ROOT)
    for environment in load_environments(ROOT, only=os.environ.get("MLINFRA_ENV")):
        state = StateStack(app, environment)
        studio = StudioStack(app, environment)
        for stack in (FoundationStack(app, environment), DataStack(app, environment)):
            stack.add_dependency(state)
            studio.add_dependency(stack)
    app.synth()


if __name__ == "__main__":
    with problems_without_traceback():
        main()
