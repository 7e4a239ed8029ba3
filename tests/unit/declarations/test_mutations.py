"""Mutated declarations: each is accepted, or rejected with an error that names the field."""

from __future__ import annotations

import re
from datetime import date, datetime, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from ci import environment_docs
from mlinfra import DeclarationError, Environment
from mlinfra.declarations.base import judging
from tests.conftest import TODAY

FULL: dict[str, Any] = {
    "name": "dev",
    "project": "recsys",
    "account_id": "111111111111",
    "region": "us-east-1",
    "team": "ml-platform",
    "cost_center": "ml-1234",
    "repository": "gitlab.example.com/ml/platform",
    "monthly_spend_limit_usd": 15_000,
    "network_cidr": "10.10.0.0/16",
    "data_lake": {"events": ["raw"], "inventory": {"raw": "Weekly"}, "scan_limit_gib": 10.0},
    "bucket_names": {"raw": "recsys-raw"},
    "quiet_hours": {"begin": "20:00", "time_zone": "Europe/Berlin"},
    "sizes": {"small": "p3.2xlarge", "medium": "g5.12xlarge"},
    "images": {"v100": {"reference": "ami-0123456789abcdef0"}},
    "alert_emails": ["ml-platform@example.com"],
    "experiments": [
        {
            "name": "two-tower-v2",
            "owner": "ana@example.com",
            "expires": date(2026, 12, 18),
            "gpu": "A10G",
            "gpus_per_node": 4,
            "nodes": 2,
            "purchase": {"on_demand_nodes": 1, "instance_types": ["g5.24xlarge"], "max_usd_per_hour": 9.0},
            "lustre": {"zone": "raw", "prefix": "clicks/", "capacity_gib": 1200},
            "variables": {"MODE": "fast"},
            "works_in_quiet_hours": "It trains through the night.",
        },
        {"name": "sampling", "owner": "li@example.com", "expires": "2026-12-20", "size": "small"},
    ],
    "endpoints": [
        {
            "name": "ranker",
            "owner": "ana@example.com",
            "hosting": {
                "instance_type": "ml.g5.xlarge",
                "instances": 2,
                "max_instances": 4,
                "invocations_per_instance": 200.0,
            },
            "variants": [
                {"image": "ranker:3.1", "model_data": "ranker/7/model.tar.gz", "weight": 1, "variables": {"A": "b"}}
            ],
            "shadow": {"name": "shadow", "image": "ranker:3.2", "weight": 0.5},
            "deployment": {"traffic": "canary", "step_percent": 10},
            "capture_percent": 5,
        }
    ],
    "image_repositories": ["ranker", "two-tower"],
    "models": [{"name": "ranker", "owner": "ana@example.com", "description": "In which order items are shown."}],
    "feature_groups": [
        {
            "name": "item-clicks",
            "owner": "li@example.com",
            "features": {"item_id": "String", "seen_at": "Fractional"},
            "record_identifier": "item_id",
            "event_time": "seen_at",
        }
    ],
    "trusted_account_ids": ["222222222222"],
    "teams": [{"name": "ranking", "instance_types": ["ml.g4dn.xlarge"], "writes": ["features"]}],
    "people": [{"name": "ana", "email": "ana@example.com", "team": "ranking"}],
    "studio": {"idle_minutes": 60, "spaces": [{"name": "shared-one", "owner": "ana", "shared": True}]},
    "pipeline": {"provider": "gitlab", "project": "ml/platform"},
    "tracking": {"size": "Small"},
    "adopted": [
        {
            "type": "aws_s3_bucket",
            "id": "legacy",
            "name": "legacy",
            "owner": "ana@example.com",
            "since": date(2026, 11, 1),
            "arguments": {"bucket": "legacy"},
        }
    ],
    "forgotten": [
        {
            "address": "aws_s3_bucket.old",
            "stack": "dev-adopted",
            "reason": "It is managed elsewhere.",
            "who": "ana",
            "when": date(2026, 11, 2),
        }
    ],
}


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


VALUES = st.one_of(
    st.sampled_from(
        [
            None,
            True,
            0,
            -1,
            10**9,
            10**400,
            float("inf"),
            float("-inf"),
            float("nan"),
            "",
            "\n",
            "\0",
            "dev",
            "${aws_s3_bucket.x}",
            "%{ if true }",
            "x" * 5_000,
            "١٢٣٤٥٦٧٨٩٠١٢",
            b"bytes",
            [],
            [[]],
            ["a", "a"],
            {},
            {"a": {}},
            {1: 2},
            object(),
            datetime(2026, 12, 18, 12, tzinfo=timezone.utc),
            datetime(2026, 12, 18),  # noqa: DTZ001  as a user may write it
            date.max,
            date.min,
            "127.0.0.0/16",
            "169.254.0.0/16",
            "10.0.0.0/255.255.0.0",
            nested(100),
            nested(5_000),
        ]
    ),
    st.text(max_size=12),
    st.integers(),
    st.floats(),
)


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in the declaration."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, part in parts for found in ((*here, key), *paths(part, (*here, key)))]


PATHS = paths(FULL)
FIELDS = {name for each in environment_docs.MODELS for name in each.model_fields}


def mutated(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    key, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[key] = mutated(value[key], tuple(rest), new)
    return copy


def rejections(values: dict[str, Any], *, collected: bool = True) -> list[DeclarationError]:
    if not collected:
        Environment(**values, today=TODAY)
        return []
    with judging(TODAY) as judgement:
        Environment(**values)
    return judgement.errors


def test_the_declaration_is_valid_before_it_is_mutated() -> None:
    assert rejections(FULL) == []


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(path=st.sampled_from(PATHS), new=VALUES, collected=st.booleans())
def test_a_mutated_declaration_is_accepted_or_rejected_with_the_field(
    path: tuple[Any, ...], new: Any, *, collected: bool
) -> None:
    """Both alone, where the error is raised, and as environment files are read, where all errors are collected."""
    try:
        errors = rejections(mutated(FULL, path, new), collected=collected)
    except DeclarationError as error:
        errors = [error]
    for problem in (problem for error in errors for problem in error.problems):
        assert len(problem) < 3_000
        field = re.match(r"[a-z_]+", problem)
        assert field, problem
        assert field[0] in FIELDS, problem


@pytest.mark.parametrize(
    ("path", "new", "said"),
    [
        (("monthly_spend_limit_usd",), float("inf"), "monthly_spend_limit_usd: inf: input should be a finite number"),
        (("data_lake", "scan_limit_gib"), float("inf"), "scan_limit_gib: inf: input should be a finite number"),
        (
            ("endpoints", 0, "hosting", "invocations_per_instance"),
            float("inf"),
            "invocations_per_instance: inf: input should be a finite number",
        ),
        (("endpoints", 0, "variants", 0, "weight"), float("inf"), "weight: inf: input should be a finite number"),
        (("account_id",), "١٢٣٤٥٦٧٨٩٠١٢", "account_id: '١٢٣٤٥٦٧٨٩٠١٢'"),
        (("network_cidr",), "10.0.0.0/255.255.0.0", "is not in CIDR notation. Expected: 10.0.0.0/16."),
        (("network_cidr",), "127.0.0.0/16", "network_cidr: '127.0.0.0/16' is not in the allowed ranges."),
        (("network_cidr",), "169.254.0.0/16", "network_cidr: '169.254.0.0/16' is not in the allowed ranges."),
        (("experiments", 0, "name"), ["two-tower"], "name: ['two-tower']: input should be a valid string"),
        (
            ("experiments", 0, "expires"),
            datetime(2026, 12, 18, 12),  # noqa: DTZ001  as a user may write it
            "expires: datetime.datetime(2026, 12, 18, 12, 0): datetimes provided to dates should have zero time",
        ),
        (("bucket_names",), 7, "bucket_names: 7: input should be a valid dict"),
        (
            ("experiments", 0, "works_in_quiet_hours"),
            "It costs ${var.price} per hour.",
            "works_in_quiet_hours: 'It costs ${var.price} per hour.' contains '${', which Terraform evaluates",
        ),
    ],
)
def test_what_terraform_or_aws_would_reject_is_rejected_with_the_reason(
    path: tuple[Any, ...], new: Any, said: str
) -> None:
    assert said in "\n".join(map(str, rejections(mutated(FULL, path, new))))


def test_a_long_value_is_shortened_in_the_error() -> None:
    (error,) = rejections(FULL | {"region": "x" * 5_000})
    assert "xxx..." in str(error)
    assert "x" * 300 not in str(error)
