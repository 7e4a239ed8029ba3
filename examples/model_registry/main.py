"""A registry for two models, and a job that registers versions of one, which then wait for approval.

Write its stacks to cdktf.out/: python examples/model_registry/main.py
"""

from __future__ import annotations

from mlinfra import Environment, MlApp, MlStack, ModelRegistry, Platform, Queue, RegisteredModel, TrainingQueue

environment = Environment(
    name="dev",
    project="recsys",
    account_id="111111111111",
    region="us-east-1",
    team="ml-platform",
    cost_center="ml-1234",
    repository="gitlab.example.com/ml/platform",
    monthly_spend_limit_usd=15_000,
    models=[
        RegisteredModel(name="ranker", owner="ana@example.com", description="In which order items are shown."),
        RegisteredModel(name="two-tower", owner="li@example.com", description="Which items a user may like."),
    ],
    queues=[Queue(name="ranking", owner="ana@example.com", gpu="A10G", max_nodes=2, teams={"ranking": 1})],
    trusted_account_ids=["222222222222"],  # staging deploys what is approved here
)


class RegistryStack(MlStack):
    """The model registry, with its notifications."""

    def __init__(self, scope: MlApp) -> None:
        """Declare the stack."""
        super().__init__(scope, environment, "registry")
        ModelRegistry(self, "model-registry")


class RankerStack(MlStack):
    """A job that trains the ranker and registers a version of it."""

    def __init__(self, scope: MlApp) -> None:
        """Declare the stack."""
        super().__init__(scope, environment, "ranker")
        platform = Platform.lookup(self)
        queue = TrainingQueue(self, "queue", queue=environment.queue("ranking"), network=platform)
        train = queue.job("train", image="111111111111.dkr.ecr.us-east-1.amazonaws.com/recsys-dev/ranker:1.4")
        platform.data_lake.grant_read_write(train, zones=["models"], prefix="ranker/")
        platform.model_registry.grant_register(train, models=["ranker"])


app = MlApp()
RegistryStack(app)
RankerStack(app)
app.synth()
