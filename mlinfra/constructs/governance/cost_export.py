"""The bill of the account as a table: a data export (CUR 2.0), its bucket, a Glue table and an Athena workgroup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import (
    athena_workgroup as workgroups,
    bcmdataexports_export as exports,
    glue_catalog_database,
    glue_catalog_table as tables,
    provider,
)
from mlinfra.constructs.data_lake import Lifecycle
from mlinfra.constructs.parts import PrivateBucket, environment_of, statement
from mlinfra.declarations import BILLING_COLUMNS, BILLING_TABLE

if TYPE_CHECKING:
    from mlinfra.declarations import CostExportSettings, Environment

_SERVICE_REGION = "us-east-1"
"""The only region with an endpoint of Data Exports. The bucket can be in another one. Source: AWS General Reference,
"AWS Billing and Cost Management endpoints and quotas", read 2026-11-29."""

_FIRST_MONTH = "2024-01"
"""The first month that the table can have. Partitions without objects are empty."""

_RESULTS_KEPT_DAYS = 30
_GIB = 1024**3
_PREFIX = "exports"
_RESULTS = "results"
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


class CostExport(Construct):
    """The bill of the account by day, service and tag, in a private bucket, and the Athena workgroup that queries it.

    AWS delivers the first data within 24 hours and updates it up to three times a day. Resource tags are part of it
    once they are activated for cost allocation. Exports are free; the objects and queries are billed.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        settings: CostExportSettings,
        environment: Environment | None = None,
    ) -> None:
        """Declare the export, the bucket, the table and the workgroup.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            settings: the scan limit of a query.
            environment: the environment. Default: the environment of the enclosing MlStack.
        """
        environment = environment_of(scope, environment)
        super().__init__(scope, id)
        self._environment = environment
        self._bucket = PrivateBucket(
            self,
            "bucket",
            name=environment.names.bucket("billing"),
            # Data Exports writes with the key of S3. Source: Data Exports user guide, "Setting up an Amazon S3 bucket
            # for data exports", read 2026-11-29, which names no permission for other keys.
            key_arn=None,
            statements=_bucket_statements(environment),
            protect=environment.protect_data,
        )
        Lifecycle(expire_old_versions_after_days=1).apply_to(
            self._bucket,
            prefixes={
                f"{_RESULTS}/": Lifecycle(expire_after_days=_RESULTS_KEPT_DAYS, expire_old_versions_after_days=1)
            },
        )
        self._export = self._make_export()
        self._database = glue_catalog_database.GlueCatalogDatabase(
            self,
            "database",
            name=environment.names.billing_database,
            description=f"The bill of the account of {environment.names.prefix}.",
        )
        self._table = self._make_table()
        self._workgroup = self._make_workgroup(settings)

    @property
    def bucket(self) -> PrivateBucket:
        """The bucket of the bill and of the results of queries."""
        return self._bucket

    @property
    def export(self) -> exports.BcmdataexportsExport:
        """The data export."""
        return self._export

    @property
    def table(self) -> tables.GlueCatalogTable:
        """The Glue table of the bill."""
        return self._table

    @property
    def workgroup(self) -> workgroups.AthenaWorkgroup:
        """The Athena workgroup."""
        return self._workgroup

    def _make_export(self) -> exports.BcmdataexportsExport:
        environment = self._environment
        destination = exports.BcmdataexportsExportExportDestinationConfigurationsS3Destination
        output = exports.BcmdataexportsExportExportDestinationConfigurationsS3DestinationS3OutputConfigurations
        return exports.BcmdataexportsExport(
            self,
            "export",
            provider=self._provider(),
            export=[
                exports.BcmdataexportsExportExport(
                    name=self._name,
                    description=f"The bill of the account of {environment.names.prefix}, for mlinfra cost actual.",
                    data_query=[
                        exports.BcmdataexportsExportExportDataQuery(
                            query_statement=f"SELECT {', '.join(BILLING_COLUMNS)} FROM COST_AND_USAGE_REPORT",  # noqa: S608  names of columns
                            # With all settings: AWS returns those that are not given, and the provider replaces the
                            # export. Source: https://github.com/hashicorp/terraform-provider-aws/issues/43893.
                            table_configurations={
                                "COST_AND_USAGE_REPORT": {
                                    "BILLING_VIEW_ARN": (
                                        f"arn:aws:billing::{environment.account_id}:billingview/primary"
                                    ),
                                    "TIME_GRANULARITY": "DAILY",
                                    "INCLUDE_RESOURCES": "FALSE",
                                    "INCLUDE_MANUAL_DISCOUNT_COMPATIBILITY": "FALSE",
                                    "INCLUDE_SPLIT_COST_ALLOCATION_DATA": "FALSE",
                                }
                            },
                        )
                    ],
                    destination_configurations=[
                        exports.BcmdataexportsExportExportDestinationConfigurations(
                            s3_destination=[
                                destination(
                                    s3_bucket=self._bucket.name,
                                    s3_prefix=_PREFIX,
                                    s3_region=environment.region,
                                    s3_output_configurations=[
                                        output(
                                            compression="PARQUET",
                                            format="PARQUET",
                                            output_type="CUSTOM",
                                            overwrite="OVERWRITE_REPORT",
                                        )
                                    ],
                                )
                            ]
                        )
                    ],
                    refresh_cadence=[exports.BcmdataexportsExportExportRefreshCadence(frequency="SYNCHRONOUS")],
                )
            ],
            # AWS checks that it can write when the export is created.
            depends_on=[self._bucket.policy],
        )

    @property
    def _name(self) -> str:
        return f"{self._environment.names.prefix}-costs"

    def _provider(self) -> provider.AwsProvider:
        """The provider in the region of the service."""
        environment = self._environment
        return provider.AwsProvider(
            self,
            "provider",
            alias="data-exports",
            region=_SERVICE_REGION,
            allowed_account_ids=[environment.account_id],
            default_tags=[provider.AwsProviderDefaultTags(tags=environment.tags(auto_stop=False))],
            skip_metadata_api_check="true" if environment.emulated else None,
        )

    def _make_table(self) -> tables.GlueCatalogTable:
        # Exports in the format of CUR 2.0 have a folder BILLING_PERIOD=2026-11 for each month. Source: Data Exports
        # user guide, "Understanding export delivery", read 2026-11-29. With partition projection no crawler is needed.
        location = f"s3://{self._bucket.name}/{_PREFIX}/{self._name}/data"
        return tables.GlueCatalogTable(
            self,
            "table",
            database_name=self._database.name,
            name=BILLING_TABLE,
            description="The bill by day, service and tag (CUR 2.0).",
            table_type="EXTERNAL_TABLE",
            parameters={
                "classification": "parquet",
                "projection.enabled": "true",
                "projection.billing_period.type": "date",
                "projection.billing_period.format": "yyyy-MM",
                "projection.billing_period.range": f"{_FIRST_MONTH},NOW",
                "projection.billing_period.interval": "1",
                "projection.billing_period.interval.unit": "MONTHS",
                # $${: Terraform would evaluate ${ as a template.
                "storage.location.template": f"{location}/BILLING_PERIOD=$${{billing_period}}",
            },
            partition_keys=[tables.GlueCatalogTablePartitionKeys(name="billing_period", type="string")],
            storage_descriptor=tables.GlueCatalogTableStorageDescriptor(
                location=location,
                input_format=f"{_PARQUET}.MapredParquetInputFormat",
                output_format=f"{_PARQUET}.MapredParquetOutputFormat",
                ser_de_info=tables.GlueCatalogTableStorageDescriptorSerDeInfo(
                    serialization_library=f"{_PARQUET}.serde.ParquetHiveSerDe"
                ),
                columns=[
                    tables.GlueCatalogTableStorageDescriptorColumns(name=name, type=type_)
                    for name, type_ in BILLING_COLUMNS.items()
                ],
            ),
        )

    def _make_workgroup(self, settings: CostExportSettings) -> workgroups.AthenaWorkgroup:
        environment = self._environment
        encryption = workgroups.AthenaWorkgroupConfigurationResultConfigurationEncryptionConfiguration
        return workgroups.AthenaWorkgroup(
            self,
            "workgroup",
            name=environment.names.billing_workgroup,
            description=f"Queries of the bill of {environment.names.prefix}.",
            force_destroy=not environment.protect_data,
            configuration=workgroups.AthenaWorkgroupConfiguration(
                bytes_scanned_cutoff_per_query=int(settings.scan_limit_gib * _GIB),
                enforce_workgroup_configuration=True,
                publish_cloudwatch_metrics_enabled=True,
                result_configuration=workgroups.AthenaWorkgroupConfigurationResultConfiguration(
                    output_location=f"s3://{self._bucket.name}/{_RESULTS}/",
                    expected_bucket_owner=environment.account_id,
                    encryption_configuration=encryption(encryption_option="SSE_S3"),
                ),
            ),
            depends_on=[self._bucket.policy],
        )


def _bucket_statements(environment: Environment) -> list[dict[str, object]]:
    """Statements that allow the service to write, and deny other accounts.

    Source: Data Exports user guide, "Setting up an Amazon S3 bucket for data exports", read 2026-11-29.
    """
    arn = f"arn:aws:s3:::{environment.names.bucket('billing')}"
    account_id = environment.account_id
    return [
        statement(
            "AllowDataExports",
            principals={"Service": ["bcm-data-exports.amazonaws.com", "billingreports.amazonaws.com"]},
            actions=["s3:GetBucketPolicy", "s3:PutObject"],
            resources=[arn, f"{arn}/*"],
            conditions={
                "StringEquals": {"aws:SourceAccount": account_id},
                "ArnLike": {
                    "aws:SourceArn": [
                        f"arn:aws:bcm-data-exports:{_SERVICE_REGION}:{account_id}:export/*",
                        f"arn:aws:cur:{_SERVICE_REGION}:{account_id}:definition/*",
                    ]
                },
            },
        ),
        statement(
            "DenyOtherAccounts",
            effect="Deny",
            principals={"AWS": "*"},
            actions=["s3:*"],
            resources=[arn, f"{arn}/*"],
            conditions={
                "StringNotEquals": {"aws:PrincipalAccount": account_id},
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
            },
        ),
    ]
