"""The embedded local AWS: what `make demo` deploys. No account, no credentials, no cost."""

from datetime import timedelta

from mlinfra import (
    Endpoint,
    Environment,
    Experiment,
    FeatureGroup,
    Person,
    QuietHours,
    RegisteredModel,
    Serverless,
    StudioSettings,
    Team,
    Variant,
)
from mlinfra.declarations import present_day

local = Environment(
    name="local",
    project="recsys",
    account_id="123456789012",  # the account of moto
    region="us-east-1",
    team="ml-platform",
    cost_center="none",
    repository="gitlab.example.com/ml/platform",
    monthly_spend_limit_usd=1,
    emulated=True,
    protect_data=False,
    availability_zones=2,
    sizes={"small": "g4dn.xlarge"},
    max_nodes=2,
    pause_minutes=0,  # the demo shows that a cluster stops itself after a job
    quiet_hours=QuietHours(begin="20:00"),
    alert_emails=["ml-platform@example.com"],
    experiments=[
        Experiment(
            name="two-tower-v2",
            owner="ana@example.com",
            size="small",
            nodes=2,
            # Nothing here outlives the demo, so its expiry never has to be renewed.
            expires=present_day() + timedelta(days=30),
        ),
    ],
    endpoints=[
        Endpoint(
            name="ranker",
            owner="ana@example.com",
            hosting=Serverless(),
            variants=[
                Variant(
                    image="ranker:3.1",
                    model_data="ranker/7/model.tar.gz",
                ),
            ],
        ),
    ],
    image_repositories=["two-tower", "ranker"],
    models=[
        RegisteredModel(name="two-tower", owner="ana@example.com", description="Which items a user may like."),
    ],
    feature_groups=[
        FeatureGroup(
            name="item-clicks",
            owner="li@example.com",
            features={"item_id": "String", "seen_at": "Fractional", "clicked_24h": "Integral"},
            record_identifier="item_id",
            event_time="seen_at",
            online=True,
        ),
    ],
    teams=[Team(name="ranking", writes=["features"])],
    people=[Person(name="ana", email="ana@example.com", team="ranking")],
    studio=StudioSettings(),
)
