"""The rehearsal for prod: the same shape on smaller GPUs and fewer nodes."""

from datetime import date

from mlinfra import DataLakeSettings, Environment, Experiment

staging = Environment(
    name="staging",
    project="recsys",
    account_id="222222222222",
    region="us-east-1",
    team="ml-platform",
    cost_center="ml-1234",
    repository="gitlab.example.com/ml/platform",
    monthly_spend_limit_usd=5_000,
    data_lake=DataLakeSettings(
        events=("raw", "models"),
        inventory={"raw": "Weekly", "models": "Weekly"},
    ),
    network_cidr="10.20.0.0/16",
    sizes={"small": "g4dn.xlarge", "medium": "g4dn.12xlarge", "large": "g4dn.metal"},
    max_nodes=2,
    max_experiment_days=14,
    janitor_dry_run=False,
    alert_emails=["ml-platform@example.com"],
    experiments=[
        Experiment(name="two-tower-v2", owner="ana@example.com", size="small", nodes=2, expires=date(2026, 12, 4)),
    ],
)
