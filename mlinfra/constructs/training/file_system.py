"""A cluster's own Lustre file system, which shows a part of the data lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import (
    data_aws_ssm_parameters_by_path,
    fsx_data_repository_association,
    fsx_lustre_file_system,
    security_group as security_groups,
    ssm_parameter,
    vpc_security_group_egress_rule,
    vpc_security_group_ingress_rule,
)
from mlinfra.constructs.parts import environment_of
from mlinfra.functions.contract import Tag, removed_file_systems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra._cdk import TerraformResource
    from mlinfra.declarations import Environment, Lustre

_PORTS = {"lustre": (988, 988), "lustre-peers": (1018, 1023)}
"""The ports of Lustre. Source: FSx for Lustre user guide, "File system access control with Amazon VPC", read
2026-11-24."""


class ClusterFileSystem(Construct):
    """An FSx for Lustre scratch file system, linked to a prefix of a data lake zone.

    Objects of the lake are listed immediately, including later ones, and read when first opened. The
    file system has no backups, and destroying it leaves the lake unchanged. Files that are deleted in
    it are never deleted in the lake, with or without export.

    The janitor deletes it `keep_hours` after its cluster was stopped, and writes an SSM parameter of the
    experiment's name below `removed_file_systems`. While that exists, the file system, its link and the
    parameter with its target have a count of 0, so that an apply does not create them again for a stopped
    cluster. `mlinfra clusters start` deletes it.

    FSx reads the lake with a service-linked role that it creates with the link. The deploying principal
    needs `iam:CreateServiceLinkedRole`, `iam:AttachRolePolicy` and `iam:PutRolePolicy` for it. The key
    of the lake must allow that role to use it.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        lustre: Lustre,
        name: str,
        vpc_id: str,
        subnet_id: str,
        clients: security_groups.SecurityGroup,
        parameter_name: str,
        tags: Mapping[str, str],
        environment: Environment | None = None,
    ) -> None:
        """Declare the file system.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            lustre: its size, and the part of the lake that it shows.
            name: the name of its security group.
            vpc_id: its network.
            subnet_id: its subnet.
            clients: the security group of its clients.
            parameter_name: the SSM parameter with the target to mount: `DNS NAME@tcp:/MOUNT NAME`.
            tags: the tags that name its owner.
            environment: its environment. Default: the environment of the enclosing MlStack.
        """
        environment = environment_of(scope, environment)
        super().__init__(scope, id)
        self._security_group = security_groups.SecurityGroup(
            self,
            "security-group",
            name=f"{name}-lustre",
            description=f"The Lustre file system of {name}",
            vpc_id=vpc_id,
            tags=dict(tags),
        )
        rules = list(self._rules(clients))
        removed = data_aws_ssm_parameters_by_path.DataAwsSsmParametersByPath(
            self, "removed", path=removed_file_systems(environment.project, environment.name)
        )
        mark = f"{removed_file_systems(environment.project, environment.name)}/{tags[Tag.EXPERIMENT]}"
        data = f"data.{removed.terraform_resource_type}.{removed.friendly_unique_id}"
        self._count = f'${{contains({data}.names, "{mark}") ? 0 : 1}}'
        self._file_system = fsx_lustre_file_system.FsxLustreFileSystem(
            self,
            "file-system",
            deployment_type="SCRATCH_2",
            # FSx takes 2.10 where nothing is said, which knows no link to a bucket.
            file_system_type_version="2.15",
            storage_capacity=lustre.capacity_gib,
            subnet_ids=[subnet_id],
            security_group_ids=[self._security_group.id],
            tags={**tags, Tag.AUTO_STOP: "true", Tag.KEEP_HOURS: str(lustre.keep_hours)},
            # FSx tries at once whether Lustre gets through.
            depends_on=rules,
        )
        self._file_system.add_override("count", self._count)
        link = self._link(lustre, environment.names.bucket(lustre.zone), tags)
        self._parameter = ssm_parameter.SsmParameter(
            self,
            "parameter",
            name=parameter_name,
            description=f"Mount target of the Lustre file system. Read by the nodes of {name} at boot.",
            type="String",
            value=f"${{{self._own}.dns_name}}@tcp:/${{{self._own}.mount_name}}",
            tags=dict(tags),
            # A node that finds it finds the files too.
            depends_on=[link],
        )
        self._parameter.add_override("count", self._count)

    @property
    def file_system(self) -> fsx_lustre_file_system.FsxLustreFileSystem:
        """The file system itself."""
        return self._file_system

    @property
    def _own(self) -> str:
        """The file system's address in resources with the same count."""
        return f"{self._file_system.terraform_resource_type}.{self._file_system.friendly_unique_id}[count.index]"

    @property
    def security_group(self) -> security_groups.SecurityGroup:
        """The security group of its servers."""
        return self._security_group

    @property
    def parameter(self) -> ssm_parameter.SsmParameter:
        """The SSM parameter that says what to mount."""
        return self._parameter

    def _link(
        self, lustre: Lustre, bucket: str, tags: Mapping[str, str]
    ) -> fsx_data_repository_association.FsxDataRepositoryAssociation:
        association = fsx_data_repository_association
        link = association.FsxDataRepositoryAssociation(
            self,
            "link",
            file_system_id=f"${{{self._own}.id}}",
            file_system_path="/",
            data_repository_path=f"s3://{bucket}/{lustre.prefix}",
            batch_import_meta_data_on_create=True,
            s3=association.FsxDataRepositoryAssociationS3(
                auto_import_policy=association.FsxDataRepositoryAssociationS3AutoImportPolicy(
                    events=["NEW", "CHANGED", "DELETED"]
                ),
                auto_export_policy=(
                    association.FsxDataRepositoryAssociationS3AutoExportPolicy(events=["NEW", "CHANGED"])
                    if lustre.export
                    else None
                ),
            ),
            # The provider waits for 10 minutes; the import of millions of objects takes hours (FSx for Lustre user
            # guide, "Importing file and directory metadata", read 2026-11-29).
            timeouts=association.FsxDataRepositoryAssociationTimeouts(create="12h", update="12h", delete="4h"),
            tags=dict(tags),
        )
        link.add_override("count", self._count)
        return link

    def _rules(self, clients: security_groups.SecurityGroup) -> Iterator[TerraformResource]:
        """Lustre's ports: between its servers and its clients in both directions, and among its servers."""
        servers = self._security_group
        ways = {
            "clients-to-servers": (clients, servers),
            "servers-to-clients": (servers, clients),
            "servers-to-servers": (servers, servers),
        }
        for way, (source, target) in ways.items():
            for name, (first, last) in _PORTS.items():
                yield vpc_security_group_egress_rule.VpcSecurityGroupEgressRule(
                    self,
                    f"{name}-{way}-out",
                    description=f"Lustre, {way.replace('-', ' ')}",
                    security_group_id=source.id,
                    referenced_security_group_id=target.id,
                    ip_protocol="tcp",
                    from_port=first,
                    to_port=last,
                )
                yield vpc_security_group_ingress_rule.VpcSecurityGroupIngressRule(
                    self,
                    f"{name}-{way}-in",
                    description=f"Lustre, {way.replace('-', ' ')}",
                    security_group_id=target.id,
                    referenced_security_group_id=source.id,
                    ip_protocol="tcp",
                    from_port=first,
                    to_port=last,
                )
