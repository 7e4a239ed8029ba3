"""The CDKTF app: the stacks of every declared environment. `npx cdktf synth` runs it.

MLINFRA_ENV=dev leaves all other environments out; MLINFRA_TODAY=2026-11-24 compares expiries with that day.
"""

import os
from pathlib import Path

from mlinfra import load_environments
from mlinfra.app import MlApp, problems_without_traceback, warn_about_expired_experiments
from mlinfra.stacks.adopted import AdoptedStack
from mlinfra.stacks.data import DataStack
from mlinfra.stacks.foundation import FoundationStack
from mlinfra.stacks.governance import GovernanceStack
from mlinfra.stacks.serving import ServingStack
from mlinfra.stacks.state import StateStack
from mlinfra.stacks.studio import StudioStack
from mlinfra.stacks.training import TrainingStack

ROOT = Path(__file__).resolve().parent


def main() -> None:
    """Synthesize."""
    environments = load_environments(ROOT, only=os.environ.get("MLINFRA_ENV"))
    warn_about_expired_experiments(environments)
    app = MlApp(ROOT)
    for environment in environments:
        state = StateStack(app, environment)
        foundation = FoundationStack(app, environment)
        data = DataStack(app, environment)
        training = TrainingStack(app, environment)
        serving = ServingStack(app, environment)
        governance = GovernanceStack(app, environment)

        foundation.add_dependency(state)
        data.add_dependency(state)
        training.add_dependency(foundation)
        training.add_dependency(data)
        serving.add_dependency(foundation)
        serving.add_dependency(data)
        governance.add_dependency(foundation)
        if AdoptedStack.is_needed(environment):
            adopted = AdoptedStack(app, environment)
            adopted.add_dependency(state)
        if environment.studio:
            studio = StudioStack(app, environment)
            studio.add_dependency(foundation)
            studio.add_dependency(data)
    app.synth()


if __name__ == "__main__":
    with problems_without_traceback():
        main()
