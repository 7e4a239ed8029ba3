"""Templates of `mlinfra init` that are copies, and the files that the example shares with its project, are current."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from ci import scaffold
from mlinfra.operations.scaffold import PipelineService, Settings, project_files, write_project
from tests import programs
from tests.ci.gitlab_ci_local import git
from tests.conftest import ROOT, TODAY

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("path", "text"), [pytest.param(*each, id=each[0].name) for each in scaffold.copies()])
def test_a_copied_template_equals_the_file_of_this_repository(path: Path, text: str) -> None:
    assert path.read_text(encoding="utf-8") == text, "run `python -m ci.scaffold`"


@pytest.mark.parametrize("file", [pytest.param(each, id=each.path) for each in scaffold.shared_files()])
def test_the_example_is_the_project_that_init_writes(file: scaffold.ProjectFile) -> None:
    path = scaffold.EXAMPLE / file.path
    assert path.read_text(encoding="utf-8") == file.text, "run `python -m ci.scaffold`"
    assert os.access(path, os.X_OK) is file.is_executable


def test_every_other_file_of_the_example_is_its_own() -> None:
    listed = git(scaffold.EXAMPLE, "ls-files")
    shared = {each.path for each in scaffold.shared_files()}
    assert [path for path in listed.split() if path not in shared and not path.startswith(scaffold.OWN)] == []


def project(folder: Path, service: PipelineService) -> Path:
    settings = Settings(project="ranker", owner="ana@example.com", today=TODAY, services=(service,))
    write_project(project_files(settings), folder)
    return folder


def test_the_commands_in_the_readme_of_a_project_exist() -> None:
    settings = Settings(project="ranker", owner="ana@example.com", today=TODAY)
    (readme,) = [each.text for each in project_files(settings) if each.path == "README.md"]
    named = set(re.findall(r"(?:`|^)mlinfra ([a-z]+)", readme, re.MULTILINE))
    assert {"doctor", "up", "run", "destroy"} <= named
    for name in named:
        assert programs.mlinfra(name, "--help").returncode == 0, name


def test_the_workflow_has_one_environment_and_no_other_job() -> None:
    workflow = scaffold.with_one_environment((ROOT / ".github" / "workflows" / "infrastructure.yml").read_text())
    assert "apply-dev:" in workflow
    assert "staging" not in workflow
    assert "prod" not in workflow.replace("production", "")
    assert "drift:" in workflow


def test_the_pipeline_of_gitlab_conforms_to_its_schema(tmp_path: Path) -> None:
    files = [project(tmp_path, "gitlab") / name for name in (".gitlab-ci.yml", "ci/gitlab/templates.gitlab-ci.yml")]
    ended = programs.check_gitlab_pipeline(*files)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_actionlint_has_no_finding_in_the_workflows(tmp_path: Path) -> None:
    ended = programs.actionlint(project(tmp_path, "github"))
    assert ended.returncode == 0, ended.stdout
    assert "Checking 6 workflow file(s)" in ended.stdout
