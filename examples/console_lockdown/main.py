"""Only pipelines change resources that mlinfra manages. Deployed in the organization's management account.

cdktf synth --app "python examples/console_lockdown/main.py"
"""

from __future__ import annotations

from mlinfra import ConsoleLockdown, Environment, MlApp, MlStack, Pipeline

pipeline = Pipeline(provider="gitlab", project="ml/platform", url="https://gitlab.example.com")


def declared(name: str, account_id: str) -> Environment:
    """An environment, or the account that governs them."""
    return Environment(
        name=name,
        project="recsys",
        account_id=account_id,
        region="us-east-1",
        team="ml-platform",
        cost_center="ml-1234",
        repository="gitlab.example.com/ml/platform",
        monthly_spend_limit_usd=15_000,
        pipeline=pipeline,
    )


class GovernanceStack(MlStack):
    """The policies, and their targets."""

    def __init__(self, scope: MlApp) -> None:
        """Declare the stack."""
        super().__init__(scope, declared("management", "999999999999"), "governance")
        ConsoleLockdown(
            self,
            "lockdown",
            environments=[declared("dev", "111111111111"), declared("prod", "333333333333")],
            target_ids=["ou-ab12-cd34ef56"],
            break_glass_roles=["arn:aws:iam::*:role/break-glass"],
        )


app = MlApp()
GovernanceStack(app)
app.synth()
