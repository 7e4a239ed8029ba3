"""The pipelines of GitLab, run by gitlab-ci-local in a small project, with a local AWS as STS.

Jobs run in the shell, without containers, each in a folder of its own. Stand-ins of `make` targets and of `mlinfra`
record their arguments. gitlab-ci-local gives jobs no tokens: here all jobs have one, and test_pipelines.py checks which
jobs request it.
"""

from __future__ import annotations

import re
import shutil
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from mlinfra.local_aws.client_variables import client_variables
from tests.ci.gitlab_ci_local import PINNED, RSYNC, git, run_pipeline
from tests.ci.servers import Notes, serving_notes
from tests.conftest import ROOT

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from mlinfra.local_aws.server import LocalAws

pytestmark = [pytest.mark.lengthy]

ENVIRONMENTS = ["dev", "staging", "prod"]
MAKEFILE = """\
setup setup-python:
	mkdir -p .venv/bin node_modules && cp mlinfra.sh .venv/bin/mlinfra && echo $@ >> $(RECORD)
check policy:
	echo $@ >> $(RECORD)
site-versions:
	mkdir $@
"""
# Records its arguments, the role whose credentials it has, and the tokens that it can read.
MLINFRA = """\
#!/bin/sh
echo "$* | ${AWS_ACCESS_KEY_ID:+credentials of ${MLINFRA_ROLE##*/}} ${MLINFRA_ID_TOKEN:+with the token}" >> "$RECORD"
case "$1" in
  synth) mkdir synthesized && echo "{}" > synthesized/synthesis.json ;;
  plan)
    mkdir -p "plans/$MLINFRA_ENVIRONMENT-data" plans/stored
    test -f synthesized/synthesis.json
    echo "a secret" > "plans/$MLINFRA_ENVIRONMENT-data/tfplan"
    echo '{"plans": [{"sha256": "9f86"}]}' > "plans/stored/$MLINFRA_ENVIRONMENT.json"
    ;;
  review)
    echo "A report of $MLINFRA_ENVIRONMENT." > "plans/stored/$MLINFRA_ENVIRONMENT.md"
    exit "${REVIEW_STATUS:-0}"
    ;;
  apply) test ! -e "plans/$MLINFRA_ENVIRONMENT-data" ;;
  drift) touch drift.md; test "$MLINFRA_ENVIRONMENT" = dev || echo "{}"; exit "${DRIFT_STATUS:-0}" ;;
  audit) echo "{}" > "audit-$MLINFRA_ENVIRONMENT.json" ;;
  report) touch report.html ;;
  run) exit "${RUN_STATUS:-0}" ;;
  runs)
    case "$*" in
      *" --status "*) echo "[$ACTIVE]" ;;
      *" --mine "*) echo '[{"run_id": "20261130-101500-7f3a"}]' ;;
      *" --json") echo '{"run_id": "20261130-101500-7f3a"}' ;;
      *" --markdown") echo "The record of the run." ;;
    esac
    ;;
  clusters) exit "${STOP_STATUS:-0}" ;;
esac
"""
PIPELINE = [
    ".gitlab-ci.yml",
    "ci/assume_role.py",
    "ci/end_training.sh",
    "ci/gitlab/comment.py",
    *(f"ci/gitlab/{name}.gitlab-ci.yml" for name in ("mlinfra", "templates", "train")),
]
IGNORED = (
    ".venv\nnode_modules\nplans/\n/review.md\n/drift.md\n/drift-*.json\n/audit-*.json\n/report.html\n"
    ".gitlab-ci-local/\n/tools/\n/record\n"
    ".trusted/\ntrusted.tar.gz\nsynthesized/\n/run.json\n/run.md\n"
)


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
                for use in ("plan", "drift", "apply", "train")
            },
            **variables,
        }
        return run_pipeline(self.folder, given, *options, seconds=180)

    @property
    def record(self) -> list[str]:
        """The recorded calls, in their order."""
        path = self.folder / "record"
        return [re.sub(" +", " ", each).strip() for each in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def project(tmp_path: Path, mlinfra_local_aws: LocalAws) -> Project:
    (tmp_path / "ci" / "gitlab").mkdir(parents=True)
    for name in PIPELINE:
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
    return Project(tmp_path, mlinfra_local_aws)


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
    assert sorted(record[:4]) == ["check", "policy", "setup", "setup-python"]
    base = git(project.folder, "rev-parse", "HEAD")
    assert record[4] == f"synth dev-* staging-* prod-* --changed-since {base} --out synthesized | with the token"
    for name in ENVIRONMENTS:
        planned = record.index(
            f"plan {name}-* --synthesized synthesized --no-lock --store plans/stored/{name}.json | credentials of "
            f"recsys-{name}-ci-plan"
        )
        # Without credentials: the review needs none.
        reviewed = record.index(f"review plans/{name}-data/ --format markdown --out plans/stored/{name}.md |")
        assert 4 < planned < reviewed < 11
    assert record[11:] == [
        f"apply --stored plans/stored/{name}.json | credentials of recsys-{name}-ci-apply" for name in ENVIRONMENTS
    ]


def test_artifacts_of_a_plan_contain_digests_and_reports_only(project: Project) -> None:
    assert project.run().returncode == 0
    artifacts = project.folder / ".gitlab-ci-local" / "artifacts"
    kept = {path.relative_to(artifacts).as_posix() for path in artifacts.rglob("*") if path.is_file()}
    assert {each for each in kept if each.startswith("plan-dev/")} == {
        f"plan-dev/plans/stored/dev.{name}" for name in ("json", "md", "exit-code")
    }
    assert (artifacts / "review" / "review.md").read_text() == "".join(
        f"A report of {name}.\n" for name in sorted(ENVIRONMENTS)
    )


def test_a_held_finding_ends_the_review_and_nothing_is_applied(project: Project) -> None:
    ended = project.run("--manual", "apply-dev", REVIEW_STATUS="3")
    assert ended.returncode != 0
    assert "A finding requires an approval." in ended.stdout
    assert not [each for each in project.record if each.startswith("apply")]


def test_a_failed_review_ends_the_plan(project: Project) -> None:
    assert project.run(REVIEW_STATUS="1").returncode != 0
    assert not (project.folder / ".gitlab-ci-local" / "artifacts" / "review").exists()


def test_no_apply_starts_automatically(project: Project) -> None:
    assert project.run().returncode == 0
    assert not [each for each in project.record if each.startswith("apply")]
    assert [each for each in project.record if each.startswith("review")]


def test_a_schedule_detects_drift_and_audits_with_the_role_that_stores_the_baselines(project: Project) -> None:
    ended = project.run(CI_PIPELINE_SOURCE="schedule")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert project.record[0] == "setup"
    assert sorted(each for each in project.record[1:] if " | credentials" in each) == sorted(
        f"{command} | credentials of recsys-{name}-ci-drift"
        for name in ENVIRONMENTS
        for command in (
            f"drift --env {name} --who --remember --out drift.md --json",
            f"audit --remember {name} --out audit-{name}.json",
        )
    )


@pytest.mark.parametrize("status", ["0", "2"])
def test_a_schedule_writes_the_report_without_credentials_also_after_drift(project: Project, status: str) -> None:
    ended = project.run(CI_PIPELINE_SOURCE="schedule", DRIFT_STATUS=status)
    assert (ended.returncode == 0) == (status == "0"), ended.stdout + ended.stderr
    # The check of dev wrote no result.
    drift = "--drift drift-prod.json --drift drift-staging.json"
    audits = "--audit audit-dev.json --audit audit-prod.json --audit audit-staging.json"
    assert project.record[-1] == f"report --no-aws {drift} {audits} | with the token"
    assert (project.folder / ".gitlab-ci-local" / "artifacts" / "report" / "report.html").is_file()


@pytest.fixture
def api() -> Iterator[str]:
    with serving_notes() as address:
        yield address


def merge_request(project: Project, api: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A pipeline of a merge request from a branch that changes the programs which use tokens, and mlinfra itself."""
    base = git(project.folder, "rev-parse", "HEAD")
    git(project.folder, "checkout", "--quiet", "-b", "feature")
    for name in ("ci/assume_role.py", "ci/gitlab/comment.py"):
        (project.folder / name).write_text('import os\nos.system("echo changed program >> $RECORD")\n')
    program = project.folder / "mlinfra.sh"
    program.write_text(program.read_text().replace('"$* |', '"changed $* |'))
    hidden = project.folder / ".trusted" / ".venv" / "bin" / "python3"
    hidden.parent.mkdir(parents=True)
    hidden.write_text("#!/bin/sh\necho changed program >> $RECORD\n")
    git(project.folder, "add", "--force", ".trusted")
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
    assert len([each for each in project.record if each.startswith("review ")]) == 3
    changed = [each for each in project.record if each.startswith("changed ")]
    assert [each.split()[1] for each in changed] == ["synth"]
    assert "credentials" not in changed[0]
    assert not [each for each in project.record if each.startswith("apply")]
    assert not [each for each in project.record if "with the token" in each and each not in changed]
    (body,) = (each["body"].partition("\n")[2] for each in Notes.notes)
    assert body.splitlines() == [f"A report of {name}." for name in sorted(ENVIRONMENTS)]


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


RUN_ID = "20261130-101500-7f3a"
BY_TRAIN = "credentials of recsys-dev-ci-train"


def training(project: Project, api: str, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return project.run(
        *options,
        MLINFRA_EXPERIMENT="two-tower-v2",
        MLINFRA_COMMAND="python3 -m training --steps *",
        MLINFRA_RUN_OPTIONS="--retries 2",
        MLINFRA_MODEL="two-tower",
        MLINFRA_GITLAB_TOKEN="of-the-project",  # noqa: S106  a token of this test
        MLINFRA_END_SECONDS="1",
        MLINFRA_END_PAUSE="1",
        CI_API_V4_URL=api,
        CI_PROJECT_ID="7",
        **variables,
    )


def of_tag(project: Project, api: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The pipeline of a protected tag. gitlab-ci-local reads the tag of the working copy."""
    git(project.folder, "tag", "v1.0")
    git(project.folder, "checkout", "--quiet", "v1.0")
    return training(
        project, api, CI_COMMIT_TAG="v1.0", CI_COMMIT_BRANCH="", CI_COMMIT_REF_PROTECTED="true", **variables
    )


ENDED = [
    *(
        f"runs list --env dev --experiment two-tower-v2 --mine {selected} --json | {BY_TRAIN}"
        for selected in ("--status waiting --status running --status retrying", "--limit 1")
    ),
    f"clusters stop dev two-tower-v2 | {BY_TRAIN}",
    *(f"runs show {RUN_ID} --env dev --{form} | {BY_TRAIN}" for form in ("json", "markdown")),
]
"""The calls after the run, which has ended."""
STARTED = f"run two-tower-v2 --env dev --wait 30m --keep 0 --retries 2 -- python3 -m training --steps * | {BY_TRAIN}"


def test_a_protected_tag_is_trained_published_and_registered_and_its_cluster_stopped(
    project: Project, api: str
) -> None:
    ended = of_tag(project, api)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert project.record == ["setup", STARTED, *ENDED, f"models register dev two-tower {RUN_ID} | {BY_TRAIN}"]
    (comment,) = Notes.notes
    assert comment["note"] == "The record of the run.\n"


def test_a_failed_run_is_published_and_not_registered_and_its_cluster_stopped(project: Project, api: str) -> None:
    assert of_tag(project, api, RUN_STATUS="7").returncode != 0
    assert project.record == ["setup", STARTED, *ENDED]
    assert [each["note"] for each in Notes.notes] == ["The record of the run.\n"]


def test_a_run_that_has_not_ended_is_cancelled_before_its_cluster_is_stopped(project: Project, api: str) -> None:
    of_tag(project, api, RUN_STATUS="1", ACTIVE=f'{{"run_id": "{RUN_ID}"}}')
    assert project.record[2:5] == [ENDED[0], f"runs cancel {RUN_ID} --env dev | {BY_TRAIN}", ENDED[1]]


def test_a_cluster_in_use_is_left_to_the_shutdown_functions(project: Project, api: str) -> None:
    ended = of_tag(project, api, STOP_STATUS="1")
    assert "The shutdown functions stop it once it is idle." in ended.stdout
    assert project.record[-1].startswith("models register")


def test_a_tag_of_a_commit_outside_of_the_default_branch_starts_nothing(project: Project, api: str) -> None:
    git(project.folder, "checkout", "--quiet", "-b", "feature")
    git(project.folder, "commit", "--quiet", "--allow-empty", "--message=two")
    ended = of_tag(project, api)
    assert ended.returncode != 0
    assert "is not on the branch main, so it has not been reviewed. Nothing was started." in ended.stdout
    assert STARTED not in project.record


def test_on_the_default_branch_training_starts_by_hand_after_the_apply(project: Project, api: str) -> None:
    ended = training(project, api, "--manual", "apply-dev", "--manual", "train-dev")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    applied = f"apply --stored plans/stored/dev.json | {BY_TRAIN.replace('train', 'apply')}"
    assert project.record.index(applied) < project.record.index(STARTED)


def test_without_an_experiment_a_tag_has_no_pipeline_and_the_branch_no_training(project: Project, api: str) -> None:
    del api
    assert project.run("--manual", "apply-dev", "--manual", "train-dev").returncode == 0
    assert not [each for each in project.record if each.startswith(("run", "clusters", "models"))]
