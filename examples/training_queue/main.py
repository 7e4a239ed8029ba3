"""A queue that two teams share, with a job for one node and one for four. `mlinfra plan 'dev-*'` runs it."""

from __future__ import annotations

import os
from pathlib import Path

from mlinfra import (
    Environment,
    MlApp,
    MlStack,
    Platform,
    StateStack,
    TrainingQueue,
    load_environments,
    problems_without_traceback,
)
from mlinfra.stacks.data import DataStack
from mlinfra.stacks.foundation import FoundationStack

ROOT = Path(__file__).resolve().parent


class TeamStack(MlStack):
    """The queue, its jobs, and their permissions in the data lake."""

    def __init__(self, scope: MlApp, environment: Environment) -> None:
        """Declare the stack for `environment`."""
        super().__init__(scope, environment, "team")
        platform = Platform.lookup(self)
        registry = f"{environment.account_id}.dkr.ecr.{environment.region}.amazonaws.com"
        image = f"{registry}/{environment.names.prefix}/sweep:1.0"
        queue = TrainingQueue(self, "queue", queue=environment.queue("team"), network=platform)
        sweep = queue.job("sweep", image=image, command=["python", "train.py"], gpus_per_node=1)
        grid = queue.job("grid", image=image, command=["./launch.sh", "train.py"], nodes=4)
        for job in (sweep, grid):
            platform.data_lake.grant_read(job, zones=["features"])
            platform.data_lake.grant_read_write(job, zones=["models"], prefix="sweep/")


def main() -> None:
    """Synthesize the stacks of every environment, or of the one in MLINFRA_ENV."""
    app = MlApp(ROOT)
    for environment in load_environments(ROOT, only=os.environ.get("MLINFRA_ENV")):
        state = StateStack(app, environment)
        team = TeamStack(app, environment)
        for stack in (FoundationStack(app, environment), DataStack(app, environment)):
            stack.add_dependency(state)
            team.add_dependency(stack)
    app.synth()


if __name__ == "__main__":
    with problems_without_traceback():
        main()
