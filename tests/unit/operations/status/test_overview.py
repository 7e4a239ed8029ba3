"""The status of all environments, in a local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlinfra.errors import OperationError
from mlinfra.functions import clock
from mlinfra.functions.clients import Clients
from mlinfra.functions.contract import Table
from mlinfra.functions.records import Records
from mlinfra.operations.status import Selection, overview as module, read_overview
from mlinfra.runner import RunAttribute, RunKey, run_index
from tests.conftest import an_environment
from tests.unit.operations.clusters.account import ENVIRONMENT, NAME, node_ids, now, put_record

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from mlinfra.operations.status import EnvironmentStatus

    Client = Callable[..., Any]

HERE = ENVIRONMENT.model_copy(update={"emulated": True})
ELSEWHERE = an_environment(name="prod", account_id="222222222222")


def of_here(selection: Selection | None = None) -> EnvironmentStatus:
    found, _ = read_overview([HERE, ELSEWHERE], selection or Selection())
    return found


def put_run(client: Client, run_id: str, **attributes: str | float) -> None:
    put_record(client, RunKey(NAME, run_id).run[Table.RECORD], **{"experiment": "two-tower-v2", **attributes})
    client("dynamodb").put_item(
        TableName=HERE.names.records_table,
        Item={
            Table.CLUSTER: {"S": run_index(run_id)},
            Table.RECORD: {"S": run_id},
            RunAttribute.PARTITION: {"S": NAME},
        },
    )


def an_id(digits: str) -> str:
    return f"{now():%Y%m%d-%H%M%S}-{digits}"


def test_clusters_runs_and_cost_are_read(make: Callable[..., Any], client: Client) -> None:
    make()
    active, ended = an_id("0001"), an_id("0000")
    put_run(client, active, status="waiting", submitted_at=now().timestamp())
    put_run(client, ended, status="succeeded", submitted_at=now().timestamp())
    records = Records(Clients(), HERE.names.records_table)
    records.add_spend(NAME, clock.now().date(), 1.5, tags={"Owner": "ana@example.com"})
    found = of_here()
    assert found.problems == ()
    assert [each.name for each in found.clusters] == [NAME]
    assert [each.run_id for each in found.active_runs] == [active]
    assert [each.run_id for each in found.ended_runs] == [ended]
    assert (found.usd_today, found.usd_month) == (1.5, 1.5)


def test_an_environment_in_another_account_is_one_line(make: Callable[..., Any]) -> None:
    make(nodes=0)
    _, other = read_overview([HERE, ELSEWHERE], Selection())
    assert other.unreachable == "is in the AWS account 222222222222, and this shell uses the local AWS"


def test_an_environment_that_cannot_be_read_is_one_line(
    make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make(nodes=0)

    def refuse(_: object) -> None:
        message = "AWS cannot be reached."
        raise OperationError(message)

    monkeypatch.setattr(module, "account_of", refuse)
    assert of_here().unreachable == "AWS cannot be reached."


def test_a_part_that_cannot_be_read_does_not_hide_the_others(
    make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make(nodes=0)

    def refuse(*_: object) -> None:
        message = "AWS refused ListClusters."
        raise OperationError(message)

    monkeypatch.setattr(module, "list_clusters", refuse)
    found = of_here()
    assert found.problems == ("AWS refused ListClusters.",)
    assert found.usd_today == 0


def test_an_environment_that_is_not_deployed_is_empty(client: Client) -> None:
    del client
    found = of_here()
    assert (found.unreachable, found.clusters, found.active_runs, found.problems) == (None, (), (), ())


def test_what_others_own_is_not_mine(make: Callable[..., Any], client: Client) -> None:
    make(nodes=0)
    put_run(client, an_id("0000"), status="failed", submitted_by="arn:aws:sts::123456789012:assumed-role/R/li")
    found = of_here(Selection(mine=True, address="li@example.com"))
    assert (found.clusters, found.ended_runs) == ((), ())
    assert len(of_here(Selection(mine=True, address="ana@example.com")).clusters) == 1


def test_an_announced_interruption_is_a_notice(make: Callable[..., Any], client: Client) -> None:
    make()
    node, other = node_ids(client)
    put_record(client, f"{Table.NOTICE_PREFIX}{node}", ends_at=now().timestamp() + 110, reason="spot interruption")
    put_record(client, f"{Table.NOTICE_PREFIX}{other}", ends_at=now().timestamp() - 110)
    texts = [each.text for each in of_here().notices if each.text.startswith("EC2")]
    (text,) = texts
    assert text.startswith(f"EC2 terminates {node} in 1")
    assert text.endswith("seconds (spot interruption)")
