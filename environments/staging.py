"""Rehearsal of production: the same components, with smaller GPUs and fewer nodes."""

from datetime import date

from mlinfra import (
    DataLakeSettings,
    Environment,
    Experiment,
    Person,
    Pipeline,
    RegisteredModel,
    StudioSettings,
    Team,
)

staging = Environment(
    name="staging",
    project="recsys",
    account_id="222222222222",
    region="us-east-1",
    team="ml-platform",
    cost_center="ml-1234",
    repository="gitlab.example.com/ml/platform",
    pipeline=Pipeline(provider="gitlab", project="ml/platform", url="https://gitlab.example.com"),
    monthly_spend_limit_usd=5_000,
    data_lake=DataLakeSettings(
        events=("raw", "models"),
        inventory={"raw": "Weekly", "models": "Weekly"},
    ),
    network_cidr="10.20.0.0/16",
    sizes={"small": "g4dn.xlarge", "medium": "g4dn.12xlarge", "large": "g4dn.metal"},
    max_nodes=2,
    max_experiment_days=28,
    alert_emails=["ml-platform@example.com"],
    experiments=[
        Experiment(name="two-tower-v2", owner="ana@example.com", size="small", nodes=2, expires=date(2026, 12, 21)),
    ],
    image_repositories=["two-tower", "ranker"],
    models=[
        RegisteredModel(name="ranker", owner="ranking@example.com", description="In which order items are shown."),
    ],
    trusted_account_ids=["333333333333"],  # prod
    teams=[Team(name="release", instance_types=["ml.t3.medium", "ml.g4dn.xlarge"])],
    people=[Person(name="ana", email="ana@example.com", team="release")],
    studio=StudioSettings(auth_mode="SSO", default_instance_type="ml.t3.medium", max_idle_minutes=120),
)
