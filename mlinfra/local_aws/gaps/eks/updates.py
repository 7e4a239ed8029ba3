"""Gap: updates of EKS clusters and node groups as resources with a status.

moto answers an update of a cluster's configuration with the cluster, replaces settings that the request does
not name, and has neither version updates nor operations on the status of an update. In AWS, each update
operation returns an update that is in progress at first, and changes only the settings that the request
names. Source: EKS API reference, UpdateClusterConfig, UpdateClusterVersion, UpdateNodegroupVersion,
DescribeUpdate, ListUpdates and Update, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.eks import urls
from moto.eks.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.eks.responses import EKSResponse
from moto.moto_api._internal import mock_random

from mlinfra.local_aws.mechanisms.extending import add_operations, kept, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from moto.eks.models import Cluster, EKSBackend

_CLUSTER = "{0}/clusters/(?P<name>[^/]+)"
_NODE_GROUP = _CLUSTER + "/node-groups/(?P<nodegroupName>[^/]+)"
_PATHS = (
    _CLUSTER + "/updates$",
    _CLUSTER + "/updates/(?P<updateId>[^/]+)$",
    _NODE_GROUP + "/update-version$",
)

SETTINGS = {
    "accessConfig": "access_config",
    "computeConfig": "compute_config",
    "deletionProtection": "deletion_protection",
    "kubernetesNetworkConfig": "kubernetes_network_config",
    "remoteNetworkConfig": "remote_network_config",
    "storageConfig": "storage_config",
    "upgradePolicy": "upgrade_policy",
    "zonalShiftConfig": "zonal_shift_config",
}
"""Settings of a cluster in requests, with the attributes from which DescribeCluster answers them."""

_TYPES = {
    "accessConfig": "AccessConfigUpdate",
    "computeConfig": "AutoModeUpdate",
    "deletionProtection": "DeletionProtectionUpdate",
    "logging": "LoggingUpdate",
    "remoteNetworkConfig": "RemoteNetworkConfigUpdate",
    "upgradePolicy": "UpgradePolicyUpdate",
    "zonalShiftConfig": "ZonalShiftConfigUpdate",
}
"""Types of updates, by the changed setting."""


def is_open() -> bool:
    """True if moto cannot describe an update."""
    return not hasattr(EKSResponse, "describe_update")


def close() -> None:
    """Close the gap: return updates, and describe and list them."""
    urls.url_paths.update(dict.fromkeys(_PATHS, urls.response.dispatch))
    wrap(EKSResponse, "update_nodegroup_config", _update_nodegroup_config)
    EKSResponse.update_cluster_config = update_cluster_config  # type: ignore[method-assign, assignment]
    add_operations(EKSResponse, update_cluster_version, update_nodegroup_version, describe_update, list_updates)


def update_cluster_config(response: EKSResponse) -> ActionResult:
    """UpdateClusterConfig."""
    cluster = response.eks_backend.describe_cluster(_param(response, "name"))
    changes = {name: _param(response, name) for name in (*SETTINGS, "logging", "resourcesVpcConfig")}
    changes = {name: value for name, value in changes.items() if value is not None}
    if not changes:
        raise InvalidParameterException(message="No changes needed for the logging or endpoint configuration provided")
    _apply(cluster, changes)
    if "logging" in changes:
        cluster.logging = changes["logging"]
    vpc = changes.get("resourcesVpcConfig") or {}
    cluster.resources_vpc_config.update(vpc)
    kind = next((_TYPES[name] for name in changes if name in _TYPES), "EndpointAccessUpdate")
    if vpc.keys() & {"subnetIds", "securityGroupIds"}:
        kind = "VpcConfigUpdate"
    return _started(response, cluster.name, None, kind, changes)


def update_cluster_version(response: EKSResponse) -> ActionResult:
    """UpdateClusterVersion."""
    cluster = response.eks_backend.describe_cluster(_param(response, "name"))
    version = _param(response, "version")
    if not version:
        raise InvalidParameterException(clusterName=cluster.name, message="Invalid parameter: version is required")
    if version == cluster.version:
        message = f"Cluster is already at the desired configuration with version: {version}"
        raise InvalidParameterException(clusterName=cluster.name, message=message)
    cluster.version = version
    return _started(response, cluster.name, None, "VersionUpdate", {"Version": version})


def update_nodegroup_version(response: EKSResponse) -> ActionResult:
    """UpdateNodegroupVersion."""
    backend = response.eks_backend
    cluster = backend.describe_cluster(_param(response, "name"))
    group: Any = backend.describe_nodegroup(cluster.name, _param(response, "nodegroupName"))
    template = _param(response, "launchTemplate")
    if template and not group.launch_template:
        message = "Launch template cannot be specified: the node group was not created with one"
        raise InvalidParameterException(clusterName=cluster.name, nodegroupName=group.nodegroup_name, message=message)
    group.version = _param(response, "version") or cluster.version
    group.release_version = _param(response, "releaseVersion") or group.release_version
    if template:
        group.launch_template.update(template)
    group.modified_at = utcnow()
    changes = {"Version": group.version, "ReleaseVersion": group.release_version}
    return _started(response, cluster.name, group.nodegroup_name, "VersionUpdate", changes)


def describe_update(response: EKSResponse) -> ActionResult:
    """DescribeUpdate."""
    cluster = response.eks_backend.describe_cluster(_param(response, "name"))
    identifier = _param(response, "updateId")
    found = _updates(response.eks_backend, cluster.name, _param(response, "nodegroupName")).get(identifier)
    if found is None:
        raise ResourceNotFoundException(clusterName=cluster.name, message=f"No update found for ID: {identifier}")
    found["status"] = "Successful"
    return ActionResult({"update": found})


def list_updates(response: EKSResponse) -> ActionResult:
    """ListUpdates."""
    cluster = response.eks_backend.describe_cluster(_param(response, "name"))
    ids = list(_updates(response.eks_backend, cluster.name, _param(response, "nodegroupName")))
    start = int(_param(response, "nextToken") or 0)
    end = start + int(_param(response, "maxResults") or 100)
    return ActionResult({"updateIds": ids[start:end], "nextToken": str(end) if end < len(ids) else None})


def _update_nodegroup_config(original: Callable[..., ActionResult], response: EKSResponse) -> ActionResult:
    answer = original(response)
    update: dict[str, Any] = answer.result["update"]  # type: ignore[index]
    cluster, group = _param(response, "name"), _param(response, "nodegroupName")
    _updates(response.eks_backend, cluster, group)[update["id"]] = update
    return answer


def _apply(cluster: Cluster, changes: Mapping[str, Any]) -> None:
    for name, attribute in SETTINGS.items():
        if name not in changes:
            continue
        value = changes[name]
        present = getattr(cluster, attribute, None)
        setattr(cluster, attribute, {**present, **value} if isinstance(present, dict) else value)


def _updates(backend: EKSBackend, cluster: str, group: str | None) -> dict[str, dict[str, Any]]:
    """The updates of a cluster, or of one of its node groups, by id."""
    everything: dict[tuple[str, str | None], dict[str, dict[str, Any]]] = kept(backend, "updates", dict)
    return everything.setdefault((cluster, group), {})


def _started(
    response: EKSResponse, cluster: str, group: str | None, kind: str, changes: Mapping[str, Any]
) -> ActionResult:
    update = {
        "id": mock_random.uuid4(),
        "status": "InProgress",
        "type": kind,
        "params": [{"type": name[0].upper() + name[1:], "value": str(value)} for name, value in changes.items()],
        "createdAt": utcnow(),
        "errors": [],
    }
    _updates(response.eks_backend, cluster, group)[str(update["id"])] = update
    return ActionResult({"update": dict(update)})


def _param(response: EKSResponse, name: str) -> Any:  # noqa: ANN401  a parameter of any type
    return response._get_param(name)  # noqa: SLF001  moto's way to read a parameter
