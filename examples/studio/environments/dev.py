"""The environment of the studio, in an AWS account of its own."""

from environments._project import PROJECT

from mlinfra import Environment

dev = Environment(
    name="dev",
    account_id="111111111111",  # replace it by the id of your account
    region="us-east-1",
    monthly_spend_limit_usd=5_000,
    protect_data=False,  # True where data and home directories must survive `mlinfra destroy`
    alert_emails=["ml-platform@example.com"],
    **PROJECT,
)
