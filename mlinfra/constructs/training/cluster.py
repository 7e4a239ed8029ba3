"""A cluster of GPU instances for one experiment."""

from __future__ import annotations

import base64
import textwrap
from typing import TYPE_CHECKING

from mlinfra._cdk import Construct, TerraformResourceLifecycle
from mlinfra._cdk.aws import (
    autoscaling_group,
    cloudwatch_log_group,
    data_aws_ami,
    iam_instance_profile,
    iam_role,
    launch_template as launch_templates,
    placement_group as placement_groups,
    security_group as security_groups,
)
from mlinfra.catalog import instance_types
from mlinfra.constructs.parts import environment_of, require_shutdown, subscribe_owner
from mlinfra.constructs.training.block_schedule import BlockSchedule, size_at_first_apply
from mlinfra.constructs.training.file_system import ClusterFileSystem
from mlinfra.constructs.training.node_network import efa_interfaces, interface_blocks, node_security_group
from mlinfra.constructs.training.node_parameters import guard_parameter_names, node_parameters
from mlinfra.constructs.training.node_placement import Placement, subnet_of
from mlinfra.constructs.training.node_purchase import market_options, mixed_instances_policy, reservation_target
from mlinfra.constructs.training.node_role import attach_policy, log_group_name, node_policy, node_role, parameter_name
from mlinfra.constructs.training.node_user_data import UserData, has_nvidia_gpu, size_problem
from mlinfra.constructs.training.node_volume import root_volume
from mlinfra.constructs.training.tags import cluster_tags
from mlinfra.declarations import CapacityBlock, CapacityReservation, Spot
from mlinfra.errors import DeclarationError
from mlinfra.functions.contract import Event, Tag, Variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlinfra._cdk import TerraformResource
    from mlinfra.catalog import InstanceType
    from mlinfra.constructs.parts import DeployedShutdown, PrivateNetwork
    from mlinfra.declarations import Environment, Experiment

_LOG_RETENTION_DAYS = 30
_DESCRIPTION_LIMIT = 255


class TrainingCluster(Construct):
    """An auto scaling group of GPU instances, named after its experiment and tagged with its owner.

    Nodes have encrypted volumes, no public address and no open port; users connect through Session
    Manager. Traffic among nodes is unrestricted; outside the network they reach HTTPS only. Metadata
    requires a token (IMDSv2).

    A node is protected from scale-in from its launch, and removes the protection itself once it was
    idle for the environment's `idle_minutes`; docs/training-clusters.md lists the signs of activity. A
    cluster is stopped by setting its desired capacity, which Terraform never resets. Removing the cluster
    terminates its nodes, even busy ones. Its stack subscribes its owner to the environment's notifications.

    Nodes that work together (several with `gang`, or with Elastic Fabric Adapters) are in one subnet, whose zone
    offers their instance type, and in one cluster placement group, unless they are launched into a reservation.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        experiment: Experiment,
        network: PrivateNetwork,
        zone: str | None = None,
        placement_group: str | None = None,
        shutdown: DeployedShutdown | None = None,
        environment: Environment | None = None,
    ) -> None:
        """Declare the cluster.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            experiment: the experiment of the cluster, with its requirements.
            network: the VPC, the private subnets for its nodes, and the KMS key for volumes, logs and the
                environment's records: a `Platform`, a `Network` or `NetworkSettings`.
            zone: the availability zone of all nodes, such as us-east-1b, in which one of the subnets must be.
                Default: the experiment's `zone`. Without it: for nodes that work together or a Lustre file system, the
                zone of the first subnet that offers the instance type; otherwise, and in a reservation, all zones of
                the subnets.
            placement_group: the cluster placement group in which a reservation was made. Default: the cluster's
                own for nodes that work together outside a reservation; otherwise none. The cluster's own exists in any
                case, so that the experiment can be changed while nodes run in it.
            shutdown: the environment's deployed shutdown, such as `Platform.lookup(self)`. Default: a `Shutdown`
                that is declared in the same stack or app; otherwise the `network`, if it is a `Platform`. Without
                any, the synth fails: the cluster would never be stopped.
            environment: the environment of the cluster. Default: the environment of the enclosing MlStack.

        Raises:
            ValueError: the environment does not declare the experiment, so that the cluster would have no owner.
            DeclarationError: the cluster cannot run, with every reason at once.
        """
        self._environment = environment_of(scope, environment)
        self._environment.expect_declared(experiment)
        self._experiment = experiment
        self._choice = self._environment.choice(experiment)
        self._uses_efa = self._environment.uses_efa(experiment)
        self._name = self._environment.names.cluster(experiment)
        self._image = self._environment.image(experiment)
        self._user_data = self._node_user_data().render()
        zone = zone or experiment.zone
        problems = list(self._problems(zone))
        if problems:
            subject = f"the cluster {self._name!r} cannot run"
            raise DeclarationError(subject, problems)
        super().__init__(scope, id)
        vpc_id, subnet_ids, key_arn = network.vpc_id, network.private_subnet_ids, network.compute_key_arn
        require_shutdown(self, name=self._name, environment=self._environment, network=network, shutdown=shutdown)
        subscribe_owner(self, experiment.owner, environment=self._environment)
        self._tags = self._environment.tags(auto_stop=True) | cluster_tags(self._environment, experiment)
        self._own_tags = {key: self._tags[key] for key in ("Name", Tag.EXPERIMENT, Tag.OWNER, Tag.EXPIRES)}

        self._role = node_role(self, environment=self._environment, name=self._name, tags=self._own_tags)
        may = node_policy(self._environment, experiment, key_arn=key_arn)
        needed: list[TerraformResource] = [
            attach_policy(self, self._role, may),
            self._log_group(key_arn),
            *node_parameters(self, environment=self._environment, experiment=self._experiment, tags=self._own_tags),
        ]
        own_placement_group = self._own_placement_group()
        # Reserved capacity need not be close to a placement group that is created later.
        uses_own = self._nodes_are_close and not self._is_reserved
        self._placement_group = placement_group or (str(own_placement_group.name) if uses_own else None)
        self._security_group = node_security_group(
            self,
            name=self._name,
            owner="training cluster",
            vpc_id=vpc_id,
            tags=self._own_tags,
            outlived_by=[own_placement_group],
        )
        self._subnet_ids = self._node_subnets(subnet_ids, zone)
        self._file_system = self._lustre(vpc_id)
        if self._file_system:
            needed.append(self._file_system.parameter)
        self._launch_template = self._node_launch_template(key_arn)
        self._group = self._node_group(needed)
        nodes = self._environment.cluster_size(experiment)
        if isinstance(experiment.purchase, CapacityBlock) and nodes:
            BlockSchedule(
                self, "capacity-block", group_name=str(self._group.name), block=experiment.purchase, nodes=nodes
            )

    @property
    def experiment(self) -> Experiment:
        """The experiment of the cluster."""
        return self._experiment

    @property
    def role(self) -> iam_role.IamRole:
        """The role of its nodes."""
        return self._role

    @property
    def security_group(self) -> security_groups.SecurityGroup:
        """The security group of its nodes."""
        return self._security_group

    @property
    def launch_template(self) -> launch_templates.LaunchTemplate:
        """The launch template of the nodes."""
        return self._launch_template

    @property
    def group(self) -> autoscaling_group.AutoscalingGroup:
        """The auto scaling group."""
        return self._group

    @property
    def file_system(self) -> ClusterFileSystem | None:
        """Its Lustre file system; None: it has none."""
        return self._file_system

    def _problems(self, zone: str | None) -> Iterator[str]:
        """The reasons why the cluster cannot run."""
        instance_type = self._choice.instance_type
        if self._uses_efa:
            try:
                efa_interfaces(instance_type)
            except ValueError as error:
                yield str(error)
        if self._experiment.cuda and not has_nvidia_gpu(instance_type):
            yield (
                f"cuda: {instance_type.name} has {instance_type.accelerator} accelerators, not NVIDIA GPUs. Expected: "
                f"no cuda, or another instance type."
            )
        if self._experiment.lustre and self._is_reserved and zone is None:
            yield (
                "zone: a Lustre file system must be in the zone of the reservation. Expected: zone=..., the "
                "Availability Zone of the reservation."
            )
        if zone is not None and not zone.startswith(self._environment.region):
            region = self._environment.region
            yield f"zone: {zone!r} is not in the environment's region. Expected: one of {region}, such as {region}a."
        too_large = size_problem(self._user_data)
        if too_large:
            yield too_large

    @property
    def _is_reserved(self) -> bool:
        """True if nodes are launched into a reservation, which is in one zone."""
        return isinstance(self._experiment.purchase, CapacityReservation | CapacityBlock)

    @property
    def _possible_types(self) -> list[InstanceType]:
        """The instance types that a node may have."""
        purchase, known = self._experiment.purchase, instance_types()
        others = purchase.instance_types if isinstance(purchase, Spot) else ()
        return [self._choice.instance_type, *(known[name] for name in others)]

    def _node_user_data(self) -> UserData:
        experiment, environment, types = self._experiment, self._environment, self._possible_types
        return UserData(
            cluster=self._name,
            region=environment.region,
            log_group=log_group_name(environment, experiment),
            master_parameter=parameter_name(environment, experiment, "master"),
            guard_parameters=guard_parameter_names(environment, experiment),
            lustre_parameter=parameter_name(environment, experiment, "lustre") if experiment.lustre else None,
            table=environment.names.records_table,
            nodes=experiment.nodes,
            # nvidia-smi lists a fraction of a GPU as one GPU.
            nvidia_gpus=min(max(each.accelerator_count, 1) if has_nvidia_gpu(each) else 0 for each in types),
            # A type whose adapters are not known is refused later.
            efa_adapters=min(each.efa_count for each in types) if self._uses_efa else 0,
            local_nvme=all(each.local_nvme_gb for each in types),
            idle_minutes=environment.idle_minutes,
            idle_gpu_percent=environment.idle_gpu_percent,
            stalled_minutes=environment.stalled_minutes,
            pause_minutes=environment.pause_minutes,
            vacant_minutes=environment.vacancy_minutes,
            driver=self._image.driver,
            cuda=experiment.cuda or next(iter(self._image.cuda), None),
            event_source=Event.NODE_SOURCE,
            event_type=Event.NODE_UNHEALTHY,
            variables={
                Variable.TABLE: environment.names.records_table,
                Variable.CLUSTER: self._name,
                Variable.STALLED_MINUTES: str(environment.stalled_minutes),
                Variable.PAUSE_MINUTES: str(environment.pause_minutes),
                **experiment.variables,
            },
        )

    def _log_group(self, key_arn: str) -> cloudwatch_log_group.CloudwatchLogGroup:
        return cloudwatch_log_group.CloudwatchLogGroup(
            self,
            "logs",
            name=log_group_name(self._environment, self._experiment),
            kms_key_id=key_arn,
            retention_in_days=_LOG_RETENTION_DAYS,
            tags=self._own_tags,
        )

    def _node_subnets(self, subnet_ids: Sequence[str], zone: str | None) -> list[str]:
        """The subnets of the nodes: a single one if the nodes must be close to each other."""
        if zone is None and (self._is_reserved or not (self._nodes_are_close or self._experiment.lustre)):
            return list(subnet_ids)
        # A reservation is in a zone that offers its type.
        instance_type = None if self._is_reserved else self._choice.instance_type.name
        placement = Placement(instance_type=instance_type, region=self._environment.region, zone=zone)
        return [subnet_of(self, subnet_ids, placement)]

    def _lustre(self, vpc_id: str) -> ClusterFileSystem | None:
        if self._experiment.lustre is None:
            return None
        (subnet_id,) = self._subnet_ids
        return ClusterFileSystem(
            self,
            "lustre",
            lustre=self._experiment.lustre,
            name=self._name,
            vpc_id=vpc_id,
            subnet_id=subnet_id,
            clients=self._security_group,
            parameter_name=parameter_name(self._environment, self._experiment, "lustre"),
            tags=self._own_tags,
            environment=self._environment,
        )

    @property
    def _nodes_are_close(self) -> bool:
        """True if nodes communicate: they are in one zone and one cluster placement group.

        Traffic between zones costs 0.01 USD per GB in each direction (EC2 on-demand pricing, "Data transfer", read
        2026-11-29): more than the instances where gradients are exchanged. Every type of the catalog can be in a
        cluster placement group (EC2's DescribeInstanceTypes, PlacementGroupInfo; EC2 user guide, "Placement
        strategies", read 2026-11-29).
        """
        return self._uses_efa or (self._experiment.nodes > 1 and self._experiment.gang)

    def _own_placement_group(self) -> placement_groups.PlacementGroup:
        """The placement group of the cluster, declared even while its nodes are launched outside of it.

        EC2 refuses to delete a placement group with running instances, and the provider does not repeat the call
        (InvalidPlacementGroup.InUse). A change of the experiment that no longer needs the group, such as to one node,
        would fail while a job is running. A placement group is free of charge; an account can have 500 in a region
        (EC2 user guide, "Placement groups" and "Placement group rules and limitations", read 2026-11-29).
        """
        return placement_groups.PlacementGroup(
            self, "placement-group", name=self._name, strategy="cluster", tags=self._own_tags
        )

    def _image_id(self) -> str:
        reference = self._image.reference
        if not reference.startswith("name:"):
            return reference
        image = data_aws_ami.DataAwsAmi(
            self,
            "image",
            owners=["amazon"],
            most_recent=True,
            filter=[data_aws_ami.DataAwsAmiFilter(name="name", values=[reference.removeprefix("name:")])],
        )
        return str(image.id)

    def _node_launch_template(self, key_arn: str) -> launch_templates.LaunchTemplate:
        profile = iam_instance_profile.IamInstanceProfile(
            self,
            "profile",
            name=f"{self._name}-node",
            role=self._role.name,
            tags=self._own_tags,
        )
        instance_type, security_group_id = self._choice.instance_type, str(self._security_group.id)
        return launch_templates.LaunchTemplate(
            self,
            "launch-template",
            name=self._name,
            description=textwrap.shorten(self._choice.reason, _DESCRIPTION_LIMIT, placeholder=" ..."),
            image_id=self._image_id(),
            instance_type=instance_type.name,
            update_default_version=True,
            iam_instance_profile=launch_templates.LaunchTemplateIamInstanceProfile(arn=profile.arn),
            vpc_security_group_ids=None if self._uses_efa else [security_group_id],
            network_interfaces=(
                interface_blocks(efa_interfaces(instance_type), security_group_id) if self._uses_efa else None
            ),
            instance_market_options=market_options(self._experiment.purchase),
            capacity_reservation_specification=reservation_target(self._experiment.purchase),
            metadata_options=launch_templates.LaunchTemplateMetadataOptions(
                http_endpoint="enabled",
                http_tokens="required",
                # Containers that need the node's role run on the host's network.
                http_put_response_hop_limit=1,
            ),
            monitoring=launch_templates.LaunchTemplateMonitoring(enabled=True),
            block_device_mappings=[
                root_volume(
                    device=self._image.root_device,
                    size_gib=self._experiment.root_volume_gib,
                    key_arn=key_arn,
                    node_types=self._possible_types,
                )
            ],
            user_data=base64.b64encode(self._user_data.encode()).decode(),
            # The provider's default tags apply only to resources that Terraform itself creates.
            tag_specifications=[
                launch_templates.LaunchTemplateTagSpecifications(resource_type=resource_type, tags=self._tags)
                for resource_type in ("instance", "volume", "network-interface")
            ],
            tags=self._own_tags,
        )

    def _node_group(self, needed: Sequence[TerraformResource]) -> autoscaling_group.AutoscalingGroup:
        template, purchase = self._launch_template, self._experiment.purchase
        # Zero for an expired experiment. EC2 Auto Scaling lowers the desired capacity with the maximum (API reference,
        # UpdateAutoScalingGroup, MaxSize, read 2026-11-28), so that ignoring the former is safe. Nodes that are
        # protected from scale-in run until the janitor stops them.
        size = self._environment.cluster_size(self._experiment)
        spot = purchase if isinstance(purchase, Spot) else None
        block = purchase if isinstance(purchase, CapacityBlock) else None
        return autoscaling_group.AutoscalingGroup(
            self,
            "group",
            name=self._name,
            min_size=0,
            max_size=size,
            desired_capacity=size_at_first_apply(block, size) if block else size,
            vpc_zone_identifier=self._subnet_ids,
            # Without it, new nodes are outside of any placement group; running ones stay in theirs (API reference,
            # UpdateAutoScalingGroup, PlacementGroup, read 2026-11-29).
            placement_group=self._placement_group,
            launch_template=(
                None if spot else autoscaling_group.AutoscalingGroupLaunchTemplate(id=template.id, version="$Latest")
            ),
            mixed_instances_policy=(
                mixed_instances_policy(
                    spot, instance_type=self._choice.instance_type.name, launch_template_id=template.id
                )
                if spot
                else None
            ),
            # No capacity rebalancing: it terminates nodes that EC2 may never interrupt.
            health_check_type="EC2",
            protect_from_scale_in=True,
            # Removing a cluster also terminates its protected nodes.
            force_delete=True,
            # It would terminate nodes to launch others in another zone.
            suspended_processes=["AZRebalance"],
            # GPU capacity can take hours to become available; the group retries after the apply has ended.
            wait_for_capacity_timeout="0",
            # Free of charge. It distinguishes a node without metrics from a cluster without nodes.
            enabled_metrics=["GroupInServiceInstances"],
            metrics_granularity="1Minute",
            tag=[
                autoscaling_group.AutoscalingGroupTag(key=key, value=value, propagate_at_launch=True)
                for key, value in self._tags.items()
            ],
            lifecycle=TerraformResourceLifecycle(ignore_changes=["desired_capacity"]),
            # Nodes need these resources when they boot.
            depends_on=list(needed),
        )
