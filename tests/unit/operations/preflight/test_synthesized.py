"""The capacity of synthesized stacks."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import CapacityBlock, CapacityReservation, Environment, OnDemand, Queue, Spot
from mlinfra.operations.preflight import demands, synthesized_capacity
from mlinfra.stacks.training import TrainingStack
from tests.conftest import an_environment as declared_environment, an_experiment

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.testing import Synth

TODAY = date(2026, 11, 29)
RESERVED = "cr-0123456789abcdef0"
START, END = datetime(2026, 12, 1, 11, 30, tzinfo=timezone.utc), datetime(2026, 12, 8, 11, 30, tzinfo=timezone.utc)


def an_environment(**changes: Any) -> Environment:
    """An environment whose spend limit is above the cost of every experiment."""
    return declared_environment(monthly_spend_limit_usd=9_000_000, **changes)


@pytest.mark.parametrize(
    "purchase",
    [
        OnDemand(),
        Spot(on_demand_nodes=1, instance_types=("g6.xlarge",), max_usd_per_hour=0.9),
        CapacityReservation(reservation_id=RESERVED),
        CapacityBlock(reservation_id=RESERVED, starts=START, ends=END),
    ],
)
def test_the_demand_of_a_cluster_is_that_of_its_declaration(synth: Synth, purchase: Any) -> None:
    experiment = an_experiment(instance_type="g5.xlarge", nodes=3, purchase=purchase)
    environment = an_environment(experiments=[experiment], today=TODAY)
    template = synth(TrainingStack, environment=environment)
    found = synthesized_capacity(template.folder, today=TODAY)
    assert found
    place, (demand,) = found
    assert (place.name, place.project, place.region) == ("dev", "recsys", "us-east-1")
    (declared,) = demands(environment)
    assert demand == replace(declared, starts=None, ends=None)


def test_the_demands_of_a_queue_are_its_compute_environments(synth: Synth) -> None:
    queue = Queue(name="nightly", owner="ana@example.com", max_nodes=4, teams={"vision": 1}, gpu="A10G")
    template = synth(TrainingStack, environment=an_environment(queues=[queue]))
    found = synthesized_capacity(template.folder, today=TODAY)
    assert found
    kinds = sorted((each.name, each.purchase, each.nodes, each.instance_types) for each in found[1])
    assert kinds == [
        ("nightly", "on_demand", 4, ("g5.xlarge",)),
        ("nightly", "on_demand", 4, ("g5.xlarge",)),
        ("nightly", "spot", 4, ("g5.xlarge",)),
    ]


GROUP = {
    "launch_template": {"id": "${aws_launch_template.nodes.id}"},
    "max_size": 2,
    "tag": [
        {"key": "Experiment", "value": "two-tower"},
        {"key": "Environment", "value": "dev"},
        {"key": "Project", "value": "recsys"},
        {"key": "Owner", "value": "ana@example.com"},
    ],
}


def capacity(folder: Path, *, region: str = "us-east-1", instance_type: str = "g5.xlarge", **group: Any) -> Any:
    content = {
        "provider": {"aws": [{"region": region}]},
        "resource": {
            "aws_launch_template": {"nodes": {"instance_type": instance_type}},
            "aws_autoscaling_group": {"nodes": {**GROUP, **group}},
        },
    }
    (folder / "cdk.tf.json").write_text(json.dumps(content))
    return synthesized_capacity(folder, today=TODAY)


def tags(**changes: str) -> list[dict[str, str]]:
    given = {each["key"]: each["value"] for each in GROUP["tag"]} | changes  # type: ignore[attr-defined, index]
    return [{"key": key, "value": value} for key, value in given.items()]


def test_a_group_of_mlinfra_is_found(tmp_path: Path) -> None:
    found = capacity(tmp_path)
    assert [(each.name, each.owner, each.nodes) for each in found[1]] == [("two-tower", "ana@example.com", 2)]


@pytest.mark.parametrize(
    "change",
    [
        {"region": "evil.example.com"},
        {"instance_type": "p9.\x1b[31mlarge"},
        {"max_size": "${var.size}"},
        {"max_size": 0},
        {"tag": tags(Experiment="\x1b[2Jtwo-tower")},
        {"tag": tags(Environment="dev\nprod")},
        {"tag": []},
    ],
)
def test_values_of_another_form_are_not_used(tmp_path: Path, change: dict[str, Any]) -> None:
    assert capacity(tmp_path, **change) is None


def test_an_owner_and_a_day_of_another_form_are_unknown(tmp_path: Path) -> None:
    (demand,) = capacity(tmp_path, tag=tags(Owner="\x1b[31m", Expires="tomorrow"))[1]
    assert (demand.owner, demand.expires) == ("unknown", None)
