"""Nodes of a cluster as processes of this machine, with the real runner and a local AWS."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlinfra.functions.contract import Table
from mlinfra.runner.contract import RunAttribute, RunKey, RunStatus
from tests.conftest import ROOT
from tests.unit.runner.runs import BUCKET, LOG_GROUP, TABLE, specification

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.runner.specification import RunSpecification

_NUMBERS = itertools.count(1)
POLL = 0.2
FRESH = 6.0
"""Seconds without a report after which a node is lost: more than a busy machine may delay one."""


@dataclass(frozen=True)
class RunnerProcess:
    """The runner of a node."""

    pid: int
    started: str
    """The time of its start: a later process with the same id has another one."""

    @property
    def has_ended(self) -> bool:
        """True if it has ended."""
        return _started(self.pid) != self.started

    def wait(self, seconds: float) -> None:
        """Wait for its end."""
        end = time.monotonic() + seconds
        while not self.has_ended:
            assert time.monotonic() < end, f"process {self.pid} has not ended"
            time.sleep(0.02)


class RunnerStarter:
    """Starts runners; see `forking`."""

    def __init__(self) -> None:
        """Load the runner once."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.runner.forking"],
            cwd=ROOT,
            env={
                **os.environ,
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "local",
                "AWS_SECRET_ACCESS_KEY": "local",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def start(self, argv: list[str], environment: dict[str, str], log: Path) -> RunnerProcess:
        """Start one."""
        call = {"argv": argv, "environment": environment, "log": str(log)}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(call).encode() + b"\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        return RunnerProcess(pid, _started(pid))

    def close(self) -> None:
        """End the process that starts them."""
        self._process.communicate(timeout=30)


def _started(pid: int) -> str:
    """The start time of a process. Empty: it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in {"Z", "X"} else fields[19]


@dataclass
class Cluster:
    """One cluster with runs of its own."""

    name: str
    folder: Path
    endpoint: str
    client: Callable[..., Any]
    table: Any
    starter: RunnerStarter
    processes: list[RunnerProcess] = field(default_factory=list)
    containers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    """Runners in containers of AWS Batch."""

    def submit(self, code: str, *, nodes: int = 1, **changes: Any) -> RunSpecification:
        """Submit a run whose command is a Python program, as `mlinfra run` does."""
        spec = specification(
            run_id=f"20261129-120000-{next(_NUMBERS):04x}",
            partition=self.name,
            nodes=nodes,
            instance_type="m5.large",
            gpus=0,
            **{
                "command": (sys.executable, "-u", "-c", code),
                "check_health": False,
                "stop_seconds": 2,
                "join_seconds": 20,
                **changes,
            },
        )
        self.client("s3").put_object(Bucket=BUCKET, Key=spec.run_object("run.json"), Body=spec.to_json().encode())
        self.table.put_item(
            Item={
                **RunKey(self.name, spec.run_id).run,
                RunAttribute.STATUS: RunStatus.WAITING,
                RunAttribute.ATTEMPT: 1,
                RunAttribute.NODES: nodes,
                RunAttribute.RETRIES: spec.retries,
                RunAttribute.BUCKET: BUCKET,
                RunAttribute.SPECIFICATION: spec.run_object("run.json"),
                RunAttribute.SUBMITTED_AT: int(time.time()),
            }
        )
        return spec

    def root(self, node: str) -> Path:
        """The root folder of a node."""
        root = self.folder / node
        settings = root / "etc/mlinfra/node"
        if not settings.exists():
            settings.parent.mkdir(parents=True)
            settings.write_text(
                f'CLUSTER="{self.name}"\nREGION="us-east-1"\nINSTANCE_ID="{node}"\nADDRESS="10.0.0.{ord(node[-1])}"\n'
                f'TABLE="{TABLE}"\n'
            )
        return root

    def start(self, node: str, spec: RunSpecification, **intervals: float) -> RunnerProcess:
        """Start the runner of a node, as its unit does."""
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MLINFRA_"))},
            "MLINFRA_NODE_ROOT": str(self.root(node)),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        values = {"poll": POLL, "fresh": FRESH, "logs": 0.2, "checkpoints": 0.3, **intervals}
        options = [word for name, value in values.items() for word in (f"--{name}-seconds", str(value))]
        process = self.starter.start([spec.run_id, *options], environment, self.folder / f"{node}.log")
        self.processes.append(process)
        return process

    def run(self, spec: RunSpecification) -> dict[str, Any]:
        """The record of a run."""
        return dict(self.table.get_item(Key=RunKey(self.name, spec.run_id).run, ConsistentRead=True)["Item"])

    def node(self, spec: RunSpecification, node: str, attempt: int = 1) -> dict[str, Any]:
        """The record of a node in an attempt. Empty: there is none."""
        key = RunKey(self.name, spec.run_id).node(attempt, node)
        return dict(self.table.get_item(Key=key, ConsistentRead=True).get("Item", {}))

    def change(self, spec: RunSpecification, **attributes: Any) -> None:
        """Change the record of a run."""
        for name, value in attributes.items():
            self.table.update_item(
                Key=RunKey(self.name, spec.run_id).run,
                UpdateExpression="SET #name = :value",
                ExpressionAttributeNames={"#name": name},
                ExpressionAttributeValues={":value": value},
            )

    def cancel(self, spec: RunSpecification) -> None:
        """Cancel a run, as `mlinfra runs cancel` does."""
        self.change(
            spec,
            **{
                RunAttribute.CANCELLED_BY: "arn:aws:iam::111111111111:user/ana",
                RunAttribute.CANCELLED_AT: int(time.time()),
            },
        )

    def announce_termination(self, node: str, *, in_seconds: float) -> None:
        """Record the notice of EC2, as the function for interruptions does."""
        self.table.put_item(
            Item={
                Table.CLUSTER: self.name,
                Table.RECORD: f"{Table.NOTICE_PREFIX}{node}",
                Table.ENDS_AT: int(time.time() + in_seconds),
                Table.REASON: "spot interruption",
            }
        )

    def result(self, spec: RunSpecification) -> dict[str, Any]:
        """The content of result.json."""
        body = self.client("s3").get_object(Bucket=BUCKET, Key=spec.run_object("result.json"))["Body"].read()
        return dict(json.loads(body))

    def objects(self, spec: RunSpecification, folder: str) -> list[str]:
        """The keys in a folder of the run, without the prefix."""
        prefix = spec.run_object(folder)
        found = self.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return sorted(each["Key"][len(prefix) :] for each in found)

    def output(self, spec: RunSpecification, *, attempt: int = 1, rank: int = 0) -> list[str]:
        """The lines in CloudWatch Logs."""
        pages = self.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=LOG_GROUP, logStreamNames=[spec.log_stream(attempt, rank)])
        return [event["message"] for page in found for event in page["events"]]

    def job(self, spec: RunSpecification, rank: int = 0) -> dict[str, Any]:
        """The record of the job that shutdown layers read."""
        record = f"{Table.JOB_PREFIX}{spec.run_id}" + (f"#{rank}" if rank else "")
        key = {Table.CLUSTER: self.name, Table.RECORD: record}
        return dict(self.table.get_item(Key=key, ConsistentRead=True).get("Item", {}))

    def until(self, condition: Callable[[], Any], *, seconds: float = 240) -> Any:
        """The result of `condition` as soon as it is true."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < end, self.logs()
            time.sleep(0.05)
        return found

    def ended(self, spec: RunSpecification) -> dict[str, Any]:
        """The record of a run once it has ended, and its runners too."""
        self.until(lambda: self.run(spec)[RunAttribute.STATUS] in RunStatus.ENDED)
        for each in self.processes:
            self.until(lambda each=each: each.has_ended)
        return self.run(spec)

    def lose(self, process: RunnerProcess) -> None:
        """End a node: its runner and all its processes, at once."""
        children = f"/proc/{process.pid}/task/{process.pid}/children"
        with suppress(OSError), Path(children).open() as file:
            for child in file.read().split():
                os.killpg(int(child), signal.SIGKILL)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)

    def close(self) -> None:
        """End all processes that remain."""
        for each in self.processes:
            if not each.has_ended:
                self.lose(each)
        for container in self.containers:
            container.kill()
            container.wait()

    def logs(self) -> str:
        """The logs of the runners, for a failed test."""
        return "\n".join(f"{each.name}\n{each.read_text()}" for each in sorted(self.folder.glob("*.log")))
