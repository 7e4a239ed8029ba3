"""The pipelines of GitLab and GitHub: valid, without keys, and applying by hand, in order and one at a time."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import typer
import yaml

from mlinfra.cli.main import app
from tests.conftest import ROOT
from tests.programs import actionlint, check_gitlab_pipeline, check_jsonschema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GITLAB = ROOT / "ci" / "gitlab" / "mlinfra.gitlab-ci.yml"
TEMPLATES = ROOT / "ci" / "gitlab" / "templates.gitlab-ci.yml"
TRAIN = ROOT / "ci" / "gitlab" / "train.gitlab-ci.yml"
INCLUDED = [TEMPLATES, TRAIN]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SCRIPTS = [ROOT / "ci" / "github" / "comment.sh", ROOT / "ci" / "end_training.sh", ROOT / "ci" / "install.sh"]
ENVIRONMENTS = ["dev", "staging", "prod"]


class _WithReferences(yaml.SafeLoader):
    """YAML with GitLab's `!reference`."""


_WithReferences.add_constructor("!reference", lambda loader, node: loader.construct_sequence(node))


def gitlab() -> dict[str, Any]:
    """The pipeline with the files that it includes, whose global variables are joined."""
    pipeline: dict[str, Any] = {}
    variables: dict[str, Any] = {}
    for path in (*INCLUDED, GITLAB):
        parsed = yaml.load(path.read_text(), Loader=_WithReferences)  # noqa: S506  a safe one
        variables |= parsed.get("variables", {})
        assert not {name for name in parsed if name in pipeline and name != "variables"}
        pipeline |= parsed
    return pipeline | {"variables": variables}


def github(name: str) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text())
    return parsed


def needed(job: dict[str, Any]) -> list[str]:
    needs = [job["needs"]] if isinstance(job["needs"], str) else job["needs"]
    return [each["job"] if isinstance(each, dict) else each for each in needs]


def test_the_gitlab_pipeline_conforms_to_its_schema() -> None:
    ended = check_gitlab_pipeline(ROOT / ".gitlab-ci.yml", GITLAB, *INCLUDED)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_github_workflows_conform_to_their_schema() -> None:
    ended = check_jsonschema("--builtin-schema", "vendor.github-workflows", *WORKFLOWS)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_findings_of_a_schema_are_printed(tmp_path: Path) -> None:
    (tmp_path / "wrong.yml").write_text("one: {script: [true], stag: test}\n")
    ended = check_gitlab_pipeline(tmp_path / "wrong.yml")
    assert ended.returncode == 1
    assert "wrong.yml" in ended.stdout + ended.stderr


def test_actionlint_has_no_finding_in_the_github_workflows(tmp_path: Path) -> None:
    """An invalid workflow beside them shows that findings are printed, and end it with an exit code."""
    folder = tmp_path / ".github" / "workflows"
    shutil.copytree(ROOT / ".github" / "workflows", folder)
    (folder / "wrong.yml").write_text(
        "on: push\njobs:\n  one:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: echo ${{ gihub.sha }}\n"
    )
    ended = actionlint(tmp_path)
    assert ended.returncode == 1
    assert f"Checking {len(WORKFLOWS) + 1} workflow file(s)" in ended.stdout
    findings = re.findall(r"^.*\.ya?ml:\d+:\d+.*$", ended.stdout, re.MULTILINE)
    assert len(findings) == 1, ended.stdout
    assert "wrong.yml:6:" in findings[0]
    assert "gihub" in findings[0]


def test_actions_are_pinned_to_commits_with_their_versions() -> None:
    used = [
        line.strip().removeprefix("- ").removeprefix("uses: ")
        for path in WORKFLOWS
        for line in path.read_text().splitlines()
        if "uses: " in line and "uses: ./" not in line
    ]
    assert used
    assert [
        each for each in used if not re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+", each)
    ] == []
    # One commit for each action, whose version is compared in one place.
    assert len({each.partition("@")[0] for each in used}) == len(set(used)) == 6


def steps_with_a_token() -> Iterator[tuple[str, list[str]]]:
    """The commands of each shell that can obtain a token for AWS, as far as it runs more than tar and reports."""
    pipeline = gitlab()
    for name, job in pipeline.items():
        for part in ("script", "after_script"):
            if isinstance(job, dict) and "id_tokens" in job and part in job:
                commands = [each if isinstance(each, list) else [each] for each in job[part]]
                yield (
                    name,
                    [
                        line
                        for each in commands
                        for line in (pipeline[".credentials"]["script"] if each == [".credentials", "script"] else each)
                    ],
                )
    for path in WORKFLOWS:
        for name, job in github(path.name)["jobs"].items():
            if job.get("permissions", {}).get("id-token") == "write" and "steps" in job:
                scripts = [step.get("run", "") for step in job["steps"]]
                # A review runs without credentials, and the rest runs nothing of mlinfra.
                for script in scripts:
                    if re.search(r"mlinfra (?!review)|end_training", script):
                        yield path.name + name, script.splitlines()


def test_a_job_with_a_token_installs_nothing_and_exchanges_it_first() -> None:
    seen = 0
    for name, commands in steps_with_a_token():
        text = "\n".join(commands)
        assert not re.search(r"\bmake\b|\bpip\b|\bnpm\b|\bcurl\b", text), name
        (exchange,) = (n for n, line in enumerate(commands) if 'CREDENTIALS="$(python3 -I' in line)
        assert [line for line in commands[:exchange] if "mlinfra " in line or ".venv/bin/" in line] == [], name
        if "plan" in name:
            assert [line for line in commands if ".venv/bin/" in line and ".trusted/.venv/bin/" not in line] == [], name
        assert not re.search(r"(?<![./\w])mlinfra (plan|apply|drift|audit|review|runs?|models) ", text), name
        assert commands[exchange + 1].strip() == 'eval "$CREDENTIALS"', name
        seen += 1
    assert seen == 13


def test_a_job_exchanges_its_token_with_a_program_of_the_default_branch() -> None:
    """Not with one of the target branch: the author of a merge request can choose another branch of theirs."""
    program = 'PROGRAM="$(git cat-file blob "$TRUSTED:ci/assume_role.py")"'
    exchange = 'CREDENTIALS="$(python3 -I -c "$PROGRAM" "$MLINFRA_ROLE"'
    commands = gitlab()[".credentials"]["script"][:3]
    assert commands[:2] == ['TRUSTED="refs/remotes/origin/$CI_DEFAULT_BRANCH"', program]
    assert commands[2].startswith(exchange)
    (plan,) = github("mlinfra-plan.yml")["jobs"].values()
    (step,) = (each for each in plan["steps"] if "assume_role" in each.get("run", ""))
    assert f"{program}\n{exchange}" in step["run"]
    assert step["env"]["TRUSTED"] == "refs/remotes/origin/${{ github.event.repository.default_branch }}"


def test_no_checkout_leaves_the_token_of_github_in_the_working_copy() -> None:
    for path in WORKFLOWS:
        for job in github(path.name)["jobs"].values():
            for step in job.get("steps", []):
                if step.get("uses", "").startswith("actions/checkout"):
                    assert step["with"]["persist-credentials"] is False, path.name


@pytest.mark.parametrize("job", ["plan", "apply"])
def test_jobs_that_compare_authors_have_the_whole_history(job: str) -> None:
    (checkout,) = (
        each["with"]
        for each in github(f"mlinfra-{job}.yml")["jobs"][job]["steps"]
        if each.get("uses", "").startswith("actions/checkout")
    )
    assert checkout["fetch-depth"] == 0
    assert gitlab()["variables"]["GIT_DEPTH"] == "0"


def test_the_jobs_that_train_assume_the_role_of_training() -> None:
    pipeline = gitlab()
    for name in ("train-dev", "register-dev"):
        assert pipeline[name]["variables"] == {"MLINFRA_ENVIRONMENT": "dev", "MLINFRA_ROLE": "$DEV_TRAIN_ROLE"}
    (train,) = github("mlinfra-train.yml")["jobs"].values()
    roles = [step["env"]["MLINFRA_ROLE"] for step in train["steps"] if "MLINFRA_ROLE" in step.get("env", {})]
    assert roles == ["${{ vars[format('{0}_TRAIN_ROLE', inputs.environment)] }}"] * 3


def test_training_starts_by_hand_on_the_default_branch_or_for_a_protected_tag() -> None:
    pipeline = gitlab()
    _, off, tag, branch = pipeline[".train"]["rules"]
    assert off == {"if": '$CI_PIPELINE_SOURCE == "schedule" || $MLINFRA_EXPERIMENT == ""', "when": "never"}
    assert tag == {"if": "$CI_COMMIT_TAG"}
    assert branch == {"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH", "when": "manual", "allow_failure": False}
    assert {"if": '$CI_COMMIT_TAG && $CI_COMMIT_REF_PROTECTED == "true" && $MLINFRA_EXPERIMENT'} in pipeline[
        "workflow"
    ]["rules"]
    # YAML reads the key `on` as true.
    assert set(yaml.safe_load((ROOT / ".github" / "workflows" / "train.yml").read_text())[True]) == {
        "push",
        "workflow_dispatch",
    }


def test_training_waits_for_the_apply_of_its_environment() -> None:
    assert {"job": "apply-dev", "artifacts": False, "optional": True} in gitlab()["train-dev"]["needs"]


def test_the_cluster_is_stopped_after_failure_and_cancellation() -> None:
    job = gitlab()[".train"]
    assert job["after_script"][-1] == 'ci/end_training.sh "$MLINFRA_ENVIRONMENT" "$MLINFRA_EXPERIMENT"'
    # Source: GitLab docs, "Set script and after_script timeouts", read 2026-11-29: the sum must not exceed the timeout.
    assert (job["timeout"], job["variables"]["RUNNER_SCRIPT_TIMEOUT"]) == ("6h", "5h 45m")
    assert job["variables"]["RUNNER_AFTER_SCRIPT_TIMEOUT"] == "10m"
    (train,) = github("mlinfra-train.yml")["jobs"].values()
    (end,) = (step for step in train["steps"] if "end_training" in step.get("run", ""))
    assert end["if"] == "always()"


@pytest.mark.parametrize("use", ["plan", "drift", "apply"])
def test_each_job_assumes_the_role_of_its_use(use: str) -> None:
    pipeline = gitlab()
    for name in ENVIRONMENTS:
        variables = pipeline[f"{use}-{name}"]["variables"]
        assert variables == {"MLINFRA_ENVIRONMENT": name, "MLINFRA_ROLE": f"${name.upper()}_{use.upper()}_ROLE"}
    file = "infrastructure.yml" if use == "drift" else f"mlinfra-{use}.yml"
    (role,) = (
        step["env"]["MLINFRA_ROLE"]
        for step in github(file)["jobs"][use]["steps"]
        if "MLINFRA_ROLE" in step.get("env", {})
    )
    assert f"{{0}}_{use.upper()}_ROLE" in role


@pytest.mark.parametrize("path", [GITLAB, *INCLUDED, *WORKFLOWS, *SCRIPTS], ids=lambda path: path.name)
def test_no_aws_access_key_is_used(path: Any) -> None:
    text = re.sub(r"- unset AWS_.*", "", path.read_text())
    assert not re.search(r"AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY)|aws-access-key-id", text)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_gitlab_applies_by_hand_on_the_default_branch_one_at_a_time(name: str) -> None:
    pipeline = gitlab()
    job, template = pipeline[f"apply-{name}"], pipeline[".apply"]
    assert job["extends"] == ".apply"
    assert job["resource_group"] == job["environment"]["name"] == job["variables"]["MLINFRA_ENVIRONMENT"] == name
    assert "rules" not in job
    pinned, schedule, branch = template["rules"]
    assert pinned == {"if": "$MLINFRA_IMAGE !~ /@sha256:[0-9a-f]{64}$/", "when": "never"}
    assert schedule["when"] == "never"
    assert branch == {"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH", "when": "manual", "allow_failure": False}
    assert template["interruptible"] is False


def test_both_promote_from_dev_to_staging_to_prod_after_the_review() -> None:
    for jobs in (gitlab(), github("infrastructure.yml")["jobs"]):
        for before, after in itertools.pairwise(ENVIRONMENTS):
            assert f"apply-{before}" in needed(jobs[f"apply-{after}"])
        assert all("review" in needed(jobs[f"apply-{each}"]) for each in ENVIRONMENTS)


def test_the_digests_of_the_reviewed_plans_are_those_that_gitlab_applies() -> None:
    pipeline = gitlab()
    for name in ENVIRONMENTS:
        needs = pipeline[f"apply-{name}"]["needs"]
        # The report would be an uncommitted file, and `apply` refuses those.
        kept = [each for each in needs if isinstance(each, str) or each.get("artifacts", True)]
        assert kept == ["set-up", {"job": f"plan-{name}"}]
        assert f"plan-{name}" in pipeline["review"]["needs"]
        assert pipeline[f"plan-{name}"]["needs"] == ["set-up-trusted", "synthesize"]
    assert pipeline[".plan"]["artifacts"]["paths"] == ["plans/stored/"]


def test_a_plan_job_has_nothing_installed_by_the_change() -> None:
    (plan,) = github("mlinfra-plan.yml")["jobs"].values()
    downloads = [each["with"]["name"] for each in plan["steps"] if "download-artifact" in each.get("uses", "")]
    assert downloads == ["trusted", "synthesized"]
    jobs = github("infrastructure.yml")["jobs"]
    for name in ("set-up-trusted", "review"):
        (checkout,) = (each["with"] for each in jobs[name]["steps"] if "actions/checkout" in each.get("uses", ""))
        assert checkout["ref"] == "${{ github.event.repository.default_branch }}"
    assert "id-token" not in jobs["synthesize"].get("permissions", {})
    pipeline = gitlab()
    assert "id_tokens" not in pipeline["synthesize"]
    assert any("git archive" in line and "$CI_DEFAULT_BRANCH" in line for line in pipeline["set-up-trusted"]["script"])


def test_only_the_comment_has_the_token_of_github() -> None:
    with_token = [
        step["run"]
        for path in WORKFLOWS
        for job in github(path.name)["jobs"].values()
        for step in job.get("steps", [])
        if "GH_TOKEN" in step.get("env", {})
    ]
    assert with_token == ["ci/github/comment.sh review.md"]


def test_github_applies_on_main_in_an_environment_with_reviewers_one_at_a_time() -> None:
    jobs = github("infrastructure.yml")["jobs"]
    for name in ENVIRONMENTS:
        assert jobs[f"apply-{name}"]["if"] == "github.event_name == 'push' && github.ref == 'refs/heads/main'"
        assert jobs[f"apply-{name}"]["with"] == {"environment": name}
    (apply,) = github("mlinfra-apply.yml")["jobs"].values()
    assert apply["environment"] == "${{ inputs.environment }}"
    assert apply["concurrency"] == {"group": "apply-${{ inputs.environment }}", "cancel-in-progress": False}


def test_a_job_that_plans_has_no_environment_of_github_so_that_its_subject_is_that_of_a_branch() -> None:
    (plan,) = github("mlinfra-plan.yml")["jobs"].values()
    assert "environment" not in plan


def test_artifacts_of_gitlab_are_private_and_expire_after_a_day() -> None:
    pipeline = gitlab()
    assert pipeline[".private-for-a-day"]["artifacts"] == {
        "when": "always",
        "expire_in": "1 day",
        "access": "developer",
    }
    for name, job in pipeline.items():
        if isinstance(job, dict) and "paths" in job.get("artifacts", {}):
            assert ".private-for-a-day" in job["extends"], name
            assert set(job["artifacts"]) <= {"paths", "exclude", "when"}, name


def test_artifacts_of_github_expire_after_a_day() -> None:
    kept = 0
    for path in WORKFLOWS:
        for job in github(path.name)["jobs"].values():
            for step in job.get("steps", []):
                if step.get("uses", "").startswith("actions/upload-artifact"):
                    kept += 1
                    assert step["with"]["retention-days"] == 1
    assert kept == 10


def test_the_log_and_the_state_of_a_failed_apply_are_kept_and_not_its_plan() -> None:
    paths = ["plans/*/apply.log*", "plans/*/stack/"]
    assert gitlab()[".apply"]["artifacts"] == {
        "when": "on_failure",
        "paths": paths,
        "exclude": ["plans/*/stack/.terraform/**/*"],
    }
    (apply,) = github("mlinfra-apply.yml")["jobs"].values()
    assert apply["steps"][-1]["if"] == "failure()"
    assert apply["steps"][-1]["with"]["path"].splitlines() == [*paths, "!plans/*/stack/.terraform/**"]


def test_no_artifact_contains_a_plan() -> None:
    pipeline = gitlab()
    kept = [
        path for job in pipeline.values() if isinstance(job, dict) for path in job.get("artifacts", {}).get("paths", [])
    ]
    for workflow in WORKFLOWS:
        for job in github(workflow.name)["jobs"].values():
            for step in job.get("steps", []):
                if "upload-artifact" in step.get("uses", ""):
                    kept += step["with"]["path"].splitlines()
    assert {path for path in kept if "plans" in path} == {
        "plans/stored/",
        "plans/*/apply.log*",
        "plans/*/stack/",
        "!plans/*/stack/.terraform/**",
    }


def test_artifacts_include_the_hidden_lock_file_of_the_provider() -> None:
    jobs = github("infrastructure.yml")["jobs"]
    assert jobs["synthesize"]["steps"][-1]["with"]["include-hidden-files"] is True


def base_of(script: str, folder: Path, base: str) -> str:
    """The commit that a pipeline compares with, in a repository of two commits."""
    commands = "git init -q . && git -c user.name=a -c user.email=b commit -q --allow-empty -m one"
    subprocess.run(["/bin/sh", "-c", commands], cwd=folder, check=True)
    (line,) = (each.strip().removeprefix("- ") for each in script.splitlines() if "merge-base" in each)
    command = f'set -e; BASE={base}; {line}; echo "$BASE"'
    ended = subprocess.run(["/bin/bash", "-c", command], cwd=folder, capture_output=True, text=True, check=True)
    assert ended.stderr == ""
    return ended.stdout.strip()


@pytest.mark.parametrize(
    "path", [TEMPLATES, ROOT / ".github" / "workflows" / "infrastructure.yml"], ids=lambda p: p.name
)
def test_a_first_push_plans_all_stacks(path: Path, tmp_path: Path) -> None:
    assert base_of(path.read_text(), tmp_path, "0" * 40) == "0" * 40


def test_workflows_have_read_permission_only_unless_declared() -> None:
    workflow = github("infrastructure.yml")
    assert workflow["permissions"] == {"contents": "read"}
    allowed = {name: job.get("permissions", {}) for name, job in workflow["jobs"].items()}
    assert allowed["review"] == {"contents": "read", "pull-requests": "write"}
    assert "id-token" not in allowed["validate"]
    assert not [name for name, each in allowed.items() if each.get("contents", "read") != "read"]


def test_plans_do_not_lock_the_state() -> None:
    for path in (TEMPLATES, ROOT / ".github" / "workflows" / "mlinfra-plan.yml"):
        (line,) = (each for each in path.read_text().splitlines() if "mlinfra plan " in each)
        assert "--no-lock" in line


@pytest.mark.parametrize("path", [GITLAB, *INCLUDED, *WORKFLOWS, *SCRIPTS], ids=lambda path: path.name)
def test_every_command_exists(path: Any) -> None:
    """As far as this version of mlinfra has the command."""
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for line in path.read_text().splitlines():
        if re.match(r"\s*(#|name:)", line):
            continue
        for name, rest in re.findall(r"\bmlinfra (synth|plan|review|apply|drift|audit|run)\b([^|#]*)", line):
            if name not in known:
                continue
            options = {option for parameter in known[name].params for option in parameter.opts}
            assert set(re.findall(r"(?<!\S)--[a-z-]+", rest.partition("git merge-base")[0])) <= options, line


def test_scripts_pass_shellcheck() -> None:
    ended = subprocess.run(
        [ROOT / ".venv" / "bin" / "shellcheck", *SCRIPTS], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout
