"""The DynamoDB table of clusters and their jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import dynamodb_table
from mlinfra.constructs.parts import environment_of
from mlinfra.functions.contract import Table

if TYPE_CHECKING:
    from mlinfra.declarations import Environment


class ClusterRecords(Construct):
    """The environment's DynamoDB table of heartbeats, costs, warnings and extensions.

    Point-in-time recovery covers the last 35 days: a lost extension would stop a cluster. Billing is on demand. Records
    with a time to live are deleted automatically.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        key_arn: str,
        environment: Environment | None = None,
    ) -> None:
        """Declare the table.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            key_arn: the KMS key that encrypts it. Readers and writers need permission to use the key through DynamoDB.
            environment: the environment of the clusters. Default: the environment of the enclosing MlStack.
        """
        environment = environment_of(scope, environment)
        super().__init__(scope, id)
        self._table = dynamodb_table.DynamodbTable(
            self,
            "table",
            name=environment.names.records_table,
            billing_mode="PAY_PER_REQUEST",
            hash_key=Table.CLUSTER,
            range_key=Table.RECORD,
            attribute=[
                dynamodb_table.DynamodbTableAttribute(name=name, type="S") for name in (Table.CLUSTER, Table.RECORD)
            ],
            ttl=dynamodb_table.DynamodbTableTtl(attribute_name=Table.EXPIRE_AT, enabled=True),
            point_in_time_recovery=dynamodb_table.DynamodbTablePointInTimeRecovery(enabled=True),
            server_side_encryption=dynamodb_table.DynamodbTableServerSideEncryption(enabled=True, kms_key_arn=key_arn),
        )

    @property
    def table(self) -> dynamodb_table.DynamodbTable:
        """The table."""
        return self._table
