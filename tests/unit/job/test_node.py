"""The node of a job: its protection from scale-in, and its part in a job of many nodes."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mlinfra.job import training_job
from mlinfra.job.node import own_instance_id, spot_notice
from mlinfra.job.ranks import Rank
from tests.unit.job.conftest import CLUSTER, TABLE, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.unit.job.conftest import Cluster

TWENTY_MINUTES = 20 * 60


@pytest.fixture
def instance(cluster: Cluster, client: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> str:  # noqa: ARG001
    """This process runs on an instance of the cluster's group."""
    data = {"ImageId": "ami-12345678", "InstanceType": "g5.xlarge"}
    client("ec2").create_launch_template(LaunchTemplateName="node", LaunchTemplateData=data)
    client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=CLUSTER,
        AvailabilityZones=["us-east-1a"],
        LaunchTemplate={"LaunchTemplateName": "node"},
        MinSize=0,
        MaxSize=1,
        DesiredCapacity=1,
    )
    (found,) = client("autoscaling").describe_auto_scaling_instances()["AutoScalingInstances"]
    monkeypatch.setenv("MLINFRA_INSTANCE_ID", found["InstanceId"])
    return str(found["InstanceId"])


@pytest.fixture
def is_protected(client: Callable[[str], Any]) -> Callable[[], bool]:
    def look() -> bool:
        (found,) = client("autoscaling").describe_auto_scaling_instances()["AutoScalingInstances"]
        return bool(found["ProtectedFromScaleIn"])

    return look


def test_the_node_is_protected_while_the_job_runs(
    cluster: Cluster, instance: str, is_protected: Callable[[], bool]
) -> None:
    assert not is_protected()
    with training_job("train", job_id="1"):
        until(is_protected)
    assert not is_protected()
    assert cluster.record("1")["instance_id"] == instance


@pytest.mark.parametrize(("minutes", "stays"), [("10", True), ("0", False), ("", False), ("x", False)])
def test_the_guard_removes_the_protection_where_a_pause_follows(
    instance: str,  # noqa: ARG001
    is_protected: Callable[[], bool],
    monkeypatch: pytest.MonkeyPatch,
    minutes: str,
    *,
    stays: bool,
) -> None:
    monkeypatch.setenv("MLINFRA_PAUSE_MINUTES", minutes)
    with training_job("train", job_id="1"):
        until(is_protected)
    assert is_protected() == stays


def test_the_protection_stays_while_another_job_runs_on_the_node(
    instance: str,  # noqa: ARG001
    is_protected: Callable[[], bool],
) -> None:
    with training_job("outer"):
        with training_job("inner"):
            until(is_protected)
        assert is_protected()
    assert not is_protected()


def test_jobs_of_other_nodes_and_silent_ones_keep_no_protection(
    cluster: Cluster, instance: str, is_protected: Callable[[], bool]
) -> None:
    cluster.put_running("of another node", instance_id="i-0123456789abcdef0")
    cluster.put_running("killed long ago", instance_id=instance, heartbeat_at=int(time.time()) - TWENTY_MINUTES)
    cluster.put_running("ended", instance_id=instance, status="completed")
    with training_job("train"):
        until(is_protected)
    assert not is_protected()


@pytest.mark.parametrize("unknown", ["instance_id", "heartbeat_at"])
def test_a_job_of_which_too_little_is_known_keeps_the_protection(
    cluster: Cluster, instance: str, is_protected: Callable[[], bool], unknown: str
) -> None:
    cluster.put_running("other", **({"instance_id": instance} | {unknown: None}))
    with training_job("train"):
        until(is_protected)
    assert is_protected()


def test_the_protection_stays_where_other_jobs_cannot_be_asked_for(
    instance: str,  # noqa: ARG001
    is_protected: Callable[[], bool],
    client: Callable[[str], Any],
) -> None:
    with training_job("train"):
        until(is_protected)
        client("dynamodb").delete_table(TableName=TABLE)
    assert is_protected()


def test_a_job_that_begins_while_another_takes_the_protection_off_gets_it_back(
    cluster: Cluster, instance: str, is_protected: Callable[[], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = boto3.session.Session

    def session_with_a_job_that_begins_late(**arguments: Any) -> Any:
        def begin(params: dict[str, Any], **_: Any) -> None:
            if b"false" in str(params["body"]).lower().encode():
                cluster.put_running("late", instance_id=instance)

        made = session(**arguments)
        made.events.register("before-call.auto-scaling.SetInstanceProtection", begin)
        return made

    monkeypatch.setattr(boto3.session, "Session", session_with_a_job_that_begins_late)
    with training_job("train"):
        until(is_protected)
        assert not cluster.record("late")
    assert cluster.record("late")
    assert is_protected()


def test_a_node_that_cannot_be_protected_yet_is_protected_later(
    instance: str, is_protected: Callable[[], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS refuses it for an instance that is not InService yet. Here the first call fails, the second does not."""
    session = boto3.session.Session
    calls: list[None] = []

    def session_that_fails_once(**arguments: Any) -> Any:
        def fail_once(**_: Any) -> None:
            calls.append(None)
            if len(calls) == 1:
                message = f"The instance {instance} is not in InService or EnteringStandby or Standby."
                raise OSError(message)

        made = session(**arguments)
        made.events.register("before-call.auto-scaling.SetInstanceProtection", fail_once)
        return made

    monkeypatch.setattr(boto3.session, "Session", session_that_fails_once)
    with training_job("train", heartbeat_seconds=0.05):
        until(is_protected)
        time.sleep(0.2)
        assert len(calls) == 2


def test_an_instance_of_no_group_has_records_under_its_own_id(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLINFRA_CLUSTER")
    monkeypatch.setenv("MLINFRA_INSTANCE_ID", "i-0123456789abcdef0")
    with training_job("train"):
        pass
    (record,) = cluster.records()
    assert record["cluster"] == "i-0123456789abcdef0"


def test_where_neither_group_nor_instance_is_known_nothing_is_reported(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("MLINFRA_CLUSTER")
    with training_job("train"):
        pass
    assert cluster.records() == []
    assert caplog.messages == ["Job train is not reported: neither MLINFRA_CLUSTER nor the instance is known"]


class Metadata(BaseHTTPRequestHandler):
    """The metadata service of an instance that requires IMDSv2. The local AWS has none."""

    def do_PUT(self) -> None:
        assert self.path == "/latest/api/token"
        assert self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
        self._answer(200, "the-token")

    def do_GET(self) -> None:
        allowed = self.headers["X-aws-ec2-metadata-token"] == "the-token"
        found = self.path == "/latest/meta-data/instance-id"
        self._answer(200 if allowed and found else 401, "i-0123456789abcdef0")

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Metadata]]:
    monkeypatch.delenv("MLINFRA_INSTANCE_ID", raising=False)
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
    handler = type("OfThisTest", (Metadata,), {})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        yield handler
        server.shutdown()


@pytest.mark.usefixtures("metadata")
def test_an_instance_knows_its_id_from_the_metadata_service_and_not_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert own_instance_id() == "i-0123456789abcdef0"


def test_the_spot_notice_is_missing_until_ec2_gives_one(
    metadata: type[Metadata], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "do_GET", lambda self: self._answer(404, ""))
    assert spot_notice() is None
    monkeypatch.setattr(metadata, "do_GET", lambda self: self._answer(200, self.path))
    assert spot_notice() == "/latest/meta-data/spot/instance-action"


def test_a_metadata_service_that_refuses_is_an_error(metadata: type[Metadata], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "do_PUT", lambda self: self._answer(403, ""))
    with pytest.raises(OSError, match="the metadata service responded to /latest/api/token with status 403"):
        own_instance_id()


def under_torchrun(monkeypatch: pytest.MonkeyPatch, **variables: int | str) -> None:
    names = {"rank": "RANK", "local_rank": "LOCAL_RANK", "run_id": "TORCHELASTIC_RUN_ID"}
    names |= {"restarts": "TORCHELASTIC_RESTART_COUNT", "limit": "TORCHELASTIC_MAX_RESTARTS"}
    for name, value in variables.items():
        monkeypatch.setenv(names[name], str(value))


def test_a_process_that_does_not_speak_for_its_node_reports_nothing(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_torchrun(monkeypatch, rank=9, local_rank=1, run_id="r")
    with training_job("train"):
        pass
    assert cluster.records() == []
    assert cluster.events() == []


def test_every_node_has_a_record_and_the_first_one_speaks_for_the_job(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_torchrun(monkeypatch, rank=0, local_rank=0, run_id="r")
    with training_job("train"):
        until(lambda: cluster.record("train-r"))
        under_torchrun(monkeypatch, rank=8, local_rank=0, run_id="r")
        with training_job("train") as part:
            until(lambda: cluster.record("train-r#8"))
        assert part.job_id == "train-r"
        assert cluster.record("train-r#8")["status"] == "completed"
        assert cluster.ends() == []
    assert cluster.ends() == [("train", "completed", "")]
    assert [event["detail-type"] for event in cluster.events()] == ["Training Job Started", "Training Job Ended"]


def test_a_node_that_ends_after_the_first_one_says_that_now_all_have_ended(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_torchrun(monkeypatch, rank=8, local_rank=0, run_id="r")
    cluster.put_running("train-rest")
    with training_job("train"):
        pass
    (ended,) = cluster.events()
    assert ended["detail-type"] == "Training Job Ended"
    assert ended["detail"]["job_id"] == "train-r#8"


def test_a_failure_that_torchrun_answers_with_a_restart_is_not_the_end(
    cluster: Cluster, instance: str, is_protected: Callable[[], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert instance
    under_torchrun(monkeypatch, rank=0, local_rank=0, run_id="r", restarts=0, limit=1)
    with pytest.raises(ValueError, match="bad"), training_job("train"):
        raise ValueError("bad")  # noqa: EM101
    assert cluster.record("train-r")["status"] == "running"
    assert is_protected()
    assert cluster.ends() == []
    under_torchrun(monkeypatch, restarts=1)
    with pytest.raises(ValueError, match="worse"), training_job("train"):
        raise ValueError("worse")  # noqa: EM101
    assert cluster.ends() == [("train", "failed", "ValueError: worse")]
    assert not is_protected()


@pytest.mark.parametrize(
    ("environ", "rank"),
    [
        ({}, Rank()),
        ({"RANK": "9", "LOCAL_RANK": "1", "NODE_RANK": "1"}, Rank(rank=9, local_rank=1, has_launcher=True)),
        ({"NODE_RANK": "1"}, Rank(rank=1)),
        ({"RANK": "0", "TORCHELASTIC_RUN_ID": "none"}, Rank()),
        ({"RANK": "captain"}, Rank()),
        ({"TORCHELASTIC_RESTART_COUNT": "1", "TORCHELASTIC_MAX_RESTARTS": "3"}, Rank(restarts_left=2)),
    ],
)
def test_launchers_say_which_process_it_is(environ: dict[str, str], rank: Rank) -> None:
    assert Rank.of(environ) == rank
