"""The bill of a month by tag."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import CostExportSettings, Governance
from mlinfra.declarations import BILLING_COLUMNS
from mlinfra.errors import OperationError
from mlinfra.operations.billing import BilledCost, BillKey, read_bill
from mlinfra.operations.billing.bill import statement
from tests.conftest import an_environment
from tests.unit.operations.billing.results import record

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.local_aws.server import LocalAws

ENVIRONMENT = an_environment(
    account_id="123456789012", governance=Governance(cost_export=CostExportSettings(scan_limit_gib=2))
)
MONTH = date(2026, 11, 1)


@pytest.fixture
def workgroup(client: Callable[..., Any]) -> None:
    client("s3").create_bucket(Bucket="results")
    client("athena").create_work_group(
        Name="recsys-dev-billing", Configuration={"ResultConfiguration": {"OutputLocation": "s3://results/"}}
    )


def test_each_value_has_its_cost_by_environment(workgroup: None, local_aws: LocalAws) -> None:
    del workgroup
    record(
        local_aws,
        ("ana@example.com", "dev", "recsys", "USD", "12.5", "2026-11-27"),
        ("", "", "", "USD", "1.0E3", "2026-11-28"),
    )
    bill = read_bill(ENVIRONMENT, date(2026, 11, 17), BillKey.OWNER)
    assert bill.costs == (
        BilledCost("ana@example.com", "dev", "recsys", 12.5),
        BilledCost("", "", "", 1000.0),
    )
    assert (bill.month, bill.last_day) == (MONTH, date(2026, 11, 28))


def test_a_month_without_data_has_no_last_day(workgroup: None, local_aws: LocalAws) -> None:
    del workgroup, local_aws
    bill = read_bill(ENVIRONMENT, MONTH, BillKey.TEAM)
    assert (bill.costs, bill.last_day) == ((), None)


def test_the_query_sums_by_the_normalized_key_of_the_tag_in_one_month_without_credits() -> None:
    sql = statement(ENVIRONMENT, MONTH, BillKey.COST_CENTER)
    assert "element_at(resource_tags, 'user_cost_center'), element_at(resource_tags, 'CostCenter'), '') AS name" in sql
    assert 'FROM "recsys_dev_billing"."costs" WHERE billing_period = \'2026-11\'' in sql
    assert "NOT IN ('Credit', 'Refund', 'Tax')" in sql


@pytest.mark.parametrize("key", BillKey)
def test_the_query_reads_exported_columns_only(key: BillKey) -> None:
    import re

    sql = statement(ENVIRONMENT, MONTH, key)
    used = set(re.findall(r"\b(?:bill|line_item|product|resource)_\w+", sql)) - {"billing_period"}
    assert used
    assert used <= BILLING_COLUMNS.keys()


def test_an_environment_without_an_export_is_an_error_with_the_remedy() -> None:
    with pytest.raises(OperationError, match="The environment 'dev' has no cost export") as error:
        read_bill(an_environment(), MONTH, BillKey.OWNER)
    assert "governance=Governance(cost_export=CostExportSettings())" in str(error.value)


def test_an_export_that_is_not_applied_is_an_error_with_the_remedy(local_aws: LocalAws) -> None:
    del local_aws
    with pytest.raises(OperationError, match="The Athena workgroup 'recsys-dev-billing' does not exist") as error:
        read_bill(ENVIRONMENT, MONTH, BillKey.OWNER)
    assert "Apply dev-governance first: mlinfra up dev dev-governance" in str(error.value)


def test_a_bill_in_another_currency_is_refused(workgroup: None, local_aws: LocalAws) -> None:
    del workgroup
    record(local_aws, ("ana@example.com", "dev", "recsys", "CNY", "12.5", "2026-11-27"))
    with pytest.raises(OperationError, match="The bill of 2026-11 is in CNY, and the estimate in USD"):
        read_bill(ENVIRONMENT, MONTH, BillKey.OWNER)


def test_a_query_above_the_scan_limit_names_the_setting(monkeypatch: pytest.MonkeyPatch, local_aws: LocalAws) -> None:
    from mlinfra.operations.billing.athena import QueryFailedError

    del local_aws

    def fail(*_: Any, **__: Any) -> None:
        message = "Athena did not complete the query (cancelled): Bytes scanned limit was exceeded"
        raise QueryFailedError(message)

    monkeypatch.setattr("mlinfra.operations.billing.bill.query", fail)
    with pytest.raises(OperationError, match=r"The limit of a query is 2 GiB\. Expected: a higher scan_limit_gib"):
        read_bill(ENVIRONMENT, MONTH, BillKey.OWNER)
