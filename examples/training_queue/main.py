"""A queue that two teams share, with a job on one node and one on four.

cdktf synth --app "python examples/training_queue/main.py"
"""

from __future__ import annotations

from mlinfra import Environment, MlApp, MlStack, Platform, Queue, TrainingQueue

REGISTRY = "111111111111.dkr.ecr.us-east-1.amazonaws.com"

environment = Environment(
    name="dev",
    project="recsys",
    account_id="111111111111",
    region="us-east-1",
    team="ml-platform",
    cost_center="ml-1234",
    repository="gitlab.example.com/ml/platform",
    monthly_spend_limit_usd=15_000,
    queues=[
        Queue(
            name="ranking",
            owner="ana@example.com",
            gpu="A10G",
            gpus_per_node=4,
            max_nodes=8,
            teams={"ranking": 2, "search": 1},
        )
    ],
)


class RankingStack(MlStack):
    """The queue, its jobs, and their read permissions."""

    def __init__(self, scope: MlApp) -> None:
        """Declare the stack."""
        super().__init__(scope, environment, "ranking")
        platform = Platform.lookup(self)
        queue = TrainingQueue(self, "queue", queue=environment.queue("ranking"), network=platform)
        sweep = queue.job("sweep", image=f"{REGISTRY}/two-tower:2.3", command=["python", "train.py"], gpus_per_node=1)
        pretrain = queue.job(
            "pretrain",
            image=f"{REGISTRY}/two-tower:2.3",
            command=["./launch.sh", "train.py"],
            nodes=4,
            timeout_seconds=3 * 86_400,
        )
        platform.data_lake.grant_read(sweep, zones=["features"])
        platform.data_lake.grant_read(pretrain, zones=["features"])
        platform.data_lake.grant_read_write(pretrain, zones=["models"], prefix="two-tower/")


app = MlApp()
RankingStack(app)
app.synth()
