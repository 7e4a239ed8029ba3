"""Restoration of a damaged state with the commands of docs/state.md: real Terraform, local AWS."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mlinfra.declarations.loading import load_environments
from mlinfra.operations.bootstrap.bootstrapping import bootstrap
from mlinfra.operations.terraform.progress import Quiet
from tests.conftest import ROOT
from tests.deploy.planned import Project

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.declarations import Environment

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("restored-state")]


class Stored:
    """The state of the stack `first` in its bucket."""

    def __init__(self, environment: Environment) -> None:
        self._s3 = boto3.client("s3")
        self.bucket = environment.names.state_bucket
        self._table = environment.names.lock_table
        self.key = environment.names.state_key("first")

    def versions(self) -> list[str]:
        """The ids of all versions, the newest first."""
        found = self._s3.list_object_versions(Bucket=self.bucket, Prefix=self.key).get("Versions", [])
        return [each["VersionId"] for each in found if each["Key"] == self.key]

    def read(self) -> dict[str, Any]:
        """The present state."""
        body = self._s3.get_object(Bucket=self.bucket, Key=self.key)["Body"].read()
        found: dict[str, Any] = json.loads(body)
        return found

    def damage(self, body: bytes) -> None:
        """Replace the state, past Terraform."""
        self._s3.put_object(Bucket=self.bucket, Key=self.key, Body=body)

    def delete_with_checksum(self) -> None:
        """Delete the present version and its checksum, as the two commands of docs/state.md do."""
        self._s3.delete_object(Bucket=self.bucket, Key=self.key)
        row = {"LockID": {"S": f"{self.bucket}/{self.key}-md5"}}
        client = boto3.client("dynamodb")
        assert "Item" in client.get_item(TableName=self._table, Key=row)
        client.delete_item(TableName=self._table, Key=row)

    def download(self, version: str, path: Path) -> None:
        """Save a version, as `aws s3api get-object` does."""
        path.write_bytes(self._s3.get_object(Bucket=self.bucket, Key=self.key, VersionId=version)["Body"].read())


@pytest.fixture(scope="module")
def environment(project: Path, deployable: Path) -> Environment:
    """The environment of a project whose state is bootstrapped."""
    del deployable
    Project(project)
    (declared,) = load_environments(project, only="local")
    bootstrap(declared, project, Quiet())
    return declared


@pytest.fixture
def restorable(environment: Environment, project: Path) -> tuple[Project, Stored]:
    """A project that applied the stack `first` twice, with the first state in good.tfstate, and its stored state."""
    made, stored = Project(project), Stored(environment)
    made.change("first", f"old-{len(stored.versions())}")
    made.apply(made.planned("first"))
    good = stored.versions()[0]
    made.change("first", f"new-{len(stored.versions())}")
    made.apply(made.planned("first"))
    stored.download(good, project / "good.tfstate")
    subprocess.run([sys.executable, "main.py"], cwd=project, check=True)
    return made, stored


def push(project: Path, *, force: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the Terraform commands with which docs/state.md restores a state."""
    text = (ROOT / "docs" / "state.md").read_text(encoding="utf-8")
    (command,) = [each for each in text.splitlines() if each.startswith("cd ") and "terraform state push" in each]
    command = command.replace("STACK", "local-first").replace("-force ", "-force " if force else "")
    return subprocess.run(["/bin/sh", "-c", command], cwd=project, capture_output=True, text=True, check=False)


def test_an_older_version_is_restored(restorable: tuple[Project, Stored]) -> None:
    made, stored = restorable
    good = json.loads((made.root / "good.tfstate").read_text())
    assert stored.read()["serial"] > good["serial"]
    refused = push(made.root, force=False)
    assert refused.returncode == 1
    assert "serial" in refused.stderr
    pushed = push(made.root)
    assert pushed.returncode == 0, pushed.stderr
    assert stored.read()["resources"] == good["resources"]
    assert made.plan("first").planned[0].summary == "1 to add, 0 to change, 1 to destroy"


def test_an_unreadable_state_is_restored_once_it_and_its_checksum_are_deleted(
    restorable: tuple[Project, Stored],
) -> None:
    made, stored = restorable
    good = json.loads((made.root / "good.tfstate").read_text())
    stored.damage(b'{"version": 4, "terr')
    refused = push(made.root)
    assert refused.returncode == 1
    stored.delete_with_checksum()
    pushed = push(made.root)
    assert pushed.returncode == 0, pushed.stderr
    assert stored.read()["resources"] == good["resources"]
    assert made.plan("first").planned[0].summary == "1 to add, 0 to change, 1 to destroy"
