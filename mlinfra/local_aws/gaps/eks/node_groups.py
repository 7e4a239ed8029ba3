"""Gap: managed node groups of EKS.

moto gives each group an SSH key and a security group for remote access that were never requested, an old
version and no update configuration, and supports tags of clusters only. In AWS, a node group has the
cluster's version, and does not report settings that its launch template determines (disk size, instance
types, remote access). Source: EKS API reference, CreateNodegroup, Nodegroup, ListNodegroups and TagResource,
read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ec2.models import ec2_backends
from moto.eks.models import EKSBackend, Nodegroup
from moto.eks.responses import EKSResponse

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.core.responses import ActionResult
    from moto.eks.models import Cluster

_DEFAULT_DISK_SIZE = 20
"""GiB."""


def is_open() -> bool:
    """True if moto gives node groups an SSH key."""
    return "DEFAULT_REMOTE_ACCESS" in Nodegroup.__init__.__code__.co_names


def close() -> None:
    """Close the gap: keep exactly the requested settings, and AWS's defaults."""
    wrap(EKSResponse, "create_nodegroup", _create)
    wrap(EKSBackend, "list_nodegroups", _list)
    wrap(EKSBackend, "tag_resource", _tag)
    wrap(EKSBackend, "untag_resource", _untag)
    wrap(EKSBackend, "list_tags_for_resource", _tags)


def _create(original: Callable[..., ActionResult], response: EKSResponse) -> ActionResult:
    answer = original(response)
    asked = response._get_param  # noqa: SLF001  moto's way to read a parameter
    backend = response.eks_backend
    cluster = backend.describe_cluster(asked("name"))
    group: Any = backend.describe_nodegroup(cluster.name, asked("nodegroupName"))
    group.version = asked("version") or cluster.version
    # A fixed release of the local AWS: the newest one of AWS changes every other week.
    group.release_version = asked("releaseVersion") or f"{group.version}.0-20260901"
    group.update_config = asked("updateConfig") or {"maxUnavailable": 1}
    group.node_repair_config = asked("nodeRepairConfig")
    group.remote_access = asked("remoteAccess")
    if not group.remote_access:
        group.resources.pop("remoteAccessSecurityGroup", None)
    if group.launch_template:
        _leave_to_template(response, group)
    else:
        group.disk_size = int(group.disk_size or _DEFAULT_DISK_SIZE)
    return answer


def _leave_to_template(response: EKSResponse, group: Any) -> None:  # noqa: ANN401  moto's attributes have other types
    template = ec2_backends[response.current_account][response.region].get_launch_template(group.launch_template["id"])
    version = template.get_version(group.launch_template.get("version") or "$Default")
    group.launch_template.setdefault("version", str(version.number))
    group.disk_size = None
    if version.instance_type:
        group.instance_types = None
    if version.image_id:
        group.ami_type, group.release_version = "CUSTOM", version.image_id


def _list(original: Callable[..., Any], backend: EKSBackend, cluster_name: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
    backend.describe_cluster(cluster_name)
    return original(backend, cluster_name, *args, **kwargs)


def _tag(original: Callable[..., None], backend: EKSBackend, resource_arn: str, tags: dict[str, str]) -> None:
    group = _group(backend, resource_arn)
    if group is None:
        original(backend, resource_arn, tags)
    else:
        group.tags.update(tags)


def _untag(original: Callable[..., None], backend: EKSBackend, resource_arn: str, tag_keys: list[str]) -> None:
    group = _group(backend, resource_arn)
    if group is None:
        original(backend, resource_arn, tag_keys)
        return
    for key in tag_keys if isinstance(tag_keys, list) else [tag_keys]:
        group.tags.pop(key, None)


def _tags(original: Callable[..., dict[str, str]], backend: EKSBackend, resource_arn: str) -> dict[str, str]:
    group = _group(backend, resource_arn)
    return original(backend, resource_arn) if group is None else group.tags


def _group(backend: EKSBackend, arn: str) -> Nodegroup | None:
    clusters: list[Cluster] = list(backend.clusters.values())
    groups = (group for cluster in clusters for group in cluster.nodegroups.values())
    return next((each for each in groups if each.arn == arn), None)
