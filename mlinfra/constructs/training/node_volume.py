"""Root volume of nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk.aws import launch_template as launch_templates
from mlinfra.catalog import root_volume_performance

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlinfra.catalog import InstanceType


def root_volume(
    *, device: str, size_gib: int, key_arn: str, node_types: Iterable[InstanceType]
) -> launch_templates.LaunchTemplateBlockDeviceMappings:
    """An encrypted gp3 root volume that is deleted with its node, as fast as the nodes can use.

    Args:
        device: the name of the image's root device.
        size_gib: its size, in GiB.
        key_arn: the KMS key that encrypts it.
        node_types: the instance types that a node may have.
    """
    performance = root_volume_performance(each.name for each in node_types)
    return launch_templates.LaunchTemplateBlockDeviceMappings(
        device_name=device,
        ebs=launch_templates.LaunchTemplateBlockDeviceMappingsEbs(
            volume_type="gp3",
            volume_size=size_gib,
            throughput=performance.throughput,
            iops=performance.iops,
            encrypted="true",
            kms_key_id=key_arn,
            delete_on_termination="true",
        ),
    )
