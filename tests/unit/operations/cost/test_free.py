from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlinfra.operations.cost.estimating import FORMULAS
from mlinfra.operations.cost.free import reason_of

SNAPSHOTS = Path("tests/snapshots/__snapshots__")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("aws_iam_role", "IAM is free"),
        ("aws_s3_bucket_policy", "billed with its bucket"),
        ("aws_launch_template", "billed with its instances or snapshots"),
        ("random_id", "not a resource of AWS"),
    ],
)
def test_a_free_type_has_a_reason(kind: str, reason: str) -> None:
    assert reason_of(kind) == reason


@pytest.mark.parametrize(
    "kind",
    [
        "aws_db_instance",
        "aws_msk_cluster",
        "aws_redshift_cluster",
        "aws_s3_bucket",
        "aws_ecr_repository",
        "aws_new_thing",
    ],
)
def test_a_type_that_is_billed_or_unknown_is_not_free(kind: str) -> None:
    assert reason_of(kind) is None


def test_a_type_with_a_formula_is_not_declared_free() -> None:
    assert [each for each in FORMULAS if reason_of(each)] == []


def test_every_type_that_mlinfra_makes_has_a_formula_or_is_free() -> None:
    made = {
        kind
        for file in SNAPSHOTS.rglob("*.json")
        for kind in json.loads(file.read_text(encoding="utf-8")).get("resource", {})
    }
    assert len(made) > 50
    assert sorted(kind for kind in made if kind not in FORMULAS and reason_of(kind) is None) == []
