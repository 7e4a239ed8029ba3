"""A cluster of the local AWS as training jobs see it: the table, the bus, a group of nodes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.conftest import ROOT
from tests.local_aws import make_records_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlinfra.local_aws.server import LocalAws

CLUSTER = "recsys-dev-two-tower-v2"
TABLE = "recsys-dev-mlinfra"


def until(condition: Callable[[], Any], *, within_seconds: float = 120) -> Any:
    """The result of `condition`, as soon as it is true."""
    end = time.monotonic() + within_seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it has not come true"
        time.sleep(0.02)
    return found


@dataclass
class Cluster:
    """The records and events of the jobs of one cluster."""

    client: Callable[[str], Any]
    table: Any
    queue: str
    seen: list[dict[str, Any]] = field(default_factory=list)

    def records(self) -> list[dict[str, Any]]:
        """All records, oldest first."""
        return sorted(self.table.scan()["Items"], key=lambda item: item["started_at"])

    def record(self, job_id: str) -> dict[str, Any]:
        """The record of one job, empty where there is none."""
        item = self.table.get_item(Key={"cluster": CLUSTER, "record": f"job#{job_id}"}).get("Item", {})
        return dict(item)

    def events(self) -> list[dict[str, Any]]:
        """All events so far, in the order that they were sent in."""
        sqs = self.client("sqs")
        while messages := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            self.seen += [json.loads(message["Body"]) for message in messages]
        return self.seen

    def ends(self) -> list[tuple[str, str, str]]:
        """The ends that were announced: job, status, reason."""
        ended = [event["detail"] for event in self.events() if event["detail-type"] == "Training Job Ended"]
        return [(detail["job_name"], detail["status"], detail["reason"]) for detail in ended]

    def put_running(self, job_id: str, **attributes: Any) -> None:
        """The record of another job."""
        item = {"cluster": CLUSTER, "record": f"job#{job_id}", "status": "running", "heartbeat_at": int(time.time())}
        self.table.put_item(Item={key: value for key, value in (item | attributes).items() if value is not None})


@pytest.fixture(scope="session")
def table(mlinfra_local_aws: LocalAws) -> Any:
    """The environment's table, there or not; made once, because reading the model of a service takes its time."""
    dynamodb = boto3.session.Session().resource(
        "dynamodb",
        region_name="us-east-1",
        endpoint_url=mlinfra_local_aws.endpoint,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106  there is no secret: nothing checks it
    )
    return dynamodb.Table(TABLE)


@pytest.fixture
def cluster(client: Callable[[str], Any], table: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """This process is a node without an instance: what concerns the instance has tests of its own."""
    make_records_table(client, TABLE)
    queue = client("sqs").create_queue(QueueName="jobs")["QueueUrl"]
    client("events").put_rule(Name="jobs", EventPattern=json.dumps({"source": ["mlinfra.job"]}))
    arn = "arn:aws:sqs:us-east-1:123456789012:jobs"
    client("events").put_targets(Rule="jobs", Targets=[{"Id": "queue", "Arn": arn}])
    for launcher in ("RANK", "LOCAL_RANK", "NODE_RANK", "TORCHELASTIC_RUN_ID"):
        monkeypatch.delenv(launcher, raising=False)
    monkeypatch.setenv("MLINFRA_TABLE", TABLE)
    monkeypatch.setenv("MLINFRA_CLUSTER", CLUSTER)
    yield Cluster(client, table, queue)
    for thread in threading.enumerate():
        if thread.name == "mlinfra.job":  # of a block that did not wait for it
            thread.join()


@pytest.fixture
def run() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start Python with some arguments, as a node would."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()
