"""Containers: EKS clusters and node groups, and compute environments of Batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.audit.found import Charge, Found, Place
from mlinfra.operations.audit.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _eks(eks: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401  boto3 makes its clients at run time
    for page in eks.get_paginator("list_clusters").paginate():
        for name in page["clusters"]:
            each = eks.describe_cluster(name=name)["cluster"]
            yield Found(
                place.region,
                "eks",
                "eks-cluster",
                name,
                name,
                each.get("arn", ""),
                each.get("status", "").lower(),
                each.get("createdAt"),
                each.get("tags") or {},
                (Charge("eks", "cluster", note="Standard support is assumed."),),
                problems=tuple(_problems(each)),
            )
            for groups in eks.get_paginator("list_nodegroups").paginate(clusterName=name):
                for group in groups["nodegroups"]:
                    yield _node_group(eks, name, group, place)


def _problems(cluster: Mapping[str, Any]) -> Iterator[str]:
    network = cluster.get("resourcesVpcConfig", {})
    # An endpoint without a list is open to all addresses (EKS API reference, "VpcConfigRequest", read 2026-11-29).
    if network.get("endpointPublicAccess") and "0.0.0.0/0" in (network.get("publicAccessCidrs") or ["0.0.0.0/0"]):
        yield "The endpoint of the Kubernetes API accepts connections from the internet."


def _node_group(eks: Any, cluster: str, name: str, place: Place) -> Found:  # noqa: ANN401
    each = eks.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]
    return Found(
        place.region,
        "eks",
        "node-group",
        f"{cluster}:{name}",
        name,
        each.get("nodegroupArn", ""),
        each.get("status", "").lower(),
        each.get("createdAt"),
        each.get("tags") or {},
    )


def _batch(batch: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401
    for page in batch.get_paginator("describe_compute_environments").paginate():
        for each in page["computeEnvironments"]:
            name = each["computeEnvironmentName"]
            yield Found(
                place.region,
                "batch",
                "compute-environment",
                name,
                name,
                each.get("computeEnvironmentArn", ""),
                f"{each.get('state', '')} {each.get('status', '')}".strip().lower(),
                None,
                each.get("tags") or {},
            )


READERS: Final = (
    Reader(
        "eks",
        ("eks-cluster", "node-group"),
        ("eks:ListClusters", "eks:DescribeCluster", "eks:ListNodegroups", "eks:DescribeNodegroup"),
        _eks,
    ),
    Reader("batch", ("compute-environment",), ("batch:DescribeComputeEnvironments",), _batch),
)
"""All readers of container services."""
