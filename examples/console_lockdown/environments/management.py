"""The management account of the organization. Only the state of the policies is in it."""

from mlinfra import Environment

management = Environment(
    name="management",
    project="recsys",
    account_id="999999999999",  # replace it by the id of the management account
    region="us-east-1",
    team="ml-platform",
    cost_center="ml-1234",
    repository="gitlab.example.com/ml/lockdown",
    monthly_spend_limit_usd=10,
)
