"""Forgotten resources that are still declared."""

from __future__ import annotations

from mlinfra.checks.forgotten import forgotten_and_declared

FORGOTTEN = {"removed": [{"from": "aws_s3_bucket.old"}]}


def test_a_forgotten_resource_that_is_declared_is_reported() -> None:
    (problem,) = forgotten_and_declared({**FORGOTTEN, "resource": {"aws_s3_bucket": {"old": {}}}})
    assert "aws_s3_bucket.old is in the environment's record of forgotten resources" in problem.text


def test_one_that_is_not_declared_is_forgotten() -> None:
    assert list(forgotten_and_declared({**FORGOTTEN, "resource": {"aws_s3_bucket": {"other": {}}}})) == []
