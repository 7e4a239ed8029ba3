"""Copy of output in CloudWatch Logs."""

from __future__ import annotations

import resource
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from mlinfra.job.aws_clock import AwsClock
from mlinfra.runner import log_writer
from mlinfra.runner.log_writer import LogWriter
from tests.unit.runner.runs import LOG_GROUP

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("runner")


class Logs:
    """CloudWatch Logs with the limits of PutLogEvents, and without a network."""

    class exceptions:  # noqa: N801  as in boto3
        ResourceAlreadyExistsException = KeyError

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.kept = True
        self.count = 0
        self.failures = 0

    def create_log_stream(self, **_: str) -> None:
        """Create the stream."""

    def put_log_events(self, *, logEvents: list[dict[str, Any]], **_: str) -> None:  # noqa: N803  as in boto3
        if self.failures:
            self.failures -= 1
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "PutLogEvents")
        size = sum(len(each["message"].encode()) + 26 for each in logEvents)
        assert 0 < len(logEvents) <= 10_000
        assert size <= 1_048_576
        assert logEvents == sorted(logEvents, key=lambda each: each["timestamp"])
        self.count += len(logEvents)
        if self.kept:
            self.lines += [each["message"] for each in logEvents]


def writer(logs: Any, file: Path, **values: Any) -> LogWriter:
    """A writer of a file."""
    return LogWriter(
        logs, AwsClock(), group=LOG_GROUP, stream=f"test/{file.parent.name}", file=file, seconds=0.05, **values
    )


def test_lines_are_sent_while_the_file_grows(clients: Callable[..., Any], run_resources: Any, tmp_path: Path) -> None:
    del run_resources
    file = tmp_path / "output.log"
    file.touch()
    logs = clients("logs")
    found = writer(logs, file)

    def sent() -> list[str]:
        events = logs.filter_log_events(logGroupName=LOG_GROUP, logStreamNames=[f"test/{tmp_path.name}"])["events"]
        return [each["message"] for each in events]

    with file.open("a") as output:
        output.write("first\n")
        output.flush()
        end = time.monotonic() + 30
        while not sent() and time.monotonic() < end:
            time.sleep(0.05)
        assert sent() == ["first"]
        output.write("second\nwithout an end")
    assert found.close(30)
    assert sent() == ["first", "second", "without an end"]


def test_throttled_calls_lose_and_repeat_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "output.log"
    file.write_text("".join(f"line {number}\n" for number in range(25_000)))
    logs = Logs()
    logs.failures = 2
    assert writer(logs, file).close(60)
    assert logs.lines == [f"line {number}" for number in range(25_000)]
    assert caplog.text.count("output could not be sent to CloudWatch Logs, and is tried again") == 1


def test_100_mb_of_output_are_sent_with_the_memory_of_a_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_writer, "_PAUSE_OF_BATCHES_SECONDS", 0.01)
    file = tmp_path / "output.log"
    line = b"x" * 999 + b"\n"
    with file.open("wb") as output:
        for _ in range(100):
            output.write(line * 1000)
    logs = Logs()
    logs.kept = False
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert writer(logs, file).close(120)
    assert logs.count == 100_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024


def test_output_above_the_limit_remains_on_the_node_and_is_said(tmp_path: Path) -> None:
    file = tmp_path / "output.log"
    file.write_bytes(b"x" * 99 + b"\n")
    with file.open("ab") as output:
        output.write((b"y" * 999 + b"\n") * 3000)
    logs = Logs()
    assert writer(logs, file, limit_bytes=1 << 20).close(30)
    assert len(logs.lines) < 3000
    assert logs.lines[-1] == f"mlinfra: 1 MiB of output were sent. The rest is on the node only, in {file}."


def test_an_end_does_not_wait_for_ever(tmp_path: Path) -> None:
    file = tmp_path / "output.log"
    file.write_text("line\n")
    logs = Logs()
    logs.failures = 1_000_000
    assert writer(logs, file).close(0.3) is False
