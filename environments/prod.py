"""Where models that users see are trained: large GPUs, protected data, a network that survives a zone."""

from datetime import date

from mlinfra import DataLakeSettings, Environment, Experiment

prod = Environment(
    name="prod",
    project="recsys",
    account_id="333333333333",
    region="us-east-1",
    team="ml-platform",
    cost_center="ml-5678",
    repository="gitlab.example.com/ml/platform",
    monthly_spend_limit_usd=80_000,
    protect_data=True,
    data_lake=DataLakeSettings(
        events=("raw", "models"),
        inventory={"raw": "Weekly", "models": "Weekly"},
    ),
    network_cidr="10.30.0.0/16",
    nat_gateways="per-zone",
    flow_log_retention_days=365,
    native_state_lock=True,
    sizes={"small": "g5.xlarge", "medium": "g5.48xlarge", "large": "p4d.24xlarge"},
    max_nodes=8,
    max_experiment_days=60,
    alert_emails=["ml-platform@example.com"],
    experiments=[
        Experiment(
            name="ranker-nightly",
            owner="ranking@example.com",
            gpu="A100",
            gpus_per_node=8,
            nodes=4,
            expires=date(2027, 1, 15),
            spend_limit_usd=40_000,
        ),
    ],
)
