"""The environment for the development of the ranker."""

from environments._ranker import RANKER

from mlinfra import Environment

dev = Environment(
    name="dev",
    account_id="111111111111",
    region="eu-west-1",
    monthly_spend_limit_usd=2_000,
    protect_data=False,
    **RANKER,
)
