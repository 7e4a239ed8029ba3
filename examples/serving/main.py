"""A ranker with a challenger, an asynchronous embedder, and a small serverless model.

cdktf synth --app "python examples/serving/main.py"
"""

from __future__ import annotations

from mlinfra import (
    Asynchronous,
    BlueGreen,
    Endpoint,
    Environment,
    MlApp,
    MlStack,
    Platform,
    RealTime,
    Serverless,
    ServingEndpoint,
    UnusedEndpoints,
    Variant,
)

environment = Environment(
    name="dev",
    project="recsys",
    account_id="111111111111",
    region="us-east-1",
    team="ml-platform",
    cost_center="ml-1234",
    repository="gitlab.example.com/ml/platform",
    monthly_spend_limit_usd=15_000,
    image_repositories=["ranker", "two-tower", "language"],
    endpoints=[
        Endpoint(
            name="ranker",
            owner="ana@example.com",
            hosting=RealTime(
                instance_type="ml.m7i.large", instances=2, max_instances=6, invocations_per_instance=1_500
            ),
            variants=[
                Variant(image="ranker:3.1", model_data="ranker/7/model.tar.gz", weight=9),
                Variant(name="challenger", image="ranker:3.2", model_data="ranker/8/model.tar.gz"),
            ],
            deployment=BlueGreen(traffic="canary", step_percent=50),
            capture_percent=10,
        ),
        Endpoint(
            name="item-embeddings",
            owner="li@example.com",
            hosting=Asynchronous(instance_type="ml.g5.xlarge", max_instances=4),
            variants=[Variant(image="two-tower:2.3", model_data="two-tower/12/model.tar.gz")],
            stop_when_unused=True,
        ),
        Endpoint(
            name="language",
            owner="li@example.com",
            hosting=Serverless(),
            variants=[Variant(image="language:1.0")],
        ),
    ],
)


class ModelsStack(MlStack):
    """The endpoints, with detection of unused ones."""

    def __init__(self, scope: MlApp) -> None:
        """Declare the stack."""
        super().__init__(scope, environment, "models")
        platform = Platform.lookup(self)
        UnusedEndpoints(self, "watch", key_arn=platform.compute_key_arn)
        for endpoint in environment.endpoints:
            ServingEndpoint(
                self,
                f"endpoint-{endpoint.name}",
                endpoint=endpoint,
                data_lake=platform.data_lake,
                network=platform,
            )


app = MlApp()
ModelsStack(app)
app.synth()
