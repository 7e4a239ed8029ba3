"""Two feature groups: one for training, and one for training and predictions.

Write its stacks to cdktf.out/: python examples/feature_store/main.py
"""

from __future__ import annotations

from mlinfra import DataLake, Environment, FeatureGroup, FeatureStore, MlApp, MlStack

environment = Environment(
    name="dev",
    project="recsys",
    account_id="111111111111",
    region="us-east-1",
    team="ml-platform",
    cost_center="ml-1234",
    repository="gitlab.example.com/ml/platform",
    monthly_spend_limit_usd=15_000,
    feature_groups=[
        FeatureGroup(
            name="user-history",
            owner="ana@example.com",
            features={"user_id": "String", "seen_at": "String", "orders": "Integral"},
            record_identifier="user_id",
            event_time="seen_at",
        ),
        FeatureGroup(
            name="item-clicks",
            owner="li@example.com",
            features={"item_id": "String", "seen_at": "Fractional", "click_rate": "Fractional"},
            record_identifier="item_id",
            event_time="seen_at",
            online=True,
        ),
    ],
)


class FeatureStack(MlStack):
    """A lake and the feature groups in it."""

    def __init__(self, scope: MlApp) -> None:
        """Declare the stack."""
        super().__init__(scope, environment, "features")
        lake = DataLake(self, "lake", zones=["features"])
        FeatureStore(self, "feature-store", data_lake=lake)


app = MlApp()
FeatureStack(app)
app.synth()
