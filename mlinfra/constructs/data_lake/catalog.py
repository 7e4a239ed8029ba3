"""A Glue database and an Athena workgroup on a data lake, and their settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import athena_workgroup as workgroups, glue_catalog_database
from mlinfra.constructs.data_lake.lifecycle import Lifecycle
from mlinfra.constructs.data_lake.policy import deny_other_accounts
from mlinfra.constructs.parts import PrivateBucket, grant_to, statement

if TYPE_CHECKING:
    from mlinfra.constructs.parts import AnyRole
    from mlinfra.declarations import Environment

_SMALLEST_LIMIT_BYTES = 10 * 1024**2
_GIB = 1024**3

_QUERY = (
    "athena:GetQueryExecution",
    "athena:GetQueryResults",
    "athena:GetQueryResultsStream",
    "athena:GetWorkGroup",
    "athena:ListQueryExecutions",
    "athena:StartQueryExecution",
    "athena:StopQueryExecution",
)
_READ_TABLES = (
    "glue:BatchGetPartition",
    "glue:GetDatabase",
    "glue:GetPartition",
    "glue:GetPartitions",
    "glue:GetTable",
    "glue:GetTables",
)
_RESULTS = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject")


@dataclass(frozen=True, kw_only=True)
class DataCatalog:
    """A Glue database for the lake's tables, and an Athena workgroup to query them with.

    Raises:
        ValueError: if the limit is below the minimum of Athena, or results are kept for less than a day.
    """

    scan_limit_gib: float = 1024
    """The maximum that one query may read, in GiB, at least 10 MiB. Athena cancels it there, and bills what it read.
    Default: 1024, about 5 USD a query at 5 USD a TB (us-east-1, read 2026-11)."""

    results_kept_days: int = 30
    """The retention of query results, in days. Default: 30, since a query can be run again."""

    def __post_init__(self) -> None:
        if self.scan_limit_bytes < _SMALLEST_LIMIT_BYTES:
            message = f"scan_limit_gib={self.scan_limit_gib} is too low. Expected: 0.01 or more; Athena needs 10 MiB."
            raise ValueError(message)
        if self.results_kept_days < 1:
            message = f"results_kept_days must be at least 1, got {self.results_kept_days}."
            raise ValueError(message)

    @property
    def scan_limit_bytes(self) -> int:
        """The maximum that one query may read, in bytes."""
        return int(self.scan_limit_gib * _GIB)


class DataLakeCatalog(Construct):
    """The Glue database of the lake's tables, and the Athena workgroup that queries them. `DataLake` creates it.

    A query cannot override the workgroup's settings of results and limit.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        catalog: DataCatalog,
        key_arn: str,
        protect: bool,
        environment: Environment,
    ) -> None:
        """Declare the database and the workgroup.

        Args:
            scope: what they belong to.
            id: the construct's id, unique in its scope.
            catalog: the scan limit, and the retention of results.
            key_arn: the key that encrypts results.
            protect: True if Terraform refuses to destroy the bucket of results, and the workgroup with its query
                history.
            environment: the environment of the lake.
        """
        super().__init__(scope, id)
        self._environment = environment
        self._key_arn = key_arn
        self._database_name = environment.names.prefix.replace("-", "_")
        self._workgroup_name = f"{environment.names.prefix}-data-lake"
        self._results = PrivateBucket(
            self,
            "results",
            name=environment.names.bucket("queries"),
            key_arn=key_arn,
            statements=[
                deny_other_accounts(f"arn:aws:s3:::{environment.names.bucket('queries')}", [environment.account_id])
            ],
            protect=protect,
        )
        Lifecycle(expire_after_days=catalog.results_kept_days, expire_old_versions_after_days=1).apply_to(self._results)
        self._database = glue_catalog_database.GlueCatalogDatabase(
            self,
            "database",
            # Athena requires quotes around names with hyphens, in every query.
            name=self._database_name,
            description=f"Tables in the data lake of {environment.names.prefix}.",
        )
        self._workgroup = self._make_workgroup(catalog, key_arn, protect=protect, environment=environment)

    @property
    def results(self) -> PrivateBucket:
        """The bucket of the results of queries."""
        return self._results

    @property
    def database(self) -> glue_catalog_database.GlueCatalogDatabase:
        """The Glue database."""
        return self._database

    @property
    def workgroup(self) -> workgroups.AthenaWorkgroup:
        """The Athena workgroup."""
        return self._workgroup

    def grant_query(self, grantee: AnyRole) -> None:
        """Allow `grantee` to query the tables of the database, only in the workgroup and so within its limit.

        It also needs access to the zones of the tables: `DataLake.grant_query` grants both.

        Args:
            grantee: a construct with a role, an IamRole, or the name of an existing role of this account.

        Raises:
            ValueError: if a text is not a valid role name.
        """
        place = f"{self._environment.region}:{self._environment.account_id}"
        glue = f"arn:aws:glue:{place}"
        # Source: Athena user guide, "Managed policies", AmazonAthenaFullAccess, and "Configure access to databases
        # and tables in the AWS Glue Data Catalog": Glue also requires the catalog and the database of a table.
        statements = [
            statement("Query", actions=_QUERY, resources=[f"arn:aws:athena:{place}:workgroup/{self._workgroup_name}"]),
            statement(
                "Tables",
                actions=_READ_TABLES,
                resources=[
                    f"{glue}:catalog",
                    f"{glue}:database/{self._database_name}",
                    f"{glue}:table/{self._database_name}/*",
                ],
            ),
            # Athena reads the database "default" of a region for every query. Source: the same page.
            statement("DefaultDatabase", actions=["glue:GetDatabase"], resources=[f"{glue}:database/default"]),
            statement(
                "ResultBucket",
                actions=["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
                resources=[self._results.arn],
            ),
            statement("Results", actions=_RESULTS, resources=[f"{self._results.arn}/*"]),
            statement("Key", actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[self._key_arn]),
        ]
        grant_to(grantee, f"{self._workgroup_name}-query", statements, scope=self)

    def _make_workgroup(
        self, catalog: DataCatalog, key_arn: str, *, protect: bool, environment: Environment
    ) -> workgroups.AthenaWorkgroup:
        encryption = workgroups.AthenaWorkgroupConfigurationResultConfigurationEncryptionConfiguration
        return workgroups.AthenaWorkgroup(
            self,
            "workgroup",
            name=self._workgroup_name,
            description=f"Queries of the data lake of {environment.names.prefix}.",
            force_destroy=not protect,
            configuration=workgroups.AthenaWorkgroupConfiguration(
                bytes_scanned_cutoff_per_query=catalog.scan_limit_bytes,
                enforce_workgroup_configuration=True,
                publish_cloudwatch_metrics_enabled=True,
                result_configuration=workgroups.AthenaWorkgroupConfigurationResultConfiguration(
                    output_location=f"s3://{self._results.name}/",
                    expected_bucket_owner=environment.account_id,
                    encryption_configuration=encryption(encryption_option="SSE_KMS", kms_key_arn=key_arn),
                ),
            ),
            depends_on=[self._results.policy],
        )
