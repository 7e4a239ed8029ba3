"""A managed MLflow tracking server whose artifacts are in the data lake. It is billed by the hour.

Write its stacks to cdktf.out/: python examples/experiment_tracking/main.py
"""

from __future__ import annotations

from mlinfra import DataLake, Environment, ExperimentTracking, MlApp, MlStack, TerraformOutput, Tracking

environment = Environment(
    name="dev",
    project="recsys",
    account_id="111111111111",
    region="us-east-1",
    team="ml-platform",
    cost_center="ml-1234",
    repository="gitlab.example.com/ml/platform",
    monthly_spend_limit_usd=15_000,
    tracking=Tracking(size="Small", weekly_maintenance="Sat:02:00"),
)


class TrackingStack(MlStack):
    """A lake, the server, and an output with the address for clients."""

    def __init__(self, scope: MlApp) -> None:
        """Declare the stack."""
        super().__init__(scope, environment, "tracking")
        lake = DataLake(self, "lake", zones=["models"])
        tracking = ExperimentTracking(self, "tracking", data_lake=lake)
        TerraformOutput(self, "tracking-uri", value=tracking.arn, static_id=True)


app = MlApp()
TrackingStack(app)
app.synth()
