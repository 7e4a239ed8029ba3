"""The same on a local AWS: no account, no credentials, no cost."""

from datetime import timedelta

from environments._project import PROJECT

from mlinfra import Environment, Experiment
from mlinfra.declarations import present_day

local = Environment(
    name="local",
    account_id="123456789012",  # the account that the local AWS answers for
    region="us-east-1",
    monthly_spend_limit_usd=1,
    emulated=True,
    protect_data=False,
    availability_zones=2,
    experiments=[
        Experiment(
            name="two-tower",
            owner="ana@example.com",
            gpu="T4",
            nodes=2,
            expires=present_day() + timedelta(days=30),
        ),
    ],
    **PROJECT,
)
