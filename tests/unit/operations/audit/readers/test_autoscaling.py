"""Auto scaling groups in a local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.operations.audit.readers.reading import read_one
from tests.unit.operations.audit.story import a_group

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_state_of_a_group_is_that_of_its_size(client: Callable[..., Any]) -> None:
    a_group(client, "nodes", "g5.xlarge", 1, "us-east-1", Owner="ana")
    found = read_one(client, "auto-scaling-group")
    assert (found.id, found.state, found.tags, found.part_of) == ("nodes", "running", {"Owner": "ana"}, None)
    client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="nodes", DesiredCapacity=0)
    assert read_one(client, "auto-scaling-group").state == "stopped"


def test_the_group_of_a_node_group_is_counted_with_it(client: Callable[..., Any]) -> None:
    tags = {"eks:cluster-name": "kube", "eks:nodegroup-name": "gpu"}
    a_group(client, "eks-gpu", "g5.xlarge", 1, "us-east-1", **tags)
    assert read_one(client, "auto-scaling-group").part_of == ("node-group", "kube:gpu")


def test_the_group_of_batch_has_its_creator(client: Callable[..., Any]) -> None:
    a_group(client, "queue-asg-1", "g5.xlarge", 1, "us-east-1", AWSBatchServiceTag="batch")
    assert read_one(client, "auto-scaling-group").creator == "AWS Batch"
