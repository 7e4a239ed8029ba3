"""Queries of Athena: results, failures, time limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.aws import AwsAccount
from mlinfra.operations.billing.athena import QueryFailedError, query
from tests.unit.operations.billing.results import record

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.local_aws.server import LocalAws


@pytest.fixture
def session(local_aws: LocalAws, client: Callable[..., Any]) -> boto3.session.Session:
    del local_aws
    client("s3").create_bucket(Bucket="results")
    client("athena").create_work_group(
        Name="billing", Configuration={"ResultConfiguration": {"OutputLocation": "s3://results/"}}
    )
    return boto3.session.Session(region_name="us-east-1")


def run(session: boto3.session.Session, workgroup: str = "billing", **options: Any) -> list[dict[str, str | None]]:
    account = AwsAccount(session, "123456789012", "arn:aws:iam::123456789012:user/ana")
    return query(account, "SELECT 1", workgroup=workgroup, database="bills", **options)


def answer(session: boto3.session.Session, state: str, reason: str = "") -> None:
    """Have Athena report a state of the query, which the local AWS never has."""

    def change(parsed: dict[str, Any], **_: Any) -> None:
        parsed["QueryExecution"]["Status"] = {"State": state, "StateChangeReason": reason}

    session.events.register("after-call.athena.GetQueryExecution", change)


def stopped(session: boto3.session.Session) -> list[str]:
    calls: list[str] = []
    session.events.register(
        "before-call.athena.StopQueryExecution", lambda params, **_: calls.append(str(params["body"]))
    )
    return calls


def test_rows_are_values_by_column_and_missing_values_are_none(
    session: boto3.session.Session, local_aws: LocalAws
) -> None:
    record(local_aws, ("ana", "1.5"), (None, "2"), columns=("owner", "cost"))
    assert run(session) == [{"owner": "ana", "cost": "1.5"}, {"owner": None, "cost": "2"}]


def test_a_query_without_results_has_no_rows(session: boto3.session.Session) -> None:
    assert run(session) == []


def test_an_unknown_workgroup_is_named(session: boto3.session.Session) -> None:
    with pytest.raises(QueryFailedError, match="The Athena workgroup 'missing' does not exist"):
        run(session, "missing")


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_the_reason_of_a_failure_is_shown(session: boto3.session.Session, state: str) -> None:
    answer(session, state, "TABLE_NOT_FOUND: line 1")
    with pytest.raises(QueryFailedError, match=rf"did not complete the query \({state.lower()}\): TABLE_NOT_FOUND"):
        run(session)


def test_a_query_that_takes_too_long_is_cancelled(session: boto3.session.Session) -> None:
    answer(session, "RUNNING")
    calls = stopped(session)
    with pytest.raises(
        QueryFailedError, match=r"The query was cancelled: Athena did not complete it within 0\.2 seconds"
    ):
        run(session, timeout_seconds=0.2)
    assert len(calls) == 1


def test_an_interrupted_query_is_cancelled(session: boto3.session.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mlinfra.operations.billing.athena.time.sleep", interrupt)
    answer(session, "RUNNING")
    calls = stopped(session)
    with pytest.raises(KeyboardInterrupt):
        run(session)
    assert len(calls) == 1


def test_a_refusal_of_aws_is_an_error_with_the_permission(session: boto3.session.Session) -> None:
    def refuse(**_: Any) -> tuple[Any, dict[str, Any]]:
        from types import SimpleNamespace

        error = {"Code": "AccessDeniedException", "Message": "not authorized to perform: athena:StartQueryExecution"}
        return SimpleNamespace(status_code=400), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}

    session.events.register("before-call.athena.StartQueryExecution", refuse)
    with pytest.raises(OperationError, match=r"AWS refused StartQueryExecution \(AccessDeniedException"):
        run(session)
