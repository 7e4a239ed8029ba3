"""Development: experiments from single V100s to whole hosts, disposable data."""

from datetime import date

from mlinfra import (
    Asynchronous,
    Endpoint,
    Environment,
    Experiment,
    FeatureGroup,
    Image,
    Person,
    Pipeline,
    QuietHours,
    RegisteredModel,
    Space,
    StudioSettings,
    Team,
    TrainingJobs,
    Variant,
)

dev = Environment(
    name="dev",
    project="recsys",
    account_id="111111111111",
    region="us-east-1",
    team="ml-platform",
    cost_center="ml-1234",
    repository="gitlab.example.com/ml/platform",
    pipeline=Pipeline(
        provider="gitlab",
        project="ml/platform",
        url="https://gitlab.example.com",
        training=TrainingJobs(tags="v*"),
    ),
    monthly_spend_limit_usd=15_000,
    protect_data=False,
    network_cidr="10.10.0.0/16",
    flow_log_retention_days=30,
    quiet_hours=QuietHours(begin="20:00", time_zone="Europe/Berlin"),
    alert_emails=["ml-platform@example.com"],
    # The newest image with a driver for V100. `mlinfra images pin dev`, run in this account, pins its id.
    images={
        "v100": Image(
            reference="name:Deep Learning Base Proprietary Nvidia Driver AMI (Amazon Linux 2) Version *",
            root_device="/dev/xvda",
        ),
    },
    experiments=[
        Experiment(
            name="two-tower-v2",
            owner="ana@example.com",
            size="medium",
            nodes=2,
            expires=date(2026, 12, 23),
            spend_limit_usd=10_000,
        ),
        Experiment(name="negative-sampling", owner="li@example.com", size="small", expires=date(2026, 12, 23)),
    ],
    endpoints=[
        # Whole catalogues are embedded occasionally; no instance runs in between.
        Endpoint(
            name="item-embeddings",
            owner="ana@example.com",
            hosting=Asynchronous(instance_type="ml.g5.xlarge", max_instances=2),
            variants=[
                Variant(
                    image="two-tower:2.3",
                    model_data="two-tower-v2/12/model.tar.gz",
                ),
            ],
            unused_days=14,
            stop_when_unused=True,
        ),
    ],
    image_repositories=["two-tower", "negative-sampling", "ranker"],
    models=[
        RegisteredModel(name="two-tower", owner="ana@example.com", description="Which items a user may like."),
        RegisteredModel(name="ranker", owner="ranking@example.com", description="In which order items are shown."),
    ],
    feature_groups=[
        FeatureGroup(
            name="item-clicks",
            owner="li@example.com",
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
        ),
    ],
    trusted_account_ids=["222222222222"],  # staging
    teams=[
        Team(
            name="ranking",
            instance_types=["ml.g4dn.xlarge", "ml.g4dn.2xlarge", "ml.g5.xlarge", "ml.t3.medium"],
            writes=["processed", "features"],
        ),
        Team(name="search", reads=["raw", "features"]),
    ],
    people=[
        Person(name="ana", email="ana@example.com", team="ranking"),
        Person(name="li", email="li@example.com", team="ranking"),
        Person(name="sam", email="sam@example.com", team="search"),
    ],
    studio=StudioSettings(
        max_idle_minutes=480,
        max_space_storage_gib=200,
        spaces=[Space(name="ranking", owner="ana", shared=True, storage_gib=50)],
    ),
)
