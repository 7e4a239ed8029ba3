"""A run of all checks over a project, with its own check and acknowledgements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.checks import run_checks
from mlinfra.operations.terraform.progress import Quiet

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = """
from mlinfra import Environment

dev = Environment(
    name="dev", project="recsys", account_id="111111111111", region="us-east-1", team="ml-platform",
    cost_center="ml-1234", repository="gitlab.example.com/ml/platform", monthly_spend_limit_usd=1000,
)
"""
MAIN = """
import json
from datetime import date
from pathlib import Path

from mlinfra import MlApp, MlStack, acknowledge
from mlinfra._cdk.aws import iam_policy, s3_bucket
from mlinfra.checks import Check, Problem
from mlinfra.declarations import load_environments

OPEN = Check(
    id="ACME001", title="A bucket has no name.", fix="Name it.",
    find=lambda stack: [
        Problem(f"{name} has no name.", body["//"]["metadata"]["path"])
        for name, body in stack.config.get("resource", {}).get("aws_s3_bucket", {}).items()
        if "bucket" not in body
    ],
)
app = MlApp(checks=[OPEN])
(dev,) = load_environments(Path("."))
stack = MlStack(app, dev, "test")
s3_bucket.S3Bucket(stack, "unnamed")
accepted = s3_bucket.S3Bucket(stack, "accepted")
acknowledge(accepted, "ACME001", reason="Terraform names it, and nothing refers to it.")
expired = s3_bucket.S3Bucket(stack, "expired")
acknowledge(expired, "ACME001", reason="Until the migration is done.", until=date(2020, 1, 1))
acknowledge(stack, "MLC302", reason="There is no role here at all.")
app.synth()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "dev.py").write_text(ENVIRONMENT)
    (tmp_path / "main.py").write_text(MAIN)
    return tmp_path


def test_findings_of_own_checks_are_reported_with_their_acknowledgements(project: Path) -> None:
    report = run_checks(project, Quiet())
    found = {each.path: (each.check, each.fails, each.acknowledged, each.expired) for each in report.findings}
    assert found == {
        "dev-test/unnamed": ("ACME001", True, None, None),
        "dev-test/accepted": ("ACME001", False, "Terraform names it, and nothing refers to it.", None),
        "dev-test/expired": ("ACME001", True, None, "2020-01-01"),
        "dev-test": ("MLC901", False, None, None),
    }
    assert report.stacks == ("dev-test",)
    assert report.fails


def test_an_app_that_cannot_be_synthesized_is_an_error(project: Path) -> None:
    (project / "main.py").write_text("raise SystemExit('no such module')")
    with pytest.raises(OperationError, match="The stacks of 'dev' cannot be synthesized"):
        run_checks(project, Quiet())
