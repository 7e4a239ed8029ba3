"""The environment in the first region."""

from environments._project import PROJECT

from mlinfra import Environment

prod = Environment(
    name="prod",
    account_id="111111111111",  # replace it by the id of your account
    region="us-east-1",
    monthly_spend_limit_usd=2_000,
    protect_data=False,  # True where data must survive `mlinfra destroy`
    network_cidr="10.30.0.0/16",
    alert_emails=["ranking@example.com"],
    **PROJECT,
)
