"""Queries in an Athena workgroup."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from mlinfra.errors import OperationError
from mlinfra.operations.aws import aws_errors_explained

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.operations.aws import AwsAccount

TIMEOUT_SECONDS: Final = 300
"""The longest time of a query. A month of a large bill is read within a minute."""

_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 5.0
_RUNNING = frozenset({"QUEUED", "RUNNING"})


class QueryFailedError(OperationError):
    """Athena could not run the query, for the reason in the message."""


def query(
    account: AwsAccount, sql: str, *, workgroup: str, database: str, timeout_seconds: float = TIMEOUT_SECONDS
) -> list[dict[str, str | None]]:
    """The rows of a query, as values by column.

    Args:
        account: the account, in the region of the workgroup.
        sql: the query.
        workgroup: the workgroup, which sets the place of results and the scan limit.
        database: the database of tables without one.
        timeout_seconds: the longest time of the query, which is cancelled then.

    Raises:
        QueryFailedError: if the workgroup does not exist, or the query fails, is cancelled or takes too long.
        OperationError: if AWS denies a request or cannot be reached.
    """
    client = account.client("athena")
    with aws_errors_explained():
        identifier = _started(client, sql, workgroup, database)
        try:
            _wait(client, identifier, timeout_seconds)
        except BaseException:
            # Also if the user interrupts: a query that goes on is billed.
            client.stop_query_execution(QueryExecutionId=identifier)
            raise
        return list(_rows(client, identifier))


def _started(client: Any, sql: str, workgroup: str, database: str) -> str:  # noqa: ANN401  boto3's
    try:
        return str(
            client.start_query_execution(
                QueryString=sql, WorkGroup=workgroup, QueryExecutionContext={"Database": database}
            )["QueryExecutionId"]
        )
    except ClientError as error:
        detail = error.response["Error"]
        if detail["Code"] == "InvalidRequestException" and "orkgroup" in detail["Message"].replace("WorkG", "workg"):
            message = f"The Athena workgroup {workgroup!r} does not exist ({detail['Message']})."
            raise QueryFailedError(message) from error
        raise


def _wait(client: Any, identifier: str, timeout_seconds: float) -> None:  # noqa: ANN401  boto3's
    end, wait = time.monotonic() + timeout_seconds, _FIRST_WAIT_SECONDS
    while True:
        status = client.get_query_execution(QueryExecutionId=identifier)["QueryExecution"]["Status"]
        if status["State"] == "SUCCEEDED":
            return
        if status["State"] not in _RUNNING:
            reason = status.get("StateChangeReason") or "no reason given"
            message = f"Athena did not complete the query ({status['State'].lower()}): {reason}"
            raise QueryFailedError(message)
        if time.monotonic() + wait > end:
            message = (
                f"The query was cancelled: Athena did not complete it within {timeout_seconds:g} seconds. Try again."
            )
            raise QueryFailedError(message)
        time.sleep(wait)
        wait = min(2 * wait, _LONGEST_WAIT_SECONDS)


def _rows(client: Any, identifier: str) -> Iterator[dict[str, str | None]]:  # noqa: ANN401  boto3's
    columns: list[str] = []
    for page in client.get_paginator("get_query_results").paginate(QueryExecutionId=identifier):
        for row in page["ResultSet"]["Rows"]:
            values = [each.get("VarCharValue") for each in row["Data"]]
            if not columns:
                # The first row of a query's results has the names of the columns. Source: Athena API reference,
                # GetQueryResults, read 2026-11-29.
                columns = [str(each) for each in values]
                continue
            yield dict(zip(columns, values, strict=True))
