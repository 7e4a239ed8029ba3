"""Conditions under which an address counts as lost."""

from __future__ import annotations

from mlinfra.checks.addresses import addresses, vanished

STACK = {"resource": {"aws_s3_bucket": {"raw": {}, "models": {}}, "aws_kms_key": {"key": {}}}}


def test_addresses_are_sorted() -> None:
    assert addresses(STACK) == ["aws_kms_key.key", "aws_s3_bucket.models", "aws_s3_bucket.raw"]


def test_a_missing_address_has_vanished() -> None:
    assert vanished(["aws_s3_bucket.raw", "aws_s3_bucket.old"], STACK) == ["aws_s3_bucket.old"]


def test_an_address_that_was_moved_has_not() -> None:
    moved = STACK | {"moved": [{"from": "aws_s3_bucket.old", "to": "aws_s3_bucket.raw"}]}
    assert vanished(["aws_s3_bucket.raw", "aws_s3_bucket.old"], moved) == []
