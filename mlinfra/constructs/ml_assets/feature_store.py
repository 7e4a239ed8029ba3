"""SageMaker's feature store: features of items, for training and for predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct, TerraformResourceLifecycle
from mlinfra._cdk.aws import iam_role, iam_role_policy, sagemaker_feature_group
from mlinfra.constructs.parts import environment_of, grant_to, policy_document, statement, trust_policy, workload_role
from mlinfra.functions.contract import Tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.constructs.data_lake import DataLakeAccess
    from mlinfra.constructs.parts import AnyRole
    from mlinfra.declarations import Environment, FeatureGroup

RECORDS = "feature-store/"
"""The prefix of offline stores in the zone `features` of the lake, followed by the group's name."""

_CATALOG = "sagemaker_featurestore"
"""The Glue database that SageMaker keeps the tables of offline stores in."""


class FeatureStoreAccess(Construct):
    """Access to the feature groups of an environment, declared in this stack or another one."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        data_lake: DataLakeAccess,
        environment: Environment | None = None,
    ) -> None:
        """Refer to feature groups of another stack.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            data_lake: the lake of the offline stores. Its key also encrypts online stores.
            environment: the environment of the feature groups. Default: that of the enclosing MlStack.

        Raises:
            ValueError: if the environment declares no feature group.
        """
        self._environment = environment = environment_of(scope, environment)
        if not environment.feature_groups:
            message = (
                f"the environment {environment.name!r} declares no feature_groups. Expected: one or more "
                f"FeatureGroup(...) in its declaration."
            )
            raise ValueError(message)
        super().__init__(scope, id)
        self._data_lake = data_lake
        self._declared = {each.name: each for each in environment.feature_groups}

    def group_name(self, name: str) -> str:
        """The name of the feature group `name` in SageMaker.

        Raises:
            ValueError: if the environment declares no such group.
        """
        return f"{self._environment.names.prefix}-{self._group(name).name}"

    def group_arn(self, name: str) -> str:
        """The ARN of the feature group `name`.

        Raises:
            ValueError: if the environment declares no such group.
        """
        environment = self._environment
        return f"arn:aws:sagemaker:{environment.region}:{environment.account_id}:feature-group/{self.group_name(name)}"

    def grant_read(self, grantee: AnyRole, *, groups: Sequence[str] | None = None) -> None:
        """Allow `grantee` to read records: the latest from online stores, and all of them from the lake.

        Args:
            grantee: something with a role, a role, or a role's name, such as a TrainingCluster.
            groups: the feature groups. Default: all of the environment.

        Raises:
            ValueError: if the environment declares no such group.
        """
        actions = ["sagemaker:BatchGetRecord", "sagemaker:DescribeFeatureGroup", "sagemaker:GetRecord"]
        chosen = self._grant(grantee, "read", groups, actions)
        for each in chosen:
            if each.offline:
                self._data_lake.grant_read(grantee, zones=["features"], prefix=f"{RECORDS}{each.name}/")

    def grant_write(self, grantee: AnyRole, *, groups: Sequence[str] | None = None) -> None:
        """Allow `grantee` to put and delete records, which SageMaker copies to the lake.

        Args:
            grantee: something with a role, a role, or a role's name, such as a TrainingCluster.
            groups: the feature groups. Default: all of the environment.

        Raises:
            ValueError: if the environment declares no such group.
        """
        actions = ["sagemaker:DeleteRecord", "sagemaker:DescribeFeatureGroup", "sagemaker:PutRecord"]
        self._grant(grantee, "write", groups, actions)

    def _group(self, name: str) -> FeatureGroup:
        if name not in self._declared:
            message = (
                f"the environment {self._environment.name!r} has no feature group {name!r}. Expected: one of "
                f"{', '.join(self._declared)}."
            )
            raise ValueError(message)
        return self._declared[name]

    def _grant(
        self, grantee: AnyRole, access: str, groups: Sequence[str] | None, actions: Sequence[str]
    ) -> list[FeatureGroup]:
        chosen = [self._group(each) for each in (self._declared if groups is None else groups)]
        name = "-".join([self.node.id, access, *(groups or ())])
        statements = [statement("Records", actions=actions, resources=[self.group_arn(each.name) for each in chosen])]
        if any(each.online for each in chosen):
            # Reading or writing an online store requires its key (SageMaker developer guide, "Security and
            # access control" of the feature store, read 2026-11-26).
            via = {"StringEquals": {"kms:ViaService": f"sagemaker.{self._environment.region}.amazonaws.com"}}
            key = [self._data_lake.key_arn]
            statements.append(statement("Key", actions=["kms:Decrypt"], resources=key, conditions=via))
        grant_to(grantee, name, statements, scope=self)
        return chosen


class FeatureStore(FeatureStoreAccess):
    """A feature group for each that the environment declares.

    Offline stores are Parquet files in the lake, with tables in Glue's catalog for Athena to read.
    What is in the lake stays there when a group goes.

    Features can be added and never changed or removed, and the AWS provider cannot even add: for it,
    another list of features is another group. Add one with SageMaker's UpdateFeatureGroup first, and
    to the declaration afterwards; docs/models-and-images.md says how.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        data_lake: DataLakeAccess,
        protect: bool | None = None,
        environment: Environment | None = None,
    ) -> None:
        """Declare the groups.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            data_lake: the lake that stores the records in its zone `features`, below `feature-store/`.
                Its key encrypts them there and in online stores.
            protect: True if Terraform refuses to destroy a group, or to replace it for another list of
                features. Default: the environment's `protect_data`.
            environment: their environment. Default: the environment of the enclosing MlStack.

        Raises:
            ValueError: if the environment declares no feature group, or the lake has no zone for features.
        """
        data_lake.bucket_name("features")
        super().__init__(scope, id, data_lake=data_lake, environment=environment)
        protect = self._environment.protect_data if protect is None else protect
        self._role = workload_role(
            self,
            "role",
            environment=self._environment,
            name=f"{self._environment.names.prefix}-feature-store",
            description=f"Writes the records of feature groups of {self._environment.names.prefix} to the data lake.",
            trust=trust_policy("sagemaker.amazonaws.com"),
        )
        self._policy = iam_role_policy.IamRolePolicy(
            self, "policy", name="keep-records", role=self._role.name, policy=policy_document(*self._statements())
        )
        self._groups = {name: self._make(each, protect=protect) for name, each in self._declared.items()}

    @property
    def role(self) -> iam_role.IamRole:
        """The role that SageMaker writes to the lake as."""
        return self._role

    def group(self, name: str) -> sagemaker_feature_group.SagemakerFeatureGroup:
        """The feature group `name` itself.

        Raises:
            ValueError: if the environment declares no such group.
        """
        return self._groups[self._group(name).name]

    def _make(self, declared: FeatureGroup, *, protect: bool) -> sagemaker_feature_group.SagemakerFeatureGroup:
        return sagemaker_feature_group.SagemakerFeatureGroup(
            self,
            f"group-{declared.name}",
            feature_group_name=self.group_name(declared.name),
            description=declared.description or None,
            record_identifier_feature_name=declared.record_identifier,
            event_time_feature_name=declared.event_time,
            feature_definition=[
                sagemaker_feature_group.SagemakerFeatureGroupFeatureDefinition(feature_name=name, feature_type=kind)
                for name, kind in declared.features.items()
            ],
            role_arn=self._role.arn,
            offline_store_config=self._offline(declared) if declared.offline else None,
            online_store_config=self._online() if declared.online else None,
            tags={Tag.OWNER: declared.owner},
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if protect else None,
            # SageMaker looks whether the role can reach the bucket when a group is made.
            depends_on=[self._policy],
        )

    def _offline(self, declared: FeatureGroup) -> sagemaker_feature_group.SagemakerFeatureGroupOfflineStoreConfig:
        return sagemaker_feature_group.SagemakerFeatureGroupOfflineStoreConfig(
            s3_storage_config=sagemaker_feature_group.SagemakerFeatureGroupOfflineStoreConfigS3StorageConfig(
                s3_uri=f"s3://{self._data_lake.bucket_name('features')}/{RECORDS}{declared.name}",
                kms_key_id=self._data_lake.key_arn,
            )
        )

    def _online(self) -> sagemaker_feature_group.SagemakerFeatureGroupOnlineStoreConfig:
        return sagemaker_feature_group.SagemakerFeatureGroupOnlineStoreConfig(
            enable_online_store=True,
            security_config=sagemaker_feature_group.SagemakerFeatureGroupOnlineStoreConfigSecurityConfig(
                kms_key_id=self._data_lake.key_arn
            ),
        )

    def _statements(self) -> list[dict[str, object]]:
        """The permissions of AWS's AmazonSageMakerFeatureStoreAccess, for one prefix; read 2026-11-26."""
        bucket = f"arn:aws:s3:::{self._data_lake.bucket_name('features')}"
        glue = f"arn:aws:glue:{self._environment.region}:{self._environment.account_id}"
        return [
            statement("WriteRecords", actions=["s3:PutObject", "s3:PutObjectAcl"], resources=[f"{bucket}/{RECORDS}*"]),
            statement("ReadBucketAcl", actions=["s3:GetBucketAcl"], resources=[bucket]),
            statement("UseKey", actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[self._data_lake.key_arn]),
            statement(
                "UpdateTables",
                actions=["glue:GetTable", "glue:UpdateTable"],
                resources=[f"{glue}:catalog", f"{glue}:database/{_CATALOG}", f"{glue}:table/{_CATALOG}/*"],
            ),
        ]
