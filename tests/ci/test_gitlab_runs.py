"""The pipelines of GitLab, run by gitlab-ci-local in a small project, with a local AWS as STS.

Jobs run in the shell, without containers. Stand-ins of `make` targets and of `mlinfra` record their arguments.
gitlab-ci-local gives jobs no tokens: here all jobs have one, and test_pipelines.py checks which jobs request it.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from mlinfra.local_aws.client_variables import client_variables
from tests.ci.servers import Notes, serving_notes
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlinfra.local_aws.server import LocalAws

pytestmark = [pytest.mark.lengthy]

ENVIRONMENTS = ["dev", "staging", "prod"]
PINNED = f"registry.example.com/ml/ci@sha256:{'0' * 64}"
MAKEFILE = """\
setup:
	mkdir -p .venv/bin node_modules && cp mlinfra.sh .venv/bin/mlinfra && echo setup >> $(RECORD)
check policy:
	echo $@ >> $(RECORD)
"""
# Records its arguments, the role whose credentials it has, and the tokens that it can read.
MLINFRA = """\
#!/bin/sh
echo "$* | ${AWS_ACCESS_KEY_ID:+credentials of ${MLINFRA_ROLE##*/}} ${MLINFRA_ID_TOKEN:+with the token}" >> "$RECORD"
case "$1" in
  plan) mkdir -p "plans/$MLINFRA_ENVIRONMENT-data" ;;
  review) echo "A report." > review.md ;;
esac
"""
# gitlab-ci-local copies the project for containers, and none is started here.
RSYNC = """\
#!/bin/sh
for last; do :; done
mkdir -p "$last"
"""
IGNORED = ".venv\nnode_modules\nplans/\n/review.md\n/drift.md\n.gitlab-ci-local/\n/tools/\n/record\n"


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=ana", "-c", "user.email=ana@example.com", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


@dataclass
class Project:
    """A project of GitLab with this repository's pipeline."""

    folder: Path
    aws: LocalAws

    def run(self, *options: str, image: str = PINNED, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a pipeline on the main branch, unless `variables` state another one."""
        given = {
            "MLINFRA_IMAGE": image,
            "MLINFRA_ID_TOKEN": "header.payload.signature",
            "RECORD": str(self.folder / "record"),
            "AWS_REGION": "us-east-1",
            "CI_COMMIT_BEFORE_SHA": git(self.folder, "rev-parse", "HEAD"),  # unknown to gitlab-ci-local
            "AWS_ENDPOINT_URL_STS": str(client_variables(self.aws)["AWS_ENDPOINT_URL"]),
            **{
                f"{name.upper()}_{use.upper()}_ROLE": f"arn:aws:iam::111111111111:role/recsys-{name}-ci-{use}"
                for name in ENVIRONMENTS
                for use in ("plan", "drift", "apply")
            },
            **variables,
        }
        command = [
            ROOT / "node_modules" / ".bin" / "gitlab-ci-local",
            "--force-shell-executor",
            "--no-json-schema-validation",
            *(each for name, value in given.items() for each in ("--variable", f"{name}={value}")),
            *options,
        ]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("CI_", "AWS_"))}
        environment |= {
            "PATH": f"{self.folder / 'tools'}:{os.environ['PATH']}",
            "HOME": str(self.folder / "tools"),
            "GCL_IGNORE_PREDEFINED_VARS": ",".join(name for name in given if name.startswith("CI_")),
        }
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=180
        )

    @property
    def record(self) -> list[str]:
        """The recorded calls, in their order."""
        path = self.folder / "record"
        return [re.sub(" +", " ", each).strip() for each in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def project(tmp_path: Path, running_local_aws: LocalAws) -> Project:
    (tmp_path / "ci" / "gitlab").mkdir(parents=True)
    for name in (".gitlab-ci.yml", "ci/assume_role.py", "ci/gitlab/comment.py", "ci/gitlab/mlinfra.gitlab-ci.yml"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "tools").mkdir()
    for name, content in (("mlinfra.sh", MLINFRA), ("tools/rsync", RSYNC)):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(stat.S_IRWXU)
    (tmp_path / "Makefile").write_text(MAKEFILE)
    (tmp_path / ".gitignore").write_text(IGNORED)
    git(tmp_path, "init", "--quiet", "--initial-branch=main", ".")
    git(tmp_path, "remote", "add", "origin", "https://gitlab.example.com/ml/platform.git")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message=one")
    git(tmp_path, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(tmp_path, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    return Project(tmp_path, running_local_aws)


def test_an_image_that_is_not_pinned_by_digest_is_refused_by_the_only_job(project: Project) -> None:
    ended = project.run(image="registry.example.com/ml/ci:latest")
    assert ended.returncode == 1
    assert "MLINFRA_IMAGE is 'registry.example.com/ml/ci:latest', which is not pinned by digest" in ended.stdout
    assert "Set the variable MLINFRA_IMAGE of the project" in ended.stdout
    assert project.record == []


def test_the_main_branch_is_planned_reviewed_and_applied_in_order(project: Project) -> None:
    ended = project.run(*(each for name in ENVIRONMENTS for each in ("--manual", f"apply-{name}")))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    record = project.record
    assert sorted(record[:3]) == ["check", "policy", "setup"]
    base = git(project.folder, "rev-parse", "HEAD")
    assert sorted(record[3:6]) == sorted(
        f"plan {name}-* --changed-since {base} --no-lock | credentials of recsys-{name}-ci-plan"
        for name in ENVIRONMENTS
    )
    assert record[6].startswith("review plans/dev-data plans/prod-data plans/staging-data --format markdown")
    assert "credentials" not in record[6]
    assert record[7:] == [f"apply plans/{name}-data | credentials of recsys-{name}-ci-apply" for name in ENVIRONMENTS]


def test_no_apply_starts_automatically(project: Project) -> None:
    assert project.run().returncode == 0
    assert not [each for each in project.record if each.startswith("apply")]
    assert [each for each in project.record if each.startswith("review")]


def test_a_schedule_detects_drift_with_the_role_that_stores_the_baseline(project: Project) -> None:
    ended = project.run(CI_PIPELINE_SOURCE="schedule")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert project.record[0] == "setup"
    assert sorted(project.record[1:]) == sorted(
        f"drift --env {name} --who --remember --out drift.md | credentials of recsys-{name}-ci-drift"
        for name in ENVIRONMENTS
    )


@pytest.fixture
def api() -> Iterator[str]:
    with serving_notes() as address:
        yield address


def merge_request(project: Project, api: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A pipeline of a merge request from a branch that changes the programs which use tokens."""
    base = git(project.folder, "rev-parse", "HEAD")
    git(project.folder, "checkout", "--quiet", "-b", "feature")
    for name in ("ci/assume_role.py", "ci/gitlab/comment.py"):
        (project.folder / name).write_text('import os\nos.system("echo changed program >> $RECORD")\n')
    git(project.folder, "commit", "--quiet", "--all", "--message=two")
    return project.run(
        CI_PIPELINE_SOURCE="merge_request_event",
        CI_MERGE_REQUEST_IID="3",
        CI_MERGE_REQUEST_DIFF_BASE_SHA=base,
        CI_API_V4_URL=api,
        MLINFRA_GITLAB_TOKEN="of-the-project",  # noqa: S106  a token of this test
        **{"CI_PROJECT_ID": "7", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "7", **variables},
    )


def test_a_merge_request_is_planned_and_commented_by_programs_that_it_cannot_change(project: Project, api: str) -> None:
    ended = merge_request(project, api)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "changed program" not in project.record
    assert len([each for each in project.record if each.startswith("plan ")]) == 3
    assert not [
        each for each in project.record if each.startswith("apply") or "with the token" in each.split("review")[0]
    ]
    assert [each["body"].partition("\n")[2].strip() for each in Notes.notes] == ["A report."]


def test_a_merge_request_of_a_fork_is_validated_and_not_planned(project: Project, api: str) -> None:
    ended = merge_request(project, api, CI_MERGE_REQUEST_SOURCE_PROJECT_ID="8")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert sorted(project.record) == ["check", "policy", "setup"]
    assert Notes.notes == []


def test_a_job_without_credentials_ends_before_anything_else_runs(project: Project) -> None:
    ended = project.run("plan-dev", "--needs", DEV_PLAN_ROLE="recsys-dev-ci-plan")
    assert ended.returncode != 0
    assert "'recsys-dev-ci-plan' is not the ARN of a role" in ended.stdout + ended.stderr
    assert not [each for each in project.record if each.startswith("plan")]
