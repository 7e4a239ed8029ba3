"""The cost of clusters by day, as the functions that count it have recorded it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from mlinfra.functions.contract import Table, Tag
from mlinfra.operations.aws import account_of, aws_errors_explained
from mlinfra.operations.clusters.inventory import TABLE_NOT_FOUND

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.declarations import Environment

_MONTHS_A_YEAR = 12


@dataclass(frozen=True)
class DailySpend:
    """The estimated cost of one cluster on one day, with its nodes, volumes and file systems."""

    day: date
    """In UTC."""
    cluster: str
    usd: float
    """The part with known prices, in USD."""
    unpriced: tuple[str, ...]
    """Its instance types with an unknown price. If there are any, `usd` is only a part of the cost."""
    project: str
    environment: str
    team: str
    cost_center: str
    owner: str
    """The owner on the last count of the day; empty, like the other tags, if the cluster has no such tag."""
    experiment: str


def daily_spend(environment: Environment, first: date, last: date) -> tuple[DailySpend, ...]:
    """The cost of each cluster of `environment` on each day of a period, also of clusters that no longer exist.

    Args:
        environment: the environment.
        first: the first day, in UTC.
        last: the last day, inclusive.

    Returns:
        The rows by day and cluster. Days without cost have none. Empty, if no cost was ever recorded.

    Raises:
        OperationError: if the account cannot be accessed, or denies reading the records.
    """
    account = account_of(environment)
    with aws_errors_explained():
        client = account.session.resource("dynamodb")
        table = client.Table(environment.names.records_table)
        try:
            return tuple(_row(item) for month in _months(first, last) for item in _items(table, month, first, last))
        except ClientError as error:
            if error.response["Error"]["Code"] == TABLE_NOT_FOUND:
                return ()
            raise


def _months(first: date, last: date) -> Iterator[str]:
    month = first.replace(day=1)
    while month <= last:
        yield f"{month:%Y-%m}"
        month = date(month.year + month.month // _MONTHS_A_YEAR, month.month % _MONTHS_A_YEAR + 1, 1)


def _items(table: Any, month: str, first: date, last: date) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401  boto3's
    from boto3.dynamodb.conditions import Key  # commands that do not use AWS start without it

    # "$" is the character after "#", the end of a day.
    days = Key(Table.RECORD).between(first.isoformat(), f"{last.isoformat()}$")
    arguments: dict[str, Any] = {"KeyConditionExpression": Key(Table.CLUSTER).eq(f"{Table.SPEND_PREFIX}{month}") & days}
    while True:
        page = table.query(**arguments)
        yield from page["Items"]
        if not page.get("LastEvaluatedKey"):
            return
        arguments["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _row(item: Mapping[str, Any]) -> DailySpend:
    day, _, cluster = str(item[Table.RECORD]).partition("#")
    tags = item.get(Table.SPEND_TAGS, {})
    return DailySpend(
        day=date.fromisoformat(day),
        cluster=cluster,
        usd=float(item.get(Table.SPEND_USD, 0)),
        unpriced=tuple(sorted(item.get(Table.SPEND_UNPRICED, ()))),
        project=tags.get(Tag.PROJECT, ""),
        environment=tags.get(Tag.ENVIRONMENT, ""),
        team=tags.get(Tag.TEAM, ""),
        cost_center=tags.get(Tag.COST_CENTER, ""),
        owner=tags.get(Tag.OWNER, ""),
        experiment=tags.get(Tag.EXPERIMENT, ""),
    )
