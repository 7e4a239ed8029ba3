"""Suppressions of checkov findings: valid ones, unused ones and those without a reason."""

from __future__ import annotations

from mlinfra.checks.suppressions import SUPPRESSIONS, Suppression


def test_a_suppression_covers_its_check_at_its_address_only() -> None:
    suppression = Suppression(check="CKV_AWS_18", address=r"aws_s3_bucket\.logs_.*", reason="It holds logs.")
    assert suppression.covers("CKV_AWS_18", "aws_s3_bucket.logs_1")
    assert not suppression.covers("CKV_AWS_19", "aws_s3_bucket.logs_1")
    assert not suppression.covers("CKV_AWS_18", "aws_s3_bucket.raw_1")
    assert not suppression.covers("CKV_AWS_18", "module.aws_s3_bucket.logs_1")


def test_every_suppression_gives_a_reason() -> None:
    assert all(len(each.reason) > 40 for each in SUPPRESSIONS)
