"""EC2 Auto Scaling: groups. Their instances are read from EC2, and counted with the group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.audit.found import Found, Place, tags_of
from mlinfra.operations.audit.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PAGE: Final = 100
"""The maximum of DescribeAutoScalingGroups (Auto Scaling API reference, read 2026-11-29)."""

_CLUSTER_TAG: Final = "eks:cluster-name"
_NODE_GROUP_TAG: Final = "eks:nodegroup-name"
"""The tags of the group of an EKS managed node group (EKS user guide, "Simplify node lifecycle with managed node
groups", read 2026-11-29)."""


def _groups(autoscaling: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401  boto3 makes its clients at run time
    pages = autoscaling.get_paginator("describe_auto_scaling_groups").paginate(PaginationConfig={"PageSize": _PAGE})
    for page in pages:
        for each in page["AutoScalingGroups"]:
            tags = tags_of(each.get("Tags"))
            name = each["AutoScalingGroupName"]
            yield Found(
                place.region,
                "autoscaling",
                "auto-scaling-group",
                name,
                name,
                each.get("AutoScalingGroupARN", ""),
                _state(each),
                each.get("CreatedTime"),
                tags,
                part_of=_node_group(tags),
                creator="AWS Batch" if tags.get("AWSBatchServiceTag") == "batch" else "",
            )


def _state(group: Mapping[str, Any]) -> str:
    if deleting := group.get("Status"):
        return str(deleting)
    wanted, nodes = group["DesiredCapacity"], len(group.get("Instances", ()))
    if not wanted and not nodes:
        return "stopped"
    return "running" if wanted == nodes else f"{nodes} of {wanted} nodes"


def _node_group(tags: Mapping[str, str]) -> tuple[str, str] | None:
    if _NODE_GROUP_TAG not in tags or _CLUSTER_TAG not in tags:
        return None
    return ("node-group", f"{tags[_CLUSTER_TAG]}:{tags[_NODE_GROUP_TAG]}")


READERS: Final = (Reader("autoscaling", ("auto-scaling-group",), ("autoscaling:DescribeAutoScalingGroups",), _groups),)
"""All readers of EC2 Auto Scaling."""
