"""The start of runs on a node, from the program of the node guard, as its unit and its minute call it."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.constructs.training.guard_program import guard_program
from mlinfra.runner.contract import RunAttribute, RunKey
from tests.unit.runner.runs import BUCKET, TABLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlinfra.local_aws.server import LocalAws

pytestmark = pytest.mark.xdist_group("runner")

RUN = "20261129-120000-0001"
_AWS = '''#!{python}
"""The two calls of the aws command that the start of runs makes, on boto3."""
import json, sys
import boto3
service, operation, *words = sys.argv[1:]
if service == "s3":
    _, source, target = words
    bucket, _, key = source.removeprefix("s3://").partition("/")
    boto3.client("s3").download_file(bucket, key, target)
    sys.exit(0)
options = {{}}
while words and words[0].startswith("--"):
    name = words.pop(0)[2:]
    options[name] = words.pop(0) if words and not words[0].startswith("--") else True
print(json.dumps(boto3.client("dynamodb").query(
    TableName=options["table-name"],
    KeyConditionExpression=options["key-condition-expression"],
    FilterExpression=options["filter-expression"],
    ExpressionAttributeNames=json.loads(options["expression-attribute-names"]),
    ExpressionAttributeValues=json.loads(options["expression-attribute-values"]),
)["Items"]))
'''
_SYSTEMD_RUN = """#!/bin/bash
echo "systemd-run $*" >>{root}/calls
for word in "$@"; do
  [ "$word" != "{refused}" ] || {{ echo "Unknown option $word" >&2; exit 1; }}
done
unit=$1
touch "{root}/active-${{unit#--unit=}}.service"
"""
_SYSTEMCTL = """#!/bin/bash
[ "$1" != is-active ] || [ -e "{root}/active-$3" ]
"""


@dataclass
class Node:
    """A node with the program of the guard, and commands that stand for those of its image."""

    root: Path
    cluster: str
    environment: dict[str, str]
    table: Any
    s3: Any

    def start(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call mlinfra-start-run."""
        return subprocess.run(
            [sys.executable, "-Bsm", "mlinfra.runner.start", *arguments],
            env=self.environment,
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def submit(self, run_id: str = RUN, **changes: Any) -> None:
        """Record an active run."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as content:
            for name, text in (
                ("mlinfra/__init__.py", ""),
                ("mlinfra/runner/__init__.py", ""),
                ("mlinfra/runner/__main__.py", "import sys; print('the runner of', *sys.argv[1:])"),
            ):
                entry = tarfile.TarInfo(name)
                entry.size = len(text)
                content.addfile(entry, io.BytesIO(text.encode()))
        body = archive.getvalue()
        digest = hashlib.sha256(body).hexdigest()
        self.s3.put_object(Bucket=BUCKET, Key=f"two-tower-v2/runner/{digest}.tar.gz", Body=body)
        self.table.put_item(
            Item={
                **RunKey(self.cluster, run_id).run,
                RunAttribute.STATUS: "waiting",
                RunAttribute.ATTEMPT: 1,
                RunAttribute.BUCKET: BUCKET,
                RunAttribute.RUNNER_KEY: f"two-tower-v2/runner/{digest}.tar.gz",
                RunAttribute.RUNNER_SHA256: digest,
                **changes,
            }
        )

    @property
    def calls(self) -> list[str]:
        """The calls of systemd-run."""
        file = self.root / "calls"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def node(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    run_resources: Any,
    mlinfra_local_aws: LocalAws,
    clients: Callable[..., Any],
) -> Node:
    root = tmp_path / "node"
    for folder in ("etc/mlinfra", "var/log", "bin"):
        (root / folder).mkdir(parents=True)
    cluster = f"start-{request.node.name}"
    (root / "etc/mlinfra/environment").write_text("")
    (root / "etc/mlinfra/node").write_text(f'CLUSTER="{cluster}"\nREGION="us-east-1"\nTABLE="{TABLE}"\n')
    (tmp_path / "mlinfra-node-guard").write_bytes(guard_program())
    for name, text in (
        ("aws", _AWS.format(python=sys.executable)),
        ("systemd-run", _SYSTEMD_RUN.format(root=root, refused="--nothing")),
        ("systemctl", _SYSTEMCTL.format(root=root)),
    ):
        (root / "bin" / name).write_text(text)
        (root / "bin" / name).chmod(0o755)
    environment = {
        "PATH": f"{root / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(tmp_path / "mlinfra-node-guard"),
        "MLINFRA_NODE_ROOT": str(root),
        "AWS_ENDPOINT_URL": mlinfra_local_aws.endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    return Node(root, cluster, environment, run_resources, clients("s3"))


def test_a_run_is_started_once_as_a_unit_of_its_own(node: Node) -> None:
    node.submit()
    started = node.start(RUN)
    assert started.returncode == 0, started.stderr
    (call,) = node.calls
    assert call.endswith(f"/usr/local/bin/mlinfra-start-run --execute {RUN}")
    assert f"--unit=mlinfra-run-{RUN}" in call
    assert node.start(RUN).returncode == 0
    assert len(node.calls) == 1


def test_properties_that_an_old_systemd_does_not_know_are_left_out(node: Node) -> None:
    node.submit()
    (node.root / "bin/systemd-run").write_text(_SYSTEMD_RUN.format(root=node.root, refused="--collect"))
    assert node.start(RUN).returncode == 0
    assert node.calls[-1] == (f"systemd-run --unit=mlinfra-run-{RUN} /usr/local/bin/mlinfra-start-run --execute {RUN}")


def test_the_unit_becomes_the_runner_whose_digest_is_recorded(node: Node) -> None:
    node.submit()
    ended = node.start("--execute", RUN)
    assert ended.returncode == 0, ended.stderr
    assert (node.root / "var/log/mlinfra-guard.log").read_text() == f"the runner of {RUN}\n"


def test_a_runner_with_another_digest_is_not_executed(node: Node) -> None:
    node.submit(**{RunAttribute.RUNNER_SHA256: "0" * 64})
    ended = node.start("--execute", RUN)
    assert ended.returncode == 1
    assert "does not have the recorded digest" in (node.root / "var/log/mlinfra-guard.log").read_text()
    assert not list((node.root / "var/lib/mlinfra/runner").iterdir())


def test_a_run_that_has_ended_is_not_started(node: Node) -> None:
    node.submit(**{RunAttribute.STATUS: "succeeded"})
    ended = node.start(RUN)
    assert ended.returncode == 1
    assert f"run {RUN} is not an active run of cluster {node.cluster}" in ended.stderr


@pytest.mark.parametrize("text", ["x; reboot", "20261129-120000-0001/..", ""])
def test_other_texts_than_ids_are_refused(node: Node, text: str) -> None:
    assert node.start(text).returncode == 2


def test_the_guard_starts_each_active_run_that_does_not_run_here(node: Node) -> None:
    first, second, ended, left = (f"{time.strftime('%Y%m%d')}-12000{number}-0001" for number in range(4))
    for each in (first, second):
        node.submit(each)
    node.submit(ended, **{RunAttribute.STATUS: "failed"})
    node.submit(left)
    folder = node.root / "var/lib/mlinfra/runs" / left
    folder.mkdir(parents=True)
    (folder / "left").write_text("1\n")
    assert node.start("--active").returncode == 0
    assert [call.split()[-1] for call in node.calls] == [first, second]


def test_the_guard_starts_a_run_again_that_this_node_has_left_once_it_is_retried(node: Node) -> None:
    run_id = f"{time.strftime('%Y%m%d')}-120000-0001"
    node.submit(run_id, **{RunAttribute.ATTEMPT: 2, RunAttribute.STATUS: "retrying"})
    folder = node.root / "var/lib/mlinfra/runs" / run_id
    folder.mkdir(parents=True)
    (folder / "left").write_text("1\n")
    assert node.start("--active").returncode == 0
    assert len(node.calls) == 1


def test_before_the_end_of_the_boot_nothing_is_started(node: Node) -> None:
    node.submit()
    (node.root / "etc/mlinfra/environment").unlink()
    started = node.start(RUN)
    assert started.returncode == 0
    assert "the boot of this node has not ended; its guard starts run" in started.stderr
    assert node.calls == []
