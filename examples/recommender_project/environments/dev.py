"""The environment in which recommender is trained, in an AWS account of its own."""

from datetime import date

from environments._project import PROJECT

from mlinfra import Environment, Experiment, Pipeline, TrainingJobs

dev = Environment(
    name="dev",
    account_id="111111111111",  # replace it by the id of your account
    region="us-east-1",
    monthly_spend_limit_usd=2_000,
    protect_data=False,  # True where data must survive `mlinfra destroy`
    alert_emails=["recommendations@example.com"],
    pipeline=Pipeline(
        provider="gitlab",
        project="recommendations/recommender",
        url="https://gitlab.example.com",
        training=TrainingJobs(tags="v*"),  # protected tags
    ),
    experiments=[
        Experiment(
            name="two-tower",
            owner="ana@example.com",
            gpu="T4",
            nodes=2,
            expires=date(2026, 12, 23),
            spend_limit_usd=200,
        ),
    ],
    **PROJECT,
)
