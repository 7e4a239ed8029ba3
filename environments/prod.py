"""Production: large GPUs, protected data, a network that tolerates the loss of a zone."""

from datetime import date

from mlinfra import (
    AcceleratorStop,
    BlueGreen,
    CostExportSettings,
    DataLakeSettings,
    Endpoint,
    Environment,
    Experiment,
    FeatureGroup,
    Governance,
    Person,
    Pipeline,
    QuietHours,
    RealTime,
    RegisteredModel,
    SpendBudget,
    StudioSettings,
    Team,
    Variant,
)

prod = Environment(
    name="prod",
    project="recsys",
    account_id="333333333333",
    region="us-east-1",
    team="ml-platform",
    cost_center="ml-5678",
    repository="gitlab.example.com/ml/platform",
    pipeline=Pipeline(provider="gitlab", project="ml/platform", url="https://gitlab.example.com"),
    monthly_spend_limit_usd=80_000,
    governance=Governance(
        # Also what was made by hand, or has no tags.
        budgets=[SpendBudget(by="account", monthly_usd=100_000)],
        accelerator_stop=AcceleratorStop(roles=["recsys-prod-ci-apply"], approval="MANUAL"),
        cost_export=CostExportSettings(),
    ),
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
    # The nightly training starts after it; a node that is still busy is not stopped.
    quiet_hours=QuietHours(begin="20:00", time_zone="Europe/Berlin"),
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
    endpoints=[
        Endpoint(
            name="ranker",
            owner="ranking@example.com",
            hosting=RealTime(
                instance_type="ml.m7i.2xlarge",
                instances=3,
                max_instances=12,
                invocations_per_instance=3_000,
                max_latency_ms=150,
            ),
            variants=[
                Variant(
                    name="main",
                    image="ranker:3.1",
                    model_data="ranker-nightly/2026-11-23/model.tar.gz",
                    weight=95,
                ),
                Variant(
                    name="challenger",
                    image="ranker:3.2",
                    model_data="ranker-nightly/2026-11-24/model.tar.gz",
                    weight=5,
                ),
            ],
            deployment=BlueGreen(traffic="canary", step_percent=33),
            capture_percent=5,
            max_error_percent=0.5,
        ),
    ],
    image_repositories=["ranker"],
    models=[
        RegisteredModel(name="ranker", owner="ranking@example.com", description="In which order items are shown."),
    ],
    feature_groups=[
        FeatureGroup(
            name="item-clicks",
            owner="ranking@example.com",
            description="How often an item was shown and clicked.",
            features={
                "item_id": "String",
                "seen_at": "Fractional",
                "shown_24h": "Integral",
                "clicked_24h": "Integral",
                "click_rate_24h": "Fractional",
            },
            record_identifier="item_id",
            event_time="seen_at",
            online=True,
        ),
        FeatureGroup(
            name="user-history",
            owner="ranking@example.com",
            description="What a user has done so far.",
            features={
                "user_id": "String",
                "seen_at": "String",
                "orders": "Integral",
                "days_since_order": "Fractional",
            },
            record_identifier="user_id",
            event_time="seen_at",
        ),
    ],
    # The on-call engineers have read access to all data and no write access.
    teams=[Team(name="on-call", instance_types=["ml.t3.medium"])],
    people=[Person(name="ana", email="ana@example.com", team="on-call")],
    studio=StudioSettings(auth_mode="SSO", default_instance_type="ml.t3.medium", max_idle_minutes=60),
)
