"""Commands in notifications, for clusters of mlinfra, other groups and instances."""

from __future__ import annotations

import pytest

from mlinfra.functions.contract import Tag
from mlinfra.functions.fleet import Target
from mlinfra.functions.remedies import start_command, stop_command, way_to_extend

REGION = "eu-west-1"
CLUSTER = Target("recsys-dev-ranker", "group", tags={Tag.ENVIRONMENT: "dev", Tag.EXPERIMENT: "ranker"})
GROUP = Target("legacy", "group", tags={Tag.AUTO_STOP: "true"})
INSTANCE = Target("i-0abc", "instance")
RESIZE = "aws autoscaling set-desired-capacity --auto-scaling-group-name legacy --desired-capacity"


@pytest.mark.parametrize(
    ("target", "start", "stop"),
    [
        (
            CLUSTER,
            "mlinfra clusters start dev ranker",
            "mlinfra clusters stop dev ranker (with --force if it is busy, which ends its jobs)",
        ),
        (GROUP, f"{RESIZE} NODES --region eu-west-1", f"{RESIZE} 0 --region eu-west-1"),
        (
            INSTANCE,
            "aws ec2 start-instances --instance-ids i-0abc --region eu-west-1",
            "aws ec2 stop-instances --instance-ids i-0abc --region eu-west-1",
        ),
    ],
)
def test_a_target_is_started_and_stopped_by_a_command_that_knows_it(target: Target, start: str, stop: str) -> None:
    assert start_command(target, REGION) == start
    assert stop_command(target, REGION) == stop


def test_a_busy_cluster_is_stopped_by_force() -> None:
    assert stop_command(CLUSTER, REGION, force=True) == "mlinfra clusters stop dev ranker --force"


@pytest.mark.parametrize("target", [GROUP, INSTANCE])
def test_other_groups_and_instances_are_extended_by_their_tag(target: Target) -> None:
    assert way_to_extend(target) == "set its tag Expires to a later day, such as 2026-12-18."
    assert way_to_extend(CLUSTER) == "mlinfra clusters extend dev ranker --until YYYY-MM-DD"
