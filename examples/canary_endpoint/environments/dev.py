"""The environment of the endpoint, in an AWS account of its own."""

from environments._project import PROJECT

from mlinfra import Environment

dev = Environment(
    name="dev",
    account_id="111111111111",  # replace it by the id of your account
    region="us-east-1",
    monthly_spend_limit_usd=2_000,
    protect_data=False,  # True where data must survive `mlinfra destroy`
    alert_emails=["ranking@example.com"],
    **PROJECT,
)
