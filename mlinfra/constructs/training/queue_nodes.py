"""The nodes of a training queue: a compute environment of AWS Batch, and the launch template of its nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct, TerraformResourceLifecycle
from mlinfra._cdk.aws import (
    batch_compute_environment as compute_environments,
    launch_template as launch_templates,
    placement_group as placement_groups,
)
from mlinfra.constructs.training.node_volume import root_volume
from mlinfra.constructs.training.queue_user_data import scratch_user_data
from mlinfra.declarations import GPUS_WITHOUT_BATCH_IMAGE, have_scratch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mlinfra._cdk.aws import iam_instance_profile, iam_role_policy_attachment
    from mlinfra.catalog import InstanceType
    from mlinfra.declarations import Queue

_ROOT_DEVICE = "/dev/xvda"  # that of Amazon Linux, which all of Batch's images are

_UPDATE_MINUTES = 360
"""The time for which a running job continues when nodes are replaced, in minutes: the longest that the AWS provider
accepts."""


def node_placement_group(
    scope: Construct, *, name: str, own_tags: Mapping[str, str]
) -> placement_groups.PlacementGroup:
    """The cluster placement group of the nodes of multi-node jobs.

    Args:
        scope: the construct of the nodes.
        name: the name of the nodes.
        own_tags: the tags of the queue's resources.
    """
    return placement_groups.PlacementGroup(
        scope, "placement-group", name=name, strategy="cluster", tags={**own_tags, "Name": name}
    )


class TrainingNodes(Construct):
    """A managed compute environment of Batch and its launch template."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        queue: Queue,
        queue_name: str,
        spot: bool = False,
        multi_node: bool = False,
        profile: iam_instance_profile.IamInstanceProfile,
        permissions: iam_role_policy_attachment.IamRolePolicyAttachment,
        security_group_id: str,
        subnet_ids: Sequence[str],
        key_arn: str,
        own_tags: Mapping[str, str],
        node_tags: Mapping[str, str],
    ) -> None:
        """Declare the environment.

        Args:
            scope: the queue.
            id: the construct's id, unique in its scope; names end with it.
            queue: the declared queue.
            queue_name: the prefix of the names of its resources.
            spot: True if nodes are spot instances. Default: False.
            multi_node: True if several nodes run one job: they have one instance type, one placement group, and
                the queue's adapters. Default: False.
            profile: the instance profile of the nodes.
            permissions: the policy attachment of the role of the nodes, which is created before them.
            security_group_id: the security group of the nodes.
            subnet_ids: the subnets of the nodes.
            key_arn: the KMS key for volumes.
            own_tags: the tags of the resources that Terraform creates.
            node_tags: the tags of the instances, volumes and interfaces that Batch launches.
        """
        super().__init__(scope, id)
        self._name = f"{queue_name}-{id}"
        self._queue = queue
        self._types = queue.node_types[:1] if multi_node else queue.node_types
        self._own_tags = {**own_tags, "Name": self._name}
        self._node_tags = {**node_tags, "Name": self._name}
        self._efa = multi_node and queue.efa
        self._launch_template = self._node_launch_template(key_arn, security_group_id)
        self._placement_group = placement = (
            node_placement_group(self, name=self._name, own_tags=own_tags) if multi_node else None
        )
        # Without a name: the argument is compute_environment_name in the AWS provider 5, and name in 6.
        self._environment = compute_environments.BatchComputeEnvironment(
            self,
            "environment",
            type="MANAGED",
            state="ENABLED",
            # Without a service role, Batch uses its service-linked role, which updates in place require.
            compute_resources=compute_environments.BatchComputeEnvironmentComputeResources(
                type="SPOT" if spot else "EC2",
                # SPOT_PRICE_CAPACITY_OPTIMIZED is newer and also considers prices. The AWS provider 5 replaces such an
                # environment for every change, and fails if the change is a launch template.
                allocation_strategy="SPOT_CAPACITY_OPTIMIZED" if spot else "BEST_FIT_PROGRESSIVE",
                min_vcpus=0,
                max_vcpus=queue.max_nodes * max(each.vcpu for each in self._types),
                instance_type=sorted(each.name for each in self._types),
                instance_role=profile.arn,
                subnets=list(subnet_ids),
                # Batch accepts them here or in the interfaces of the launch template, but not in both.
                security_group_ids=None if self._efa else [security_group_id],
                placement_group=placement.name if placement else None,
                ec2_configuration=[
                    compute_environments.BatchComputeEnvironmentComputeResourcesEc2Configuration(
                        image_type=_image_type(self._types), image_id_override=queue.image_id
                    )
                ],
                launch_template=compute_environments.BatchComputeEnvironmentComputeResourcesLaunchTemplate(
                    launch_template_id=self._launch_template.id,
                    # $Latest would hide a new version from Terraform, and Batch looks for one at updates only.
                    version=self._launch_template.get_string_attribute("latest_version"),
                ),
                tags=self._node_tags,
            ),
            update_policy=compute_environments.BatchComputeEnvironmentUpdatePolicy(
                terminate_jobs_on_update=False, job_execution_timeout_minutes=_UPDATE_MINUTES
            ),
            tags=self._own_tags,
            depends_on=[permissions],
            # Batch refuses to delete an environment that a job queue uses: the new one is created first.
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )

    @property
    def environment(self) -> compute_environments.BatchComputeEnvironment:
        """The compute environment."""
        return self._environment

    @property
    def placement_group(self) -> placement_groups.PlacementGroup | None:
        """The placement group of the nodes of multi-node jobs. None: the nodes run other jobs."""
        return self._placement_group

    @property
    def launch_template(self) -> launch_templates.LaunchTemplate:
        """The launch template of the nodes."""
        return self._launch_template

    def _node_launch_template(self, key_arn: str, security_group_id: str) -> launch_templates.LaunchTemplate:
        return launch_templates.LaunchTemplate(
            self,
            "launch-template",
            name=self._name,
            update_default_version=True,
            metadata_options=launch_templates.LaunchTemplateMetadataOptions(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            monitoring=launch_templates.LaunchTemplateMonitoring(enabled=True),
            block_device_mappings=[
                root_volume(
                    device=_ROOT_DEVICE,
                    size_gib=self._queue.root_volume_gib,
                    key_arn=key_arn,
                    node_types=self._types,
                )
            ],
            user_data=scratch_user_data() if have_scratch(self._types) else None,
            network_interfaces=list(_interfaces(self._types[0], security_group_id)) if self._efa else None,
            tag_specifications=[
                launch_templates.LaunchTemplateTagSpecifications(resource_type=resource_type, tags=self._node_tags)
                for resource_type in ("instance", "volume", "network-interface")
            ],
            tags=self._own_tags,
        )


def _image_type(types: Sequence[InstanceType]) -> str:
    """The image type of Batch that nodes boot from, or that the environment's own image replaces."""
    return "ECS_AL2_NVIDIA" if types[0].accelerator in GPUS_WITHOUT_BATCH_IMAGE else "ECS_AL2023_NVIDIA"


def _interfaces(
    node_type: InstanceType, security_group_id: str
) -> Iterable[launch_templates.LaunchTemplateNetworkInterfaces]:
    """One Elastic Fabric Adapter on each network card that supports one.

    Card 0 also has IP, and can have the interface that ECS creates for a container: a P5 has two interfaces for each
    card (EC2's instance type list, read 2026-11-24). If there are more cards than adapters, card 0 has none.
    """
    cards = node_type.network_cards or 1
    for card in range(cards):
        first = "efa" if node_type.efa_count >= cards else "interface"
        yield launch_templates.LaunchTemplateNetworkInterfaces(
            network_card_index=card,
            device_index=0,
            interface_type=first if card == 0 else "efa-only",
            security_groups=[security_group_id],
            delete_on_termination="true",
        )
