"""Job definitions with several nodes and with a scheduling priority."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local_aws.gaps.batch.conftest import NAME

CONTAINER = {
    "image": "two-tower:2.3",
    "resourceRequirements": [{"type": "VCPU", "value": "4"}, {"type": "MEMORY", "value": "1024"}],
}


def test_a_definition_returns_its_nodes_and_its_priority(batch: Any) -> None:
    nodes = {"numNodes": 2, "mainNode": 0, "nodeRangeProperties": [{"targetNodes": "0:", "container": CONTAINER}]}
    arn = batch.register_job_definition(
        jobDefinitionName=NAME, type="multinode", nodeProperties=nodes, schedulingPriority=7
    )["jobDefinitionArn"]
    (definition,) = batch.describe_job_definitions(jobDefinitions=[arn])["jobDefinitions"]
    assert definition["schedulingPriority"] == 7
    (properties,) = definition["nodeProperties"]["nodeRangeProperties"]
    assert properties["container"].items() >= CONTAINER.items()
    assert properties["container"]["environment"] == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"mainNode": 2}, "mainNode must be fewer"),
        ({"nodeRangeProperties": [{"targetNodes": "0:0", "container": CONTAINER}]}, "account for all nodes"),
        ({"nodeRangeProperties": [{"targetNodes": "0:1", "container": {}}]}, "must contain image"),
    ],
)
def test_invalid_node_properties_are_refused(batch: Any, change: dict[str, Any], complaint: str) -> None:
    nodes = {"numNodes": 2, "mainNode": 0, "nodeRangeProperties": [{"targetNodes": "0:1", "container": CONTAINER}]}
    with pytest.raises(ClientError, match=complaint):
        batch.register_job_definition(
            jobDefinitionName=f"{NAME}-refused", type="multinode", nodeProperties=nodes | change
        )


def test_a_multi_node_definition_without_nodes_is_refused(batch: Any) -> None:
    with pytest.raises(ClientError, match="nodeProperties must be provided"):
        batch.register_job_definition(jobDefinitionName=f"{NAME}-refused", type="multinode")


def test_a_scheduling_priority_above_the_limit_is_refused(batch: Any) -> None:
    with pytest.raises(ClientError, match="between 0 and 9999"):
        batch.register_job_definition(
            jobDefinitionName=f"{NAME}-refused",
            type="container",
            containerProperties=CONTAINER,
            schedulingPriority=10_000,
        )
