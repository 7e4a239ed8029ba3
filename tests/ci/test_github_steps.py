"""The steps of GitHub's workflows that obtain credentials, run in a shell with a local AWS as STS."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from mlinfra.local_aws.client_variables import client_variables
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.local_aws.server import LocalAws

# Records its arguments, and the credentials and tokens that it can read.
MLINFRA = """\
#!/bin/sh
echo "$* | ${AWS_SESSION_TOKEN:+credentials} ${ACTIONS_ID_TOKEN_REQUEST_TOKEN:+with the token} $MLINFRA_ID_TOKEN" \
  >> record
"""


def script(file: str, job: str) -> str:
    workflow: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / file).read_text())
    (found,) = (each["run"] for each in workflow["jobs"][job]["steps"] if "assume_role" in each.get("run", ""))
    return str(found)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A working copy in which `set-up` has installed a stand-in of mlinfra."""
    (tmp_path / "ci").mkdir()
    shutil.copy(ROOT / "ci" / "assume_role.py", tmp_path / "ci")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "mlinfra").write_text(MLINFRA)
    (tmp_path / ".venv" / "bin" / "mlinfra").chmod(stat.S_IRWXU)
    (tmp_path / "plans" / "dev-data").mkdir(parents=True)
    commands = (
        "set -e; git init --quiet --initial-branch=main; git add ci;"
        "git -c user.name=ana -c user.email=ana@example.com commit --quiet --message=one;"
        "git update-ref refs/remotes/origin/main HEAD"
    )
    subprocess.run(["/bin/sh", "-c", commands], cwd=tmp_path, check=True)
    return tmp_path


def run(file: str, job: str, checkout: Path, aws: LocalAws, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the step as GitHub does by default: bash ends at the first error, unless it is inside a pipe."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CI_"))} | {
        "AWS_ENDPOINT_URL_STS": str(client_variables(aws)["AWS_ENDPOINT_URL"]),
        "AWS_REGION": "us-east-1",
        "MLINFRA_ENVIRONMENT": "dev",
        "MLINFRA_ROLE": f"arn:aws:iam::111111111111:role/recsys-dev-ci-{job}",
        "MLINFRA_ID_TOKEN": "header.payload.signature",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-the-job",
        "TRUSTED": "refs/remotes/origin/main",
        "BASE": "0" * 40,
        **variables,
    }
    command = ["bash", "--noprofile", "--norc", "-e", "-c", script(file, job)]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("file", "job", "called"),
    [
        ("mlinfra-plan.yml", "plan", f"plan dev-* --changed-since {'0' * 40} --no-lock"),
        ("mlinfra-apply.yml", "apply", "apply plans/dev-data"),
        ("infrastructure.yml", "drift", "drift --env dev --who --remember --out drift.md"),
    ],
)
def test_mlinfra_has_credentials_and_no_token(
    checkout: Path, running_local_aws: LocalAws, file: str, job: str, called: str
) -> None:
    ended = run(file, job, checkout, running_local_aws)
    assert ended.returncode == 0, ended.stderr
    assert (checkout / "record").read_text().strip() == f"{called} | credentials"


def test_a_pull_request_that_changes_the_exchange_has_no_effect(checkout: Path, running_local_aws: LocalAws) -> None:
    (checkout / "ci" / "assume_role.py").write_text("raise SystemExit('changed program')\n")
    ended = run("mlinfra-plan.yml", "plan", checkout, running_local_aws)
    assert ended.returncode == 0, ended.stderr
    assert "changed program" not in ended.stderr


def test_a_default_branch_without_the_exchange_ends_the_step_before_mlinfra_runs(
    checkout: Path, running_local_aws: LocalAws
) -> None:
    ended = run("mlinfra-plan.yml", "plan", checkout, running_local_aws, TRUSTED="refs/remotes/origin/missing")
    assert ended.returncode != 0
    assert not (checkout / "record").exists()


def test_a_step_without_a_role_ends_before_mlinfra_runs(checkout: Path, running_local_aws: LocalAws) -> None:
    ended = run("infrastructure.yml", "drift", checkout, running_local_aws, MLINFRA_ROLE="")
    assert ended.returncode == 1
    assert "'' is not the ARN of a role" in ended.stderr
    assert not (checkout / "record").exists()


def test_an_apply_without_plans_obtains_no_credentials(checkout: Path, running_local_aws: LocalAws) -> None:
    shutil.rmtree(checkout / "plans")
    ended = run("mlinfra-apply.yml", "apply", checkout, running_local_aws, MLINFRA_ROLE="")
    assert (ended.returncode, ended.stdout) == (0, "No stack differs.\n")
