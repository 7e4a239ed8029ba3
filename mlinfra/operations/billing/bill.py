"""The bill of an account in a month, by tag or service, from its data export."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from mlinfra.declarations import BILLING_TABLE
from mlinfra.errors import OperationError
from mlinfra.operations.aws import account_of
from mlinfra.operations.billing.athena import TIMEOUT_SECONDS, QueryFailedError, query

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlinfra.declarations import Environment


class BillKey(str, Enum):
    """The keys that a bill is summed by."""

    OWNER = "owner"
    TEAM = "team"
    EXPERIMENT = "experiment"
    COST_CENTER = "cost_center"
    SERVICE = "service"


_TAGS: Final = {
    BillKey.OWNER: "Owner",
    BillKey.TEAM: "Team",
    BillKey.EXPERIMENT: "Experiment",
    BillKey.COST_CENTER: "CostCenter",
}

_NOT_USAGE: Final = ("Credit", "Refund", "Tax")
"""Types of lines that neither the estimate nor the environment's budget includes, except taxes in the budget. Source:
Data Exports user guide, "Line item columns", line_item_line_item_type, read 2026-11-29."""


@dataclass(frozen=True)
class BilledCost:
    """The cost of one value of a key in a month."""

    name: str
    """The value. Empty: the resources have no such tag."""
    environment: str
    """The value of the tag Environment. Empty: the resources have no such tag."""
    project: str
    usd: float


@dataclass(frozen=True)
class Bill:
    """The bill of an account in one month, without credits, refunds and taxes."""

    month: date
    """Its first day."""
    key: BillKey
    costs: tuple[BilledCost, ...]
    last_day: date | None
    """The last day with cost. None: there is none."""


def read_bill(environment: Environment, month: date, key: BillKey, *, timeout_seconds: float = TIMEOUT_SECONDS) -> Bill:
    """The bill of the account of `environment`.

    Args:
        environment: the environment, which has a `cost_export`.
        month: a day of the month.
        key: the key to sum by.
        timeout_seconds: the longest time of the query.

    Raises:
        OperationError: if the environment has no `cost_export`, it is not applied, the query fails or exceeds its scan
            limit, or the bill is in another currency than USD.
    """
    settings = environment.governance.cost_export
    if settings is None:
        message = (
            f"The environment {environment.name!r} has no cost export, so its bill cannot be read. Expected: "
            f"governance=Governance(cost_export=CostExportSettings()) in its declaration, and an apply of "
            f"{environment.names.stack_id('governance')}. AWS delivers the first data within 24 hours."
        )
        raise OperationError(message)
    month = month.replace(day=1)
    try:
        rows = query(
            account_of(environment),
            statement(environment, month, key),
            workgroup=environment.names.billing_workgroup,
            database=environment.names.billing_database,
            timeout_seconds=timeout_seconds,
        )
    except QueryFailedError as error:
        raise OperationError(_remedy(environment, str(error))) from error
    return _bill(month, key, rows)


def statement(environment: Environment, month: date, key: BillKey) -> str:
    """The query of the bill: each value of the key, by the environment and project of the resources."""
    name = "line_item_product_code" if key is BillKey.SERVICE else _tag(_TAGS[key])
    table = f'"{environment.names.billing_database}"."{BILLING_TABLE}"'
    excluded = ", ".join(f"'{each}'" for each in _NOT_USAGE)
    # Every part is a constant or the name of a resource, and no input of a user.
    return (
        f"SELECT {name} AS name, {_tag('Environment')} AS environment, {_tag('Project')} AS project, "  # noqa: S608
        f"line_item_currency_code AS currency, sum(line_item_unblended_cost) AS cost, "
        f"cast(max(date(line_item_usage_start_date)) AS varchar) AS last_day "
        f"FROM {table} WHERE billing_period = '{month:%Y-%m}' AND line_item_line_item_type NOT IN ({excluded}) "
        f"GROUP BY 1, 2, 3, 4"
    )


def _tag(key: str) -> str:
    """The expression for the value of a tag: the bill has its key in snake case, with a prefix.

    Source: Data Exports user guide, "Resource tags columns", read 2026-11-29.
    """
    snake = "".join(f"_{each.lower()}" if each.isupper() else each for each in key).lstrip("_")
    return f"coalesce(element_at(resource_tags, 'user_{snake}'), element_at(resource_tags, '{key}'), '')"


def _bill(month: date, key: BillKey, rows: Iterable[dict[str, str | None]]) -> Bill:
    costs, days, currencies = [], [], set()
    for row in rows:
        values: dict[str, Any] = {name: value or "" for name, value in row.items()}
        currencies.add(values["currency"])
        days += [date.fromisoformat(values["last_day"][:10])] if values["last_day"] else []
        costs.append(BilledCost(values["name"], values["environment"], values["project"], float(values["cost"] or 0.0)))
    if others := currencies - {"USD", ""}:
        message = (
            f"The bill of {month:%Y-%m} is in {', '.join(sorted(others))}, and the estimate in USD. They cannot be "
            f"compared."
        )
        raise OperationError(message)
    return Bill(month, key, tuple(costs), max(days, default=None))


def _remedy(environment: Environment, reason: str) -> str:
    stack = environment.names.stack_id("governance")
    if any(text in reason for text in ("does not exist", "not found", "NOT_FOUND")):
        return f"{reason} Apply {stack} first: mlinfra up {environment.name} {stack}"
    if "limit" in reason.lower() and "scan" in reason.lower():
        settings = environment.governance.cost_export
        limit = settings.scan_limit_gib if settings else 0
        return f"{reason} The limit of a query is {limit:g} GiB. Expected: a higher scan_limit_gib of the cost_export."
    return reason
