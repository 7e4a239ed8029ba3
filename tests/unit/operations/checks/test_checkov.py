"""Findings of checkov, with the acknowledgements of their constructs."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra._cdk.aws import iam_policy, s3_bucket
from mlinfra.checks import StackConfiguration
from mlinfra.checks.evaluation import evaluate
from mlinfra.checks.index import CHECKS
from mlinfra.errors import OperationError
from mlinfra.operations.checks import checkov_findings
from mlinfra.operations.checks.checkov import read_report
from mlinfra.stack import acknowledge

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra import MlStack
    from mlinfra.operations.checks import CheckFinding
    from mlinfra.testing import Synth, Template

TODAY = date(2026, 11, 30)
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


def failed(check: str, resource: str) -> dict[str, Any]:
    """A failed check, as checkov 3.3 reports it."""
    return {
        "check_id": check,
        "check_name": "Ensure it is right",
        "resource": resource,
        "file_path": "/cdk.tf.json",
        "file_abs_path": "/out/stacks/dev-test/cdk.tf.json",
    }


def found(template: Template, *failures: dict[str, Any]) -> list[CheckFinding]:
    stacks = {template.stack: template.document}
    return [each for each, _ in checkov_findings(failures, stacks, CHECKS, today=TODAY)]


def with_bucket(synth: Synth, until: date | None = None, check: str = "CKV_AWS_18") -> Template:
    def build(stack: MlStack) -> None:
        bucket = s3_bucket.S3Bucket(stack, "logs", bucket="logs")
        acknowledge(bucket, check, reason="It holds the logs.", until=until)

    return synth.constructs(build)


def test_a_finding_is_held_unless_its_construct_is_acknowledged(synth: Synth) -> None:
    template = with_bucket(synth)
    (address,) = template.find("aws_s3_bucket")
    accepted, other = found(template, failed("CKV_AWS_18", address), failed("CKV_AWS_19", address))
    assert (accepted.fails, accepted.acknowledged, accepted.path) == (False, "It holds the logs.", "dev-test/logs")
    assert (other.fails, other.text) == (True, f"{address}: Ensure it is right.")


def test_a_resource_without_its_type_is_found_by_its_name(synth: Synth) -> None:
    template = with_bucket(synth)
    (address,) = template.find("aws_s3_bucket")
    (finding,) = found(template, failed("CKV_AWS_18", address.replace("aws_s3_bucket", "resource")))
    assert finding.path == "dev-test/logs"


def test_an_expired_acknowledgement_fails(synth: Synth) -> None:
    template = with_bucket(synth, until=date(2026, 11, 29))
    (address,) = template.find("aws_s3_bucket")
    (finding,) = found(template, failed("CKV_AWS_18", address))
    assert (finding.fails, finding.expired) == (True, "2026-11-29")


@pytest.mark.parametrize("acknowledged", [True, False])
@pytest.mark.parametrize("related", [each for check in CHECKS for each in check.related if each.startswith("CKV")])
def test_checkov_and_the_check_of_the_same_fact_agree(synth: Synth, related: str, *, acknowledged: bool) -> None:
    def build(stack: MlStack) -> None:
        policy = iam_policy.IamPolicy(stack, "policy", policy=json.dumps(POLICY))
        if acknowledged:
            acknowledge(policy, "MLC302", reason="The catalog lists all buckets.")

    template = synth.constructs(build)
    (address,) = template.find("aws_iam_policy")
    (of_checkov,) = found(template, failed(related, address))
    (of_mlinfra,) = evaluate(StackConfiguration("dev-test", template.document, has_tags=False), CHECKS, today=TODAY)
    assert of_mlinfra.check.id == "MLC302"
    assert (of_mlinfra.acknowledged is not None) == (of_checkov.acknowledged is not None) == acknowledged


def test_the_suppressions_of_mlinfras_own_constructs_apply(synth: Synth) -> None:
    template = with_bucket(synth)
    (address,) = template.find("aws_s3_bucket")
    (finding,) = found(template, failed("CKV_AWS_144", address))
    assert finding.acknowledged is not None
    assert finding.acknowledged.startswith("A copy in another region")


def test_findings_of_other_stacks_are_omitted(synth: Synth) -> None:
    assert found(with_bucket(synth), failed("CKV_AWS_1", "x") | {"file_abs_path": "/out/stacks/prod/cdk.tf.json"}) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        ("nonsense", "is not a report of checkov"),
        ("[]", "is not a report of checkov"),
        ('{"summary": {"parsing_errors": 0, "passed": 0}, "results": {}}', "checkov has not parsed the stacks"),
    ],
)
def test_a_report_that_says_nothing_is_an_error(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "report.json").write_text(content)
    with pytest.raises(OperationError, match=message):
        read_report(tmp_path / "report.json")
