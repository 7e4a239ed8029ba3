"""Findings about clusters of expired experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.operations.review.finding import Level
from tests.unit.operations.review.plans import change, reviewed

if TYPE_CHECKING:
    from pathlib import Path

GROUP = "aws_autoscaling_group.x"


def a_group(expires: str, **more: Any) -> dict[str, Any]:
    tags = [{"key": "Expires", "value": expires}, {"key": "Owner", "value": "ana@example.com"}]
    return {"name": "recsys-dev-two-tower", "tag": tags, "max_size": 0, **more}


def test_a_cluster_that_is_created_after_its_expiry_is_held(tmp_path: Path) -> None:
    (finding,) = reviewed(tmp_path, change(GROUP, None, a_group("2026-11-23"))).held
    assert finding.id == "MLR407"
    assert finding.text == (
        "The experiment of `recsys-dev-two-tower` expired 3 days ago (2026-11-23). Owner: `ana@example.com`."
    )


@pytest.mark.parametrize("actions", [["update"], ["no-op"], ["delete", "create"]])
def test_a_cluster_whose_experiment_has_expired_is_a_warning(tmp_path: Path, actions: list[str]) -> None:
    group = a_group("2026-11-25")
    report = reviewed(tmp_path, change(GROUP, group | {"default_cooldown": 1}, group, actions=actions))
    (finding,) = [each for each in report.findings if each.id == "MLR408"]
    assert finding.level is Level.WARNING
    assert "expired 1 day ago (2026-11-25)" in finding.text


@pytest.mark.parametrize("expires", ["2026-11-26", "2026-12-18", "soon"])
def test_a_cluster_on_its_last_day_or_without_a_valid_date_has_no_finding(tmp_path: Path, expires: str) -> None:
    report = reviewed(tmp_path, change(GROUP, None, a_group(expires)))
    assert not [each for each in report.findings if each.id in {"MLR407", "MLR408"}]


def test_a_cluster_that_is_destroyed_has_no_finding_about_its_expiry(tmp_path: Path) -> None:
    report = reviewed(tmp_path, change(GROUP, a_group("2026-11-01"), None))
    assert [each.id for each in report.findings] == ["MLR401"]
