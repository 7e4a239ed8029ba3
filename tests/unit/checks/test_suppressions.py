"""Suppressions of checkov findings: valid ones, unused ones and those without a reason."""

from __future__ import annotations

import pytest

from mlinfra.checks.suppressions import SUPPRESSIONS, Suppression


def test_a_suppression_covers_its_check_at_its_address_only() -> None:
    suppression = Suppression(check="CKV_AWS_18", address=r"aws_s3_bucket\.logs_.*", reason="It holds logs.")
    assert suppression.covers("CKV_AWS_18", "aws_s3_bucket.logs_1")
    assert not suppression.covers("CKV_AWS_19", "aws_s3_bucket.logs_1")
    assert not suppression.covers("CKV_AWS_18", "aws_s3_bucket.raw_1")
    assert not suppression.covers("CKV_AWS_18", "module.aws_s3_bucket.logs_1")


def test_a_finding_about_the_fact_of_a_check_is_acknowledged_and_never_suppressed() -> None:
    with pytest.raises(ValueError, match="CKV_AWS_355 reports the same fact as MLC302"):
        Suppression(check="CKV_AWS_355", address=".*", reason="The role reads all buckets.")


@pytest.mark.parametrize(
    ("check", "reason", "message"),
    [("CKV-18", "It holds logs only.", "There is no check 'CKV-18'"), ("CKV_AWS_18", "why", "The reason 'why' is too")],
)
def test_an_invalid_suppression_is_refused(check: str, reason: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Suppression(check=check, address=".*", reason=reason)


def test_every_suppression_gives_a_reason() -> None:
    assert all(len(each.reason) > 40 for each in SUPPRESSIONS)
