"""A run of all checks over a project, with its own check and acknowledgements."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mlinfra.checks import Level
from mlinfra.errors import DeclarationError, OperationError
from mlinfra.operations.checks import CheckReport, run_checks, sarif
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
from mlinfra.declarations import load_environments

app = MlApp()
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
CHECKS = """
from mlinfra.checks import ResourceCheck

NAMED = ResourceCheck(
    id="ACME001", title="A bucket has no name.", fix="Name it.", types=("aws_s3_bucket",),
    find=lambda bucket: None if bucket.has("bucket") else "it has no name.",
)
"""


CHECKOV = {
    "summary": {"parsing_errors": 0, "passed": 1},
    "results": {
        "failed_checks": [
            {
                "check_id": "CKV_AWS_18",
                "check_name": "Ensure it logs",
                "resource": "aws_s3_bucket.unnamed",
                "file_abs_path": "/out/stacks/dev-test/cdk.tf.json",
            }
        ]
    },
}


def written(folder: Path) -> Path:
    (folder / "environments").mkdir()
    (folder / "environments" / "dev.py").write_text(ENVIRONMENT)
    (folder / "main.py").write_text(MAIN)
    (folder / "mlinfra_checks.py").write_text(CHECKS)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return written(tmp_path)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> CheckReport:
    """The report on the project, with what checkov has found."""
    project = written(tmp_path_factory.mktemp("project"))
    (project / "checkov.json").write_text(json.dumps(CHECKOV))
    return run_checks(project, Quiet(), checkov=project / "checkov.json")


def test_findings_of_own_checks_are_reported_with_their_acknowledgements(report: CheckReport) -> None:
    own = [each for each in report.findings if each.check.startswith(("ACME", "MLC"))]
    found = {each.path: (each.check, each.fails, each.acknowledged, each.expired) for each in own}
    assert found == {
        "dev-test/unnamed": ("ACME001", True, None, None),
        "dev-test/accepted": ("ACME001", False, "Terraform names it, and nothing refers to it.", None),
        "dev-test/expired": ("ACME001", True, None, "2020-01-01"),
        "dev-test": ("MLC901", False, None, None),
    }
    assert report.stacks == ("dev-test",)
    assert report.fails


def test_a_finding_has_the_title_and_the_fix_of_its_check(report: CheckReport) -> None:
    (found,) = (each for each in report.findings if (each.path, each.check) == ("dev-test/unnamed", "ACME001"))
    assert (found.title, found.fix, found.level) == ("A bucket has no name.", "Name it.", Level.HOLD)
    assert found.text.endswith(": it has no name.")
    assert '"ruleId": "ACME001"' in sarif(report)


def test_a_broken_check_is_an_error_of_the_run(project: Path) -> None:
    (project / "mlinfra_checks.py").write_text(CHECKS.replace("ResourceCheck(", "ResourceCheck(level='hold', "))
    with pytest.raises(DeclarationError, match="The level of the check ACME001 is 'hold'"):
        run_checks(project, Quiet())


def test_a_check_that_fails_fails_the_run(project: Path) -> None:
    (project / "mlinfra_checks.py").write_text(CHECKS.replace('has("bucket")', 'had("bucket")'))
    failures = [each for each in run_checks(project, Quiet()).findings if each.check == "MLC902"]
    assert len(failures) == 3
    assert all(each.fails for each in failures)
    assert "AttributeError: 'Resource' object has no attribute 'had' (mlinfra_checks.py, line 6)" in failures[0].text


def test_findings_of_checkov_are_added(report: CheckReport) -> None:
    found = [(each.path, each.fails) for each in report.findings if each.check == "CKV_AWS_18"]
    assert found == [("dev-test/unnamed", True)]
    assert {each.check for each in report.findings} == {"ACME001", "CKV_AWS_18", "MLC901"}


def test_an_app_that_cannot_be_synthesized_is_an_error(project: Path) -> None:
    (project / "main.py").write_text("raise SystemExit('no such module')")
    with pytest.raises(OperationError, match="The stacks of 'dev' cannot be synthesized"):
        run_checks(project, Quiet())
