"""Resources in the Terraform states of the account: all objects `*.tfstate` of the buckets for states.

Only addresses, ids and ARNs are kept. States may contain secrets, which are discarded while they are read.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.audit.item import FailedRead
from mlinfra.operations.audit.scan import FAILURES, failed_read

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from mlinfra.operations.audit.found import Found
    from mlinfra.operations.audit.scan import RegionalClients

_PARALLEL: Final = 8
_FORMAT: Final = 4
"""The version of the format of states, since Terraform 0.12."""

_REFUSED: Final = frozenset({"403", "AccessDenied"})

_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "address": ("aws_eip",),
    "app": ("aws_sagemaker_app",),
    "auto-scaling-group": ("aws_autoscaling_group",),
    "bucket": ("aws_s3_bucket",),
    "capacity-block": ("aws_ec2_capacity_block_reservation",),
    "capacity-reservation": ("aws_ec2_capacity_reservation",),
    "classic-load-balancer": ("aws_elb",),
    "compute-environment": ("aws_batch_compute_environment",),
    "domain": ("aws_sagemaker_domain",),
    "efs": ("aws_efs_file_system",),
    "eks-cluster": ("aws_eks_cluster",),
    "endpoint": ("aws_sagemaker_endpoint",),
    "hyperpod-cluster": ("awscc_sagemaker_cluster",),
    "instance": ("aws_instance",),
    "load-balancer": ("aws_lb", "aws_alb"),
    "log-group": ("aws_cloudwatch_log_group",),
    "nat-gateway": ("aws_nat_gateway",),
    "node-group": ("aws_eks_node_group",),
    "notebook": ("aws_sagemaker_notebook_instance",),
    "snapshot": ("aws_ebs_snapshot", "aws_ebs_snapshot_copy", "aws_ebs_snapshot_import"),
    "space": ("aws_sagemaker_space",),
    "tracking-server": ("aws_sagemaker_mlflow_tracking_server",),
    "volume": ("aws_ebs_volume",),
}
"""The types in Terraform of a kind, for states without the ARN of a resource."""

_FSX: Final = (
    "aws_fsx_lustre_file_system",
    "aws_fsx_ontap_file_system",
    "aws_fsx_openzfs_file_system",
    "aws_fsx_windows_file_system",
)


@dataclass(frozen=True)
class StateResource:
    """A resource in a state."""

    bucket: str
    key: str
    """The key of the state in the bucket."""
    address: str
    type: str
    id: str
    arn: str = ""
    region: str = ""
    """The region in the ARN. Empty: the resource has no ARN with a region."""

    @property
    def place(self) -> str:
        """The address and the state."""
        return f"{self.address} in s3://{self.bucket}/{self.key}"


@dataclass
class States:
    """The resources of all states."""

    by_arn: dict[str, StateResource] = field(default_factory=dict)
    by_id: dict[tuple[str, str], list[StateResource]] = field(default_factory=dict)
    """By type and id."""
    failed: list[FailedRead] = field(default_factory=list)
    unreadable: tuple[str, ...] = ()
    """Places of states outside of the project that the principal may not read."""
    count: int = 0
    """The number of states."""

    def add(self, resources: Iterable[StateResource]) -> None:
        """Add the resources of a state."""
        self.count += 1
        for each in resources:
            if each.arn:
                self.by_arn[each.arn.lower()] = each
            self.by_id.setdefault((each.type, each.id), []).append(each)

    def of(self, found: Found) -> StateResource | None:
        """The entry of a resource. None: no state contains it."""
        # SageMaker has lower-case names in ARNs.
        if found.arn and (entry := self.by_arn.get(found.arn.lower())):
            return entry
        types = _FSX if found.kind.startswith("fsx-") else _TYPES.get(found.kind, ())
        for type_ in types:
            for each in self.by_id.get((type_, found.id), ()):
                # Names, unlike ids, exist in several regions.
                if not each.region or each.region == found.region:
                    return each
        return None


def read_states(clients: RegionalClients, buckets: Mapping[str, str], own: Collection[str] = ()) -> States:
    """Read all states of `buckets`. Failures are part of the result.

    Args:
        clients: the clients.
        buckets: the regions of the buckets, by name.
        own: the buckets of the project. Refused states of others are not failures. Default: none.
    """
    states = States()

    def read(bucket: str, key: str) -> list[StateResource] | FailedRead:
        s3 = clients.get("s3", buckets[bucket])
        try:
            answer = s3.get_object(Bucket=bucket, Key=key, ExpectedBucketOwner=clients.account.account_id)
            return list(resources_of(answer["Body"].read(), bucket, key))
        except (*FAILURES, KeyError, TypeError, ValueError, AttributeError) as error:
            failure = failed_read(buckets[bucket], "s3", error)
            return FailedRead(failure.region, "state", f"s3://{bucket}/{key}: {failure.reason}", code=failure.code)

    objects: list[tuple[str, str]] = []
    for bucket, region in buckets.items():
        try:
            objects += [(bucket, key) for key in _keys(clients, bucket, region)]
        except FAILURES as error:
            failure = failed_read(region, "s3", error)
            states.failed.append(FailedRead(region, "state", f"s3://{bucket}: {failure.reason}", code=failure.code))
    with ThreadPoolExecutor(_PARALLEL) as pool:
        for each in pool.map(lambda one: read(*one), objects):
            if isinstance(each, FailedRead):
                states.failed.append(each)
            else:
                states.add(each)
    refused = [each for each in states.failed if each.code in _REFUSED and _bucket_of(each) not in own]
    states.failed = [each for each in states.failed if each not in refused]
    states.unreadable = tuple(dict.fromkeys(f"s3://{_bucket_of(each)}" for each in refused))
    return states


def _bucket_of(failure: FailedRead) -> str:
    return failure.reason.removeprefix("s3://").partition("/")[0].partition(":")[0]


def _keys(clients: RegionalClients, bucket: str, region: str) -> Iterator[str]:
    pages = clients.get("s3", region).get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=bucket, ExpectedBucketOwner=clients.account.account_id):
        for each in page.get("Contents", ()):
            if each["Key"].endswith(".tfstate"):
                yield each["Key"]


def resources_of(text: bytes, bucket: str, key: str) -> Iterator[StateResource]:
    """The managed resources of a state.

    Raises:
        ValueError: if it is not a state of format version 4.
    """
    document: dict[str, Any] = json.loads(text)
    if document.get("version") != _FORMAT:
        message = f"it is not a state of format version {_FORMAT}"
        raise ValueError(message)
    for resource in document.get("resources", ()):
        if resource.get("mode") != "managed":
            continue
        module = f"{resource['module']}." if resource.get("module") else ""
        address = f"{module}{resource['type']}.{resource['name']}"
        for instance in resource.get("instances", ()):
            attributes = instance.get("attributes") or {}
            arn = str(attributes.get("arn") or "")
            region = arn.split(":")[3] if arn.count(":") >= 5 else ""  # noqa: PLR2004  an ARN has six parts
            index = f"[{json.dumps(instance['index_key'])}]" if "index_key" in instance else ""
            yield StateResource(
                bucket, key, f"{address}{index}", resource["type"], str(attributes.get("id", "")), arn, region
            )
