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
if [ "$1" = review ]; then mkdir -p plans/stored && echo "A report." > plans/stored/dev.md; fi
exit "${STATUS_OF_REVIEW:-0}"
"""


def script(file: str, job: str, part: str = "assume_role") -> str:
    workflow: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / file).read_text())
    (found,) = (each["run"] for each in workflow["jobs"][job]["steps"] if part in each.get("run", ""))
    return str(found)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A working copy in which `set-up` and `set-up-trusted` have installed a stand-in of mlinfra."""
    (tmp_path / "ci").mkdir()
    shutil.copy(ROOT / "ci" / "assume_role.py", tmp_path / "ci")
    for folder in (tmp_path / ".venv" / "bin", tmp_path / ".trusted" / ".venv" / "bin"):
        folder.mkdir(parents=True)
        (folder / "mlinfra").write_text(MLINFRA)
        (folder / "mlinfra").chmod(stat.S_IRWXU)
    (tmp_path / "plans" / "stored").mkdir(parents=True)
    (tmp_path / "plans" / "stored" / "dev.json").write_text('{"plans": [{"sha256": "9f86"}]}')
    commands = (
        "set -e; git init --quiet --initial-branch=main; git add ci;"
        "git -c user.name=ana -c user.email=ana@example.com commit --quiet --message=one;"
        "git update-ref refs/remotes/origin/main HEAD"
    )
    subprocess.run(["/bin/sh", "-c", commands], cwd=tmp_path, check=True)
    return tmp_path


def run(
    file: str, job: str, checkout: Path, aws: LocalAws, part: str = "assume_role", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the step as GitHub does by default: bash ends at the first error, unless it is inside a pipe."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CI_"))} | {
        "AWS_ENDPOINT_URL_STS": str(client_variables(aws)["AWS_ENDPOINT_URL"]),
        "AWS_REGION": "us-east-1",
        "MLINFRA_ENVIRONMENT": "dev",
        "MLINFRA_ROLE": f"arn:aws:iam::111111111111:role/recsys-dev-ci-{job}",
        "MLINFRA_ID_TOKEN": "header.payload.signature",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-the-job",
        "TRUSTED": "refs/remotes/origin/main",
        **variables,
    }
    command = ["bash", "--noprofile", "--norc", "-e", "-c", script(file, job, part)]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("file", "job", "called"),
    [
        (
            "mlinfra-plan.yml",
            "plan",
            "plan dev-* --synthesized synthesized --no-lock --store plans/stored/dev.json",
        ),
        ("mlinfra-apply.yml", "apply", "apply --stored plans/stored/dev.json"),
        ("infrastructure.yml", "drift", "drift --env dev --who --remember --out drift.md --json"),
        ("infrastructure.yml", "audit", "audit --remember dev --out audit-dev.json"),
    ],
)
def test_mlinfra_has_credentials_and_no_token(
    checkout: Path, mlinfra_local_aws: LocalAws, file: str, job: str, called: str
) -> None:
    ended = run(file, job, checkout, mlinfra_local_aws)
    assert ended.returncode == 0, ended.stderr
    assert (checkout / "record").read_text().strip() == f"{called} | credentials"


@pytest.mark.parametrize("has_result", [True, False])
def test_the_report_shows_the_results_of_the_night(
    checkout: Path, mlinfra_local_aws: LocalAws, *, has_result: bool
) -> None:
    for name in ("drift-dev.json", "audit-dev.json"):
        (checkout / name).write_text("{}" if has_result else "")
    ended = run("infrastructure.yml", "report", checkout, mlinfra_local_aws, part="mlinfra report", MLINFRA_ID_TOKEN="")
    assert ended.returncode == 0, ended.stderr
    results = " --drift drift-dev.json --audit audit-dev.json" if has_result else ""
    assert (checkout / "record").read_text().strip() == f"report --no-aws{results} |  with the token"


def test_a_pull_request_that_changes_the_exchange_has_no_effect(checkout: Path, mlinfra_local_aws: LocalAws) -> None:
    (checkout / "ci" / "assume_role.py").write_text("raise SystemExit('changed program')\n")
    ended = run("mlinfra-plan.yml", "plan", checkout, mlinfra_local_aws)
    assert ended.returncode == 0, ended.stderr
    assert "changed program" not in ended.stderr


def test_a_pull_request_that_changes_mlinfra_has_no_effect_on_the_plan(
    checkout: Path, mlinfra_local_aws: LocalAws
) -> None:
    (checkout / ".venv" / "bin" / "mlinfra").write_text("#!/bin/sh\necho changed program >> record\n")
    assert run("mlinfra-plan.yml", "plan", checkout, mlinfra_local_aws).returncode == 0
    assert "changed program" not in (checkout / "record").read_text()


@pytest.mark.parametrize(("status", "ends", "recorded"), [(0, 0, "0\n"), (3, 0, "3\n"), (1, 1, None)])
def test_the_review_of_a_plan_is_recorded_for_the_job_that_comments(
    checkout: Path, mlinfra_local_aws: LocalAws, status: int, ends: int, recorded: str | None
) -> None:
    (checkout / "plans" / "dev-data").mkdir()
    ended = run("mlinfra-plan.yml", "plan", checkout, mlinfra_local_aws, part=" review ", STATUS_OF_REVIEW=str(status))
    assert ended.returncode == ends, ended.stderr
    stored = checkout / "plans" / "stored"
    assert (stored / "dev.md").read_text() == "A report.\n"
    path = stored / "dev.exit-code"
    assert (path.read_text() if path.exists() else None) == recorded
    if recorded:
        held = script("infrastructure.yml", "review", "exit-code")
        last = subprocess.run(["/bin/bash", "-e", "-c", held], cwd=checkout, check=False)
        assert last.returncode == status


def test_an_environment_without_changes_is_reported(checkout: Path, mlinfra_local_aws: LocalAws) -> None:
    assert run("mlinfra-plan.yml", "plan", checkout, mlinfra_local_aws, part=" review ").returncode == 0
    assert (checkout / "plans" / "stored" / "dev.md").read_text() == "No stack of dev differs.\n"
    assert not (checkout / "record").exists()


def test_a_default_branch_without_the_exchange_ends_the_step_before_mlinfra_runs(
    checkout: Path, mlinfra_local_aws: LocalAws
) -> None:
    ended = run("mlinfra-plan.yml", "plan", checkout, mlinfra_local_aws, TRUSTED="refs/remotes/origin/missing")
    assert ended.returncode != 0
    assert not (checkout / "record").exists()


def test_a_step_without_a_role_ends_before_mlinfra_runs(checkout: Path, mlinfra_local_aws: LocalAws) -> None:
    ended = run("infrastructure.yml", "drift", checkout, mlinfra_local_aws, MLINFRA_ROLE="")
    assert ended.returncode == 1
    assert "'' is not the ARN of a role" in ended.stderr
    assert not (checkout / "record").exists()


def test_an_apply_without_plans_obtains_no_credentials(checkout: Path, mlinfra_local_aws: LocalAws) -> None:
    (checkout / "plans" / "stored" / "dev.json").write_text('{"plans": []}')
    ended = run("mlinfra-apply.yml", "apply", checkout, mlinfra_local_aws, MLINFRA_ROLE="")
    assert (ended.returncode, ended.stdout) == (0, "No stack differs.\n")


# Records its arguments, and answers a list of comments with the id of one, if there is one.
GH = """\
#!/bin/sh
echo "$*" | sed 's|body=@.*|body|' >> "$RECORD"
for each; do case "$each" in body=@*) cp "${each#body=@}" "$RECORD.body" ;; esac; done
case "$*" in *--paginate*) cat known ;; esac
"""


@pytest.mark.parametrize(
    ("known", "request_"),
    [
        ("", "--method POST repos/ml/platform/issues/3/comments"),
        ("17\n18\n", "--method PATCH repos/ml/platform/issues/comments/17"),
    ],
)
def test_the_report_replaces_the_previous_comment_of_the_pull_request(
    tmp_path: Path, known: str, request_: str
) -> None:
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(stat.S_IRWXU)
    (tmp_path / "known").write_text(known)
    (tmp_path / "review.md").write_text("A report.\n" + "x" * 70_000)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "RECORD": str(tmp_path / "record"),
        "GITHUB_REPOSITORY": "ml/platform",
        "PULL_REQUEST": "3",
    }
    subprocess.run([ROOT / "ci" / "github" / "comment.sh", "review.md"], cwd=tmp_path, env=environment, check=True)
    listed, written = (tmp_path / "record").read_text().splitlines()
    assert listed.startswith("api --paginate repos/ml/platform/issues/3/comments --jq")
    assert written == f"api {request_} --field body"
    body = (tmp_path / "record.body").read_text()
    assert body.startswith("<!-- mlinfra review -->\nA report.\n")
    assert len(body) < 65_536
