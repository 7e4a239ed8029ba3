"""Adopt a bucket and a security group that were created by hand, and stop managing a role.

Write its stacks to cdktf.out/: python examples/adopt/main.py
"""

from __future__ import annotations

from datetime import date

from mlinfra import Adopted, Environment, Forgotten, MlApp
from mlinfra.stacks.adopted import AdoptedStack

environment = Environment(
    name="dev",
    project="recsys",
    account_id="111111111111",
    region="us-east-1",
    team="ml-platform",
    cost_center="ml-1234",
    repository="gitlab.example.com/ml/platform",
    monthly_spend_limit_usd=15_000,
    # `mlinfra adopt` and `mlinfra forget` write these to environments/dev.adopted.json and dev.forgotten.json.
    adopted=[
        Adopted(
            type="aws_s3_bucket",
            id="clicks-2019",
            name="clicks-2019",
            owner="ana@example.com",
            since=date(2026, 11, 24),
            arguments={"bucket": "clicks-2019", "tags": {"origin": "console"}},
            ignore_changes=["force_destroy"],
        ),
        Adopted(
            type="aws_security_group",
            id="sg-0a003f07ea2f60d5a",
            name="notebooks",
            owner="li@example.com",
            since=date(2026, 11, 24),
            arguments={"name": "notebooks", "description": "Made by hand", "ingress": [], "vpc_id": "vpc-0abc"},
            ignore_changes=["revoke_rules_on_delete"],
        ),
    ],
    forgotten=[
        Forgotten(
            address="aws_iam_role.old-notebooks",
            stack="dev-adopted",
            reason="The security team manages it now.",
            who="arn:aws:iam::111111111111:user/ana",
            when=date(2026, 11, 25),
        ),
    ],
)

app = MlApp()
AdoptedStack(app, environment)
app.synth()
