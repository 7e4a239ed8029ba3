"""Failures between a job and AWS, which do not affect training."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.job import aws, heartbeats, job_events, training_job
from mlinfra.job.aws_clock import AwsClock
from tests.conftest import ROOT
from tests.unit.job.conftest import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.local_aws.server import LocalAws
    from tests.unit.job.conftest import Cluster

HOUR = 3600


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


@pytest.fixture
def an_hour_ahead(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """DynamoDB's clock is an hour ahead of this node's, which is what a node sees whose own clock is an hour slow."""

    class AnHourAhead(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            upstream = HTTPConnection("127.0.0.1", local_aws.port)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            upstream.request("POST", self.path, body, dict(self.headers.items()))
            answer = upstream.getresponse()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                later = format_datetime(parsedate_to_datetime(value) + timedelta(hours=1)) if name == "Date" else value
                self.send_header(name, later)
            self.end_headers()
            self.wfile.write(answer.read())
            upstream.close()

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), AnHourAhead) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{server.server_port}")
        yield
        server.shutdown()


@pytest.mark.usefixtures("an_hour_ahead")
def test_all_times_are_those_of_aws_from_the_first_record_on(cluster: Cluster) -> None:
    with training_job("train", job_id="1"):
        first = until(lambda: cluster.record("1"))
    last = cluster.record("1")
    times = [first["heartbeat_at"], first["started_at"], last["heartbeat_at"], last["ended_at"]]
    assert [float(each) - time.time() for each in times] == pytest.approx([HOUR] * 4, abs=5)


def test_the_clock_of_aws_goes_on_between_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    passed = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: passed)
    clock = AwsClock()
    assert not clock.is_set
    with pytest.raises(RuntimeError, match="the time is unknown: AWS has not responded yet"):
        clock.now()
    clock.read({"Date": "Tue, 24 Nov 2026 12:00:00 GMT"})
    passed = 160.0
    assert clock.now() == 1795521660
    clock.read({})
    assert clock.now() == 1795521660


def test_where_aws_is_down_training_goes_on_and_its_end_is_not_held_up(
    cluster: Cluster,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
    for service in ("DYNAMODB", "EVENTS"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", f"http://127.0.0.1:{closed}")
    with training_job("train", heartbeat_seconds=0.01) as job:
        result = 6 * 7
        until(lambda: warnings(caplog))
    assert result == 42
    assert not any("AWS may not know how the job ended" in warning for warning in warnings(caplog))
    heartbeat, *_ = warnings(caplog)
    assert heartbeat.startswith(f"Job {job.job_id}: the heartbeat failed, training continues: Could not connect to the")
    assert len(set(warnings(caplog))) == len(warnings(caplog))


def test_an_aws_that_never_answers_holds_up_the_end_for_some_seconds_at_most(
    cluster: Cluster,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(heartbeats, "END_SECONDS", 0.2)
    monkeypatch.setattr(aws, "_READ_SECONDS", 60)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with training_job("train"):
            begin = time.monotonic()
        assert time.monotonic() - begin < 30
    assert "The end of the job may not be recorded: AWS has not responded for 0 seconds" in warnings(caplog)


def test_a_missing_table_is_logged_once_and_events_are_still_sent(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MLINFRA_TABLE", "gone")
    with training_job("train", heartbeat_seconds=0.01):
        time.sleep(0.3)
    assert cluster.ends() == [("train", "completed", "")]
    assert sum("the heartbeat failed" in warning for warning in warnings(caplog)) == 1


def test_without_credentials_training_goes_on(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setattr("mlinfra.job.aws.time.sleep", lambda _: None)
    with training_job("train", job_id="1"):
        pass
    problem = "neither the environment nor the metadata service of this node has credentials"
    assert warnings(caplog) == [f"Job 1: the connection to AWS failed, training continues: {problem}"]
    assert cluster.records() == []


def test_without_a_region_training_goes_on(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    with training_job("train", job_id="1"):
        pass
    assert warnings(caplog) == ["Job 1: the connection to AWS failed, training continues: You must specify a region."]
    assert cluster.records() == []


def test_a_region_that_boto3_does_not_know_of_is_found(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with training_job("train", job_id="1"):
        pass
    assert cluster.record("1")["status"] == "completed"


def test_an_event_that_is_refused_once_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_events, "_PAUSE_SECONDS", 0)
    answers = [refusal(), {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}]
    tell(Answering(answers))
    assert answers == []


def test_an_event_that_stays_refused_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_events, "_PAUSE_SECONDS", 0)
    with pytest.raises(RuntimeError, match="EventBridge refused the event: InternalFailure: try again"):
        tell(Answering([refusal() for _ in range(3)]))


class Answering:
    """EventBridge with given answers: the local AWS refuses no event."""

    def __init__(self, answers: list[dict[str, Any]]) -> None:
        self._answers = answers

    def put_events(self, **_: Any) -> dict[str, Any]:
        return self._answers.pop(0)


def refusal() -> dict[str, Any]:
    return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "try again"}]}


def tell(events: Any) -> None:
    job_events.put_job_event(events, "Training Job Ended", cluster="c", job_id="1", name="train", status="completed")


def test_importing_the_client_loads_nothing_heavy() -> None:
    script = "import sys, mlinfra.job, mlinfra.job.__main__; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    tops = {name.partition(".")[0] for name in loaded.stdout.split()}
    assert "mlinfra" in tops
    assert tops.isdisjoint(
        {"boto3", "botocore", "cdktf", "constructs", "jsii", "platformdirs", "pydantic", "rich", "typer"}
    )
