"""Following of runs: lines, states, retries of connections, and the rank that failed first."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from mlinfra.errors import OperationError
from mlinfra.operations.runs import Following, LogStreams, RunTable, find_run
from tests.unit.operations.runs.recorded import ENVIRONMENT, RUN_ID, put_node, put_plan, put_run, seconds_ago

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from mlinfra.operations.runs import LogLine

GROUP = "/mlinfra/recsys/dev/training/two-tower-v2"


class Shown:
    """The output of a run."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, int, str]] = []
        self.states: list[str] = []

    def line(self, line: LogLine) -> None:
        self.lines.append((line.attempt, line.rank, line.text))

    def status(self, text: str) -> None:
        self.states.append(text)


class Nodes:
    """Writes the logs and the records of nodes, one act at each pause of the follower."""

    def __init__(self, client: Callable[..., Any], *acts: Callable[[], None]) -> None:
        self._logs = client("logs")
        self._logs.create_log_group(logGroupName=GROUP)
        self._acts = list(acts)

    def write(self, *lines: str, rank: int = 0, attempt: int = 1) -> None:
        stream = {"logGroupName": GROUP, "logStreamName": f"runs/{RUN_ID}/{attempt}/{rank}"}
        if not self._logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=stream["logStreamName"])[
            "logStreams"
        ]:
            self._logs.create_log_stream(**stream)
        at = int(time.time() * 1000)
        self._logs.put_log_events(**stream, logEvents=[{"timestamp": at, "message": each} for each in lines])

    def then(self, *acts: Callable[[], None]) -> None:
        self._acts += acts

    def pause(self, seconds: float) -> None:
        if seconds >= 1 and self._acts:
            self._acts.pop(0)()


def follow(nodes: Nodes, shown: Shown, *, ranks: Collection[int] | None = (0,)) -> Following:
    return Following(RunTable(ENVIRONMENT), find_run(ENVIRONMENT, RUN_ID), GROUP, shown, ranks=ranks, sleep=nodes.pause)


def end(status: str = "succeeded", **attributes: Any) -> None:
    put_run(status=status, started_at=seconds_ago(30), ended_at=seconds_ago(0), **attributes)


def test_lines_are_shown_in_order_and_once_until_the_run_has_ended(records: Callable[..., Any]) -> None:
    nodes, shown = Nodes(records), Shown()
    put_run()
    put_node("i-1")
    nodes.write("one", "two")
    nodes.then(lambda: nodes.write("three"), lambda: None, lambda: nodes.write("four"), end)
    nodes.then(lambda: nodes.write("arrived late"))
    run = follow(nodes, shown).to_end()
    assert [text for *_, text in shown.lines] == ["one", "two", "three", "four", "arrived late"]
    assert run.status == "succeeded"


def test_only_chosen_ranks_are_shown(records: Callable[..., Any]) -> None:
    nodes, shown = Nodes(records), Shown()
    end()
    for rank in range(3):
        nodes.write(f"of {rank}", rank=rank)
    follow(nodes, shown, ranks=(1,)).to_end()
    assert shown.lines == [(1, 1, "of 1")]
    everything = Shown()
    follow(nodes, everything, ranks=None).to_end()
    assert everything.lines == [(1, 0, "of 0"), (1, 1, "of 1")]  # it has two nodes


def test_all_jobs_of_an_array_are_shown_with_their_index_and_their_number(records: Callable[..., Any]) -> None:
    nodes, shown = Nodes(records), Shown()
    put_run(nodes=1, array_size=3, batch_job="job-1")
    for index in (0, 2):
        put_node(f"array-{index}", rank=index, step="ended" if index else "running")
        nodes.write(f"of job {index}", rank=index)
    nodes.then(lambda: nodes.write("late", rank=1), lambda: end(nodes=1, array_size=3))
    follow(nodes, shown, ranks=None).to_end()
    assert [(rank, text) for _, rank, text in shown.lines] == [(0, "of job 0"), (2, "of job 2"), (1, "late")]
    assert shown.states[0] == "2 of 3 jobs have started, 1 ended."


def test_states_are_shown_when_they_change(records: Callable[..., Any]) -> None:
    nodes, shown = Nodes(records), Shown()
    put_run(status="waiting")

    def prepare() -> None:
        put_plan("i-1", "i-2")
        put_run()
        put_node("i-1", step="running")
        put_node("i-2", step="preparing", detail="downloading the image")

    nodes.then(lambda: put_node("i-1", step="joining"), lambda: None, prepare)
    nodes.then(lambda: put_node("i-2", step="running"), end)
    follow(nodes, shown).to_end()
    assert shown.states == [
        "0 of 2 nodes have joined.",
        "1 of 2 nodes have joined.",
        "preparing: i-2 (downloading the image).",
        "running on 2 nodes.",
    ]


def test_a_lost_attempt_is_shown_with_its_reason_and_the_lines_of_the_next(records: Callable[..., Any]) -> None:
    nodes, shown = Nodes(records), Shown()
    put_run(retries=1)
    put_plan("i-1", "i-2")
    put_node("i-1")
    put_node("i-2")
    nodes.write("first attempt")

    def lose() -> None:
        put_run(status="retrying", retries=1, attempt=2, reason="i-2 was interrupted by EC2")
        nodes.write("SIGTERM received")

    def run_again() -> None:
        put_run(retries=1, attempt=2)
        put_plan("i-1", "i-3", attempt=2)
        put_node("i-1", attempt=2)
        put_node("i-3", attempt=2)
        nodes.write("second attempt", attempt=2)

    nodes.then(lose, run_again, lambda: end(attempt=2, retries=1))
    follow(nodes, shown).to_end()
    assert [text for *_, text in shown.lines] == ["first attempt", "SIGTERM received", "second attempt"]
    assert shown.states == [
        "running on 2 nodes.",
        "Attempt 2 of 2: the last attempt was lost (i-2 was interrupted by EC2); waiting for 2 nodes.",
        "Attempt 2 of 2: running on 2 nodes.",
    ]


def test_the_rank_that_failed_first_is_shown_with_its_last_lines(records: Callable[..., Any]) -> None:
    nodes, shown = Nodes(records), Shown()
    put_plan("i-1", "i-2")
    put_node("i-2", rank=1, step="ended", exit_code=3)
    end("failed", exit_code=3, failed_rank=1, failed_instance="i-2", reason="rank 1 failed with exit code 3")
    nodes.write("fine")
    nodes.write(*(f"line {number}" for number in range(30)), rank=1)
    following = follow(nodes, shown)
    following.to_end()
    failed = following.failed_node()
    assert failed is not None
    assert (failed.rank, failed.instance_id, failed.exit_code) == (1, "i-2", 3)
    assert failed.last_lines == tuple(f"line {number}" for number in range(10, 30))


def test_lines_of_a_followed_rank_are_not_repeated_after_its_failure(records: Callable[..., Any]) -> None:
    nodes, shown = Nodes(records), Shown()
    put_plan("i-1", "i-2")
    put_node("i-1", rank=0, step="ended", exit_code=1)
    end("failed", exit_code=1, failed_rank=0)
    nodes.write("Traceback")
    following = follow(nodes, shown)
    following.to_end()
    failed = following.failed_node()
    assert failed is not None
    assert failed.last_lines == ()


def failing(monkeypatch: pytest.MonkeyPatch, operation: str, *errors: Exception) -> None:
    """Have the next calls of an operation fail."""
    from botocore.client import BaseClient

    make_call = BaseClient._make_api_call  # noqa: SLF001
    left = list(errors)

    def called(self: BaseClient, name: str, arguments: Any) -> Any:
        if name == operation and left:
            raise left.pop(0)
        return make_call(self, name, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", called)


def a_refusal(code: str, status: int = 400) -> ClientError:
    response = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "GetLogEvents")


def test_a_lost_connection_and_a_busy_service_are_retried(
    records: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes, shown = Nodes(records), Shown()
    put_run()
    put_node("i-1")
    nodes.write("one")
    following = follow(nodes, shown)
    nodes.then(lambda: None, lambda: None, lambda: None, end)
    lost = EndpointConnectionError(endpoint_url="https://logs.us-east-1.amazonaws.com/")
    failing(monkeypatch, "GetLogEvents", lost, a_refusal("ThrottlingException"), a_refusal("Whatever", 503))
    assert following.to_end().status == "succeeded"
    assert [text for *_, text in shown.lines] == ["one"]
    unreachable, again = (each for each in shown.states if "trying again" in each or "responds" in each)
    assert unreachable.startswith("AWS cannot be reached (Could not connect to the endpoint URL")
    assert unreachable.endswith("The run goes on; trying again.")
    assert again == "AWS responds again."


def test_expired_credentials_end_the_command_and_not_the_run(
    records: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes, shown = Nodes(records), Shown()
    put_run()
    put_node("i-1")
    following = follow(nodes, shown)
    failing(monkeypatch, "GetLogEvents", a_refusal("ExpiredTokenException"))
    with pytest.raises(OperationError, match="can no longer be followed: Your AWS credentials are invalid") as error:
        following.to_end()
    assert "The run goes on. To follow it again: " in error.value.message
    assert error.value.message.endswith(f"runs logs {RUN_ID}")


def test_streams_are_read_at_the_permitted_rate(records: Callable[..., Any]) -> None:
    nodes = Nodes(records)
    nodes.write("one")
    waits: list[float] = []
    streams = LogStreams(
        RunTable(ENVIRONMENT).account, GROUP, RUN_ID, sleep=waits.append, monotonic=lambda: 100.0 + sum(waits)
    )
    assert [each.text for each in streams.new_lines(1, 0)] == ["one"]
    assert list(streams.new_lines(1, 0)) == []
    assert [round(each, 3) for each in waits] == [0, 0.2, 0.2]


def test_a_stream_that_does_not_exist_yet_has_no_lines(records: Callable[..., Any]) -> None:
    nodes = Nodes(records)
    streams = LogStreams(RunTable(ENVIRONMENT).account, GROUP, RUN_ID, sleep=lambda _: None)
    assert list(streams.new_lines(1, 0)) == []
    assert streams.last_lines(1, 0, 20) == []
    nodes.write("one")
    assert [each.text for each in streams.new_lines(1, 0)] == ["one"]


def test_large_logs_are_read_page_by_page(records: Callable[..., Any]) -> None:
    nodes = Nodes(records)
    # GetLogEvents returns at most 10,000 events.
    for start in range(0, 25_000, 5_000):
        nodes.write(*(str(number) for number in range(start, start + 5_000)))
    streams = LogStreams(RunTable(ENVIRONMENT).account, GROUP, RUN_ID, sleep=lambda _: None)
    assert [each.text for each in streams.new_lines(1, 0)] == [str(number) for number in range(25_000)]
