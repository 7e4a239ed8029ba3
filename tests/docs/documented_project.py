"""The project and the account that the pages describe: environments, a cluster at work, and runs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import boto3

from mlinfra.functions.contract import Tag
from mlinfra.local_aws.server import ACCOUNT_ID
from mlinfra.operations.drift import Report, StackReport, to_json
from mlinfra.operations.review import review
from mlinfra.runner import RunAttribute, RunStatus
from tests.conftest import ROOT, TODAY
from tests.local_aws import make_records_table
from tests.unit.cli.test_init import STATE
from tests.unit.operations.clusters.account import make_group, report
from tests.unit.operations.registration.conftest import SPECIFICATION, RecordedRun
from tests.unit.operations.review.approvals import BUCKET
from tests.unit.operations.runs.recorded import (
    CLUSTER,
    ENVIRONMENT,
    ME,
    RUN_ID,
    put_node,
    put_plan,
    seconds_ago,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MAIN = """
import json, os, pathlib, shutil

stacks, out, only = pathlib.Path("STACKS"), pathlib.Path(os.environ["CDKTF_OUTDIR"]), os.environ.get("MLINFRA_ENV")
manifest = json.loads((stacks.parent / "manifest.json").read_text())
known = {name: each for name, each in manifest["stacks"].items() if not only or name.startswith(only + "-")}
for name in known:
    shutil.copytree(stacks / name, out / "stacks" / name, dirs_exist_ok=True)
(out / "manifest.json").write_text(json.dumps({**manifest, "stacks": known}))
"""
"""The main.py of the project: it writes the stacks that main.py of this repository has written."""


def write_project(root: Path, stacks: Path, declarations: Mapping[str, str]) -> None:
    """Write the project, as a clone whose `origin/main` is its only commit. The local AWS is the account of `dev`.

    Args:
        root: the folder of the project.
        stacks: the synthesized stacks of the environments of this repository.
        declarations: further environments in files of environments/, by name.
    """
    root.mkdir()
    for name in ("cdktf.json", ".terraform.lock.hcl"):
        shutil.copyfile(ROOT / name, root / name)
    shutil.copytree(ROOT / "environments", root / "environments", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in declarations.items():
        (root / "environments" / f"{name}.py").write_text(text)
    # An environment in another region is that of its origin, with the account of the origin.
    for name in ("dev", "prod") if declarations else ("dev",):
        declaration = root / "environments" / f"{name}.py"
        text = re.sub(r'account_id="\d+",', f'account_id="{ACCOUNT_ID}", emulated=True,', declaration.read_text())
        declaration.write_text(text)
    (root / "node_modules").symlink_to(ROOT / "node_modules")
    (root / "main.py").write_text(_MAIN.replace("STACKS", str(stacks)))
    (root / ".gitignore").write_text("node_modules\n/*.json\nsynthesized\n")
    (root / "train.py").write_text("print('trained')\n")
    for arguments in (
        ("init", "--quiet", "--initial-branch=main"),
        ("config", "user.name", "Ana"),
        ("config", "user.email", "ana@example.com"),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "Begin"),
        ("tag", "v2.3"),
        ("update-ref", "refs/remotes/origin/main", "HEAD"),
    ):
        subprocess.run(["git", *arguments], cwd=root, check=True)  # noqa: S607  known arguments


def write_results(root: Path) -> str:
    """Write what other commands leave in a project: plans that destroy a bucket, a report of drift, a state.

    Returns:
        The digest of the finding that holds the plans.
    """
    text = json.dumps({"format_version": "1.2", "resource_changes": [BUCKET]})
    for folder in (root, root / "plans" / "dev-data", root / "plans" / "dev-training"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "plan.json").write_text(text)
    report = Report("dev", datetime(2026, 11, 24, tzinfo=timezone.utc), (StackReport("dev-data"),))
    (root / "drift.json").write_text(to_json(report))
    (root / "state.json").write_text(json.dumps(STATE))
    found = review([root / "plans" / "dev-data"], root=root, today=TODAY).findings
    return next(each.digest for each in found if each.id == "MLR101")


def fill_account() -> None:
    """Make the cluster two-tower-v2 of dev with its two idle nodes, a run with a model, and one that failed."""
    make_records_table(boto3.client, ENVIRONMENT.names.records_table)
    for bucket in (ENVIRONMENT.names.bucket("models"), ENVIRONMENT.names.state_bucket):
        boto3.client("s3").create_bucket(Bucket=bucket)
    boto3.client("sagemaker").create_model_package_group(ModelPackageGroupName="recsys-dev-ranker")
    tags = {Tag.PROJECT: "recsys", Tag.ENVIRONMENT: "dev"}
    nodes = make_group(boto3.client, CLUSTER, **tags)
    recorded = RecordedRun(boto3.client)
    times = {RunAttribute.STARTED_AT: seconds_ago(50), RunAttribute.SUBMITTED_BY: ME}
    recorded.record(RUN_ID, **times)
    recorded.record("20261129-090000-1b2c", status=RunStatus.FAILED, **{**times, RunAttribute.EXIT_CODE: 2})
    recorded.write("model/two_tower.json")
    for rank, node in enumerate(nodes):
        put_node(node, joined_at=seconds_ago(50), instance_type="g5.xlarge", running_seconds=36)
        report(boto3.client, node)
        _log(rank)
    put_plan(*nodes)


def _log(rank: int) -> None:
    logs = boto3.client("logs")
    group, stream = SPECIFICATION.log_group, SPECIFICATION.log_stream(1, rank)
    if rank == 0:
        logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    events = [{"timestamp": int(seconds_ago(40) * 1000), "message": "epoch 1  loss 0.412"}]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
