"""Gap: settings that AWS adds to an EKS cluster.

moto returns the VPC configuration of the request, and discards access, upgrade and other settings. In AWS, a
cluster returns its VPC, has a security group that is created and deleted with it, and has a default for every
setting. Source: EKS API reference, CreateCluster, VpcConfigResponse, CreateAccessConfigRequest,
UpgradePolicyRequest and KubernetesNetworkConfigRequest; EKS user guide, "View Amazon EKS security group
requirements for clusters"; read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends
from moto.eks.models import Cluster
from moto.eks.responses import EKSResponse
from moto.moto_api._internal import mock_random

from mlinfra.local_aws.gaps.eks.updates import SETTINGS
from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.core.responses import ActionResult

_DEFAULTS: dict[str, dict[str, Any]] = {
    "accessConfig": {"authenticationMode": "CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": True},
    "kubernetesNetworkConfig": {"ipFamily": "ipv4"},
    "upgradePolicy": {"supportType": "EXTENDED"},
}


def is_open() -> bool:
    """True if moto's clusters have no access configuration."""
    return "access_config" not in Cluster.__init__.__code__.co_names


def close() -> None:
    """Close the gap: add the VPC, the security group and the default settings."""
    wrap(EKSResponse, "create_cluster", _create)
    wrap(EKSResponse, "delete_cluster", _delete)


def _create(original: Callable[..., ActionResult], response: EKSResponse) -> ActionResult:
    answer = original(response)
    asked = response._get_param  # noqa: SLF001  moto's way to read a parameter
    cluster = response.eks_backend.describe_cluster(asked("name"))
    for name, attribute in SETTINGS.items():
        default, given = _DEFAULTS.get(name), asked(name)
        if default is None:
            if given is not None:
                setattr(cluster, attribute, given)
        else:
            # moto has its own defaults for some settings, such as the addresses of services.
            setattr(cluster, attribute, {**default, **(getattr(cluster, attribute, None) or {}), **(given or {})})
    cluster.resources_vpc_config = {
        "endpointPublicAccess": True,
        "endpointPrivateAccess": False,
        "publicAccessCidrs": ["0.0.0.0/0"],
        "securityGroupIds": [],
        **_network(response, cluster),
        **cluster.resources_vpc_config,
    }
    return answer


def _network(response: EKSResponse, cluster: Cluster) -> dict[str, str]:
    """The cluster's VPC and the security group that AWS creates for it, if its subnets exist."""
    ec2 = ec2_backends[response.current_account][response.region]
    try:
        vpc = ec2.get_subnet(cluster.resources_vpc_config["subnetIds"][0]).vpc_id
    except (ServiceException, IndexError, KeyError):
        # moto accepts subnets that do not exist, and so does this gap.
        return {}
    group = ec2.create_security_group(
        f"eks-cluster-sg-{cluster.name}-{mock_random.randint(10**8, 10**9 - 1)}",
        "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as "
        "any managed workloads.",
        vpc_id=vpc,
        tags={"aws:eks:cluster-name": cluster.name, f"kubernetes.io/cluster/{cluster.name}": "owned"},
    )
    return {"vpcId": vpc, "clusterSecurityGroupId": group.id}


def _delete(original: Callable[..., ActionResult], response: EKSResponse) -> ActionResult:
    asked = response._get_param  # noqa: SLF001
    cluster = response.eks_backend.describe_cluster(asked("name"))
    answer = original(response)
    group = cluster.resources_vpc_config.get("clusterSecurityGroupId")
    if group:
        ec2_backends[response.current_account][response.region].delete_security_group(group_id=group)
    return answer
