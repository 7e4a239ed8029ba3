from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.operations.review import review
from tests.unit.operations.review.plans import TODAY, change, reviewed, rules_of, texts

if TYPE_CHECKING:
    from pathlib import Path

Values = dict[str, Any]


def group(instance_type: str, nodes: int) -> Values:
    override = [{"instance_type": instance_type}]
    return {
        "name": "training",
        "min_size": 0,
        "max_size": nodes,
        "desired_capacity": nodes,
        "mixed_instances_policy": [{"launch_template": [{"override": override}]}],
    }


def test_a_multiple_of_the_cost_is_held_with_both_sums(tmp_path: Path) -> None:
    before, after = group("g4dn.xlarge", 2), group("p5.48xlarge", 2)
    text = texts(reviewed(tmp_path, change("aws_autoscaling_group.x", before, after)))["MLR421"]
    assert text == (
        "The cost of instances rises from 768 USD to 80,358 USD a month: by 79,590 USD, more than the limit of "
        "5,000 USD, and to more than 2 times the present cost. Most of it: `aws_autoscaling_group.x` (+79,590 USD)."
    )


def test_a_new_expensive_cluster_is_held(tmp_path: Path) -> None:
    assert "MLR421" in texts(reviewed(tmp_path, change("aws_autoscaling_group.x", None, group("p5.48xlarge", 4))))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (group("g4dn.xlarge", 2), group("g4dn.xlarge", 3)),
        (group("g4dn.xlarge", 1), group("g4dn.xlarge", 2)),
        (None, group("g5.xlarge", 1)),
        (group("p5.48xlarge", 2), group("g4dn.xlarge", 2)),
    ],
)
def test_a_small_increase_is_not_held(tmp_path: Path, before: Values | None, after: Values) -> None:
    assert "MLR421" not in texts(reviewed(tmp_path, change("aws_autoscaling_group.x", before, after)))


def test_the_limits_can_be_declared(tmp_path: Path) -> None:
    changes = [change("aws_autoscaling_group.x", None, group("p5.48xlarge", 4))]
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"format_version": "1.2", "resource_changes": changes}))
    (tmp_path / "approvals").mkdir()
    for limit, held in ((200_000, False), (1_000, True)):
        (tmp_path / "approvals" / "settings.yaml").write_text(f"max_increase_usd: {limit}\n")
        report = review([path], root=tmp_path, today=TODAY)
        assert ("MLR421" in {each.id for each in report.held}) is held


def test_reserved_capacity_is_held(tmp_path: Path) -> None:
    reserved = {"instance_type": "p5.48xlarge", "instance_count": 4}
    assert rules_of(tmp_path, change("aws_ec2_capacity_reservation.x", None, reserved)) == {("MLR422", "hold")}


def test_a_larger_resource_without_a_price_is_a_warning(tmp_path: Path) -> None:
    before, after = ({"identifier": "db", "instance_class": each} for each in ("db.t3.micro", "db.r6g.large"))
    assert texts(reviewed(tmp_path, change("aws_db_instance.x", before, after))) == {
        "MLR423": (
            "The database `db` has another instance class: `instance_class` changes from `db.t3.micro` to "
            "`db.r6g.large`."
        )
    }


def end(folder: Path, experiment: str) -> set[tuple[str, str]]:
    tags = [{"key": "Experiment", "value": "two-tower"}]
    cluster = {**group("g4dn.xlarge", 2), "desired_capacity": 0, "tag": tags}
    log = {"name": "/mlinfra/recsys/dev/training/x", "tags_all": {"Experiment": experiment}}
    return rules_of(
        folder, change("aws_autoscaling_group.x", cluster, None), change("aws_cloudwatch_log_group.x", log, None)
    )


def test_the_end_of_an_experiment_without_nodes_is_not_held(tmp_path: Path) -> None:
    assert end(tmp_path, "two-tower") == {("MLR103", "note"), ("MLR409", "note")}


def test_the_log_group_of_another_experiment_is_held(tmp_path: Path) -> None:
    assert end(tmp_path, "ranker") == {("MLR101", "hold"), ("MLR409", "note")}
