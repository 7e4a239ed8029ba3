"""Reports of a node, and the run as it reads it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from mlinfra.job.aws_clock import AwsClock
from mlinfra.runner.contract import RunKey
from mlinfra.runner.nodes import ThisNode
from mlinfra.runner.pulse import Intervals, Pulse, Stop, StoppedError
from mlinfra.runner.records import RunRecords

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.runner.specification import RunSpecification
    from tests.unit.runner.cluster import Cluster

pytestmark = pytest.mark.xdist_group("runner")

NODE = "i-0000000000000000a"
FAST = Intervals(poll=0.02, fresh=60)


class Throttled(RunRecords):
    """Records of which DynamoDB refuses every second request."""

    calls = 0

    def _refuse(self) -> None:
        self.calls += 1
        if self.calls % 2:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "Query")

    def read(self) -> Any:
        self._refuse()
        return super().read()


def pulse_of(cluster: Cluster, spec: RunSpecification, root: Path, kind: type[RunRecords] = RunRecords) -> Pulse:
    clock = AwsClock()
    clock.watch(cluster.table.meta.client)
    node = ThisNode(NODE, "10.0.0.1", cluster.name, cluster.table.name, "us-east-1", root)
    return Pulse(kind(cluster.table, clock, RunKey(cluster.name, spec.run_id)), clock, node, FAST)


def test_refused_requests_are_repeated_and_logged_once(
    cluster: Cluster, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spec = cluster.submit("")
    pulse = pulse_of(cluster, spec, tmp_path, Throttled)
    results = [pulse.beat(at_once=True) for _ in range(4)]
    assert True in results
    assert False in results
    assert pulse.state is not None
    assert pulse.state.status == "waiting"
    assert "the records are not accessible: " in caplog.text


def test_reports_have_the_time_of_aws_and_not_of_the_node(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = cluster.submit("")
    before = int(time.time())
    monkeypatch.setattr(time, "time", lambda: 12.0)
    pulse = pulse_of(cluster, spec, tmp_path)
    pulse.begin(1, step="joining")
    assert pulse.beat(at_once=True)
    monkeypatch.undo()
    assert before - 2 <= cluster.node(spec, NODE)["seen_at"] <= time.time() + 2


def test_work_goes_on_while_the_node_reports_and_its_error_is_raised(cluster: Cluster, tmp_path: Path) -> None:
    spec = cluster.submit("")
    pulse = pulse_of(cluster, spec, tmp_path)
    pulse.begin(1, step="preparing")

    def work() -> str:
        pulse.say("half done")
        end = time.monotonic() + 10
        while cluster.node(spec, NODE).get("detail") != "half done" and time.monotonic() < end:
            time.sleep(0.02)
        return "done"

    assert pulse.during(work, lambda: None) == "done"
    assert cluster.node(spec, NODE)["detail"] == "half done"
    with pytest.raises(ZeroDivisionError):
        pulse.during(lambda: 1 / 0, lambda: None)


def test_work_is_not_awaited_once_there_is_a_reason_to_stop(cluster: Cluster, tmp_path: Path) -> None:
    pulse = pulse_of(cluster, cluster.submit(""), tmp_path)
    with pytest.raises(StoppedError, match="cancelled"):
        pulse.during(lambda: time.sleep(5), lambda: Stop("cancelled"))
