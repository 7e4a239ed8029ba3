"""The same on a local AWS: no account, no credentials, no cost."""

from environments._project import PROJECT

from mlinfra import Environment

local = Environment(
    name="local",
    account_id="123456789012",  # the account that the local AWS answers for
    region="us-east-1",
    monthly_spend_limit_usd=1,
    emulated=True,
    protect_data=False,
    availability_zones=2,
    **PROJECT,
)
