"""A cluster of GPU instances for one experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct, TerraformResourceLifecycle
from mlinfra._cdk.aws import (
    autoscaling_group,
    data_aws_ami,
    iam_instance_profile,
    iam_role,
    iam_role_policy_attachment,
    launch_template as launch_templates,
    security_group as security_groups,
    vpc_security_group_egress_rule,
    vpc_security_group_ingress_rule,
)
from mlinfra.constructs.policy import trust_policy
from mlinfra.constructs.surroundings import environment_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.environment import Environment
    from mlinfra.experiment import Experiment

_HTTPS = 443
_SESSION_MANAGER = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"


class TrainingCluster(Construct):
    """An auto scaling group of GPU instances, named after its experiment and tagged with its owner.

    Nodes have encrypted volumes, no public address and no open port: people get in through Session
    Manager. Among themselves they talk freely; out of the network they reach HTTPS only. Metadata
    needs a token (IMDSv2).

    Whoever stops the cluster sets its size: Terraform never sets it back.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        experiment: Experiment,
        vpc_id: str,
        subnet_ids: Sequence[str],
        key_arn: str,
        environment: Environment | None = None,
    ) -> None:
        """Declare the cluster.

        Args:
            scope: what the cluster belongs to.
            id: the construct's id, unique in its scope.
            experiment: whose cluster it is, of which size, with how many nodes and which root
                volume (by default 200 GiB).
            vpc_id: the network that it runs in.
            subnet_ids: the private subnets that its nodes may run in.
            key_arn: the KMS key for volumes, which EC2 has to be allowed to use.
            environment: where the cluster runs. Default: the environment of the enclosing MlStack.

        Raises:
            ValueError: where the environment does not declare the experiment: nobody would answer
                for the cluster.
        """
        self._environment = environment_of(scope, environment)
        if experiment not in self._environment.experiments:
            declared = ", ".join(each.name for each in self._environment.experiments) or "none"
            message = (
                f"the environment {self._environment.name!r} does not declare the experiment {experiment.name!r}. "
                f"Declared: {declared}. Add it to the environment's experiments."
            )
            raise ValueError(message)
        super().__init__(scope, id)
        self._experiment = experiment
        self._name = f"{self._environment.prefix}-{experiment.name}"
        self._tags = self._environment.tags(auto_stop=True) | {
            "Name": self._name,
            "Experiment": experiment.name,
            "Owner": experiment.owner,
            "Expires": experiment.expires.isoformat(),
        }
        self._own_tags = {key: self._tags[key] for key in ("Name", "Experiment", "Owner", "Expires")}

        self._role = self._node_role()
        self._security_group = self._node_security_group(vpc_id)
        self._launch_template = self._node_launch_template(key_arn)
        self._group = self._node_group(subnet_ids)

    @property
    def experiment(self) -> Experiment:
        """Whose cluster it is."""
        return self._experiment

    @property
    def role(self) -> iam_role.IamRole:
        """The role that its nodes act as."""
        return self._role

    @property
    def security_group(self) -> security_groups.SecurityGroup:
        """The security group of its nodes."""
        return self._security_group

    @property
    def launch_template(self) -> launch_templates.LaunchTemplate:
        """What a node is made from."""
        return self._launch_template

    @property
    def group(self) -> autoscaling_group.AutoscalingGroup:
        """The auto scaling group."""
        return self._group

    def _node_role(self) -> iam_role.IamRole:
        role = iam_role.IamRole(
            self,
            "role",
            name=f"{self._name}-node",
            assume_role_policy=trust_policy("ec2.amazonaws.com"),
            tags=self._own_tags,
        )
        iam_role_policy_attachment.IamRolePolicyAttachment(
            self,
            "session-manager",
            role=role.name,
            policy_arn=_SESSION_MANAGER,
        )
        return role

    def _node_security_group(self, vpc_id: str) -> security_groups.SecurityGroup:
        group = security_groups.SecurityGroup(
            self,
            "security-group",
            name=self._name,
            description=f"Nodes of the training cluster {self._name}",
            vpc_id=vpc_id,
            tags=self._own_tags,
        )
        vpc_security_group_ingress_rule.VpcSecurityGroupIngressRule(
            self,
            "from-nodes",
            description="Everything from other nodes",
            security_group_id=group.id,
            referenced_security_group_id=group.id,
            ip_protocol="-1",
        )
        vpc_security_group_egress_rule.VpcSecurityGroupEgressRule(
            self,
            "to-nodes",
            description="Everything to other nodes",
            security_group_id=group.id,
            referenced_security_group_id=group.id,
            ip_protocol="-1",
        )
        vpc_security_group_egress_rule.VpcSecurityGroupEgressRule(
            self,
            "to-https",
            description="HTTPS to AWS, package indexes and registries",
            security_group_id=group.id,
            cidr_ipv4="0.0.0.0/0",
            ip_protocol="tcp",
            from_port=_HTTPS,
            to_port=_HTTPS,
        )
        return group

    def _image_id(self) -> str:
        reference = self._environment.image(self._experiment).reference
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
        return launch_templates.LaunchTemplate(
            self,
            "launch-template",
            name=self._name,
            image_id=self._image_id(),
            instance_type=self._environment.instance_type(self._experiment).name,
            update_default_version=True,
            iam_instance_profile=launch_templates.LaunchTemplateIamInstanceProfile(arn=profile.arn),
            vpc_security_group_ids=[self._security_group.id],
            metadata_options=launch_templates.LaunchTemplateMetadataOptions(
                http_endpoint="enabled",
                http_tokens="required",
                # Containers that need the node's role run on the host's network.
                http_put_response_hop_limit=1,
            ),
            monitoring=launch_templates.LaunchTemplateMonitoring(enabled=True),
            block_device_mappings=[
                launch_templates.LaunchTemplateBlockDeviceMappings(
                    device_name=self._environment.image(self._experiment).root_device,
                    ebs=launch_templates.LaunchTemplateBlockDeviceMappingsEbs(
                        volume_type="gp3",
                        volume_size=self._experiment.root_volume_gib,
                        encrypted="true",
                        kms_key_id=key_arn,
                        delete_on_termination="true",
                    ),
                )
            ],
            # The provider's default tags stop at what Terraform makes itself.
            tag_specifications=[
                launch_templates.LaunchTemplateTagSpecifications(resource_type=resource_type, tags=self._tags)
                for resource_type in ("instance", "volume", "network-interface")
            ],
            tags=self._own_tags,
        )

    def _node_group(self, subnet_ids: Sequence[str]) -> autoscaling_group.AutoscalingGroup:
        return autoscaling_group.AutoscalingGroup(
            self,
            "group",
            name=self._name,
            min_size=0,
            max_size=self._experiment.nodes,
            desired_capacity=self._experiment.nodes,
            vpc_zone_identifier=list(subnet_ids),
            launch_template=autoscaling_group.AutoscalingGroupLaunchTemplate(
                id=self._launch_template.id, version="$Latest"
            ),
            health_check_type="EC2",
            # GPU capacity can take hours to come; the group goes on asking after the apply has ended.
            wait_for_capacity_timeout="0",
            tag=[
                autoscaling_group.AutoscalingGroupTag(key=key, value=value, propagate_at_launch=True)
                for key, value in self._tags.items()
            ],
            lifecycle=TerraformResourceLifecycle(ignore_changes=["desired_capacity"]),
        )
