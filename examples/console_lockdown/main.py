"""Only pipelines change resources that mlinfra manages. This folder is a complete project that can be copied.

mlinfra bootstrap management
mlinfra up management
"""

from __future__ import annotations

import os
from pathlib import Path

from mlinfra import (
    ConsoleLockdown,
    Environment,
    MlApp,
    MlStack,
    Pipeline,
    StateStack,
    load_environments,
    problems_without_traceback,
)

ROOT = Path(__file__).resolve().parent
PIPELINE = Pipeline(provider="gitlab", project="ml/platform", url="https://gitlab.example.com")


def declared(name: str, account_id: str) -> Environment:
    """A locked environment, with the values of its own repository."""
    return Environment(
        name=name,
        project="recsys",
        account_id=account_id,
        region="us-east-1",
        team="ml-platform",
        cost_center="ml-1234",
        repository="gitlab.example.com/ml/platform",
        monthly_spend_limit_usd=15_000,
        pipeline=PIPELINE,
    )


class GovernanceStack(MlStack):
    """The policies, and their targets."""

    def __init__(self, scope: MlApp, environment: Environment) -> None:
        """Declare the stack in the management account."""
        super().__init__(scope, environment, "governance")
        ConsoleLockdown(
            self,
            "lockdown",
            environments=[declared("dev", "111111111111"), declared("prod", "333333333333")],
            target_ids=["ou-ab12-cd34ef56"],
            break_glass_roles=["arn:aws:iam::*:role/break-glass"],
        )


with problems_without_traceback():
    app = MlApp(ROOT)
    for management in load_environments(ROOT, only=os.environ.get("MLINFRA_ENV")):
        state = StateStack(app, management)
        GovernanceStack(app, management).add_dependency(state)
    app.synth()
