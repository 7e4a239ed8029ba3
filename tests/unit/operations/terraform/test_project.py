from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.terraform.project import find_project, project_root, synthesize

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose stacks depend on each other, written in no good order."""
    stacks = {
        name: {"name": name, "workingDirectory": f"stacks/{name}", "dependencies": dependencies}
        for name, dependencies in {"dev-c": ["dev-a", "dev-b"], "dev-b": ["dev-a"], "dev-a": []}.items()
    }
    (tmp_path / "cdktf.json").write_text("{}")
    (tmp_path / "main.py").write_text(
        "import os, pathlib\n"
        "assert os.environ['MLINFRA_ENV'] == 'dev'\n"
        "out = pathlib.Path(os.environ['CDKTF_OUTDIR'])\n"
        "out.mkdir()\n"
        f"(out / 'manifest.json').write_text({json.dumps({'stacks': stacks})!r})\n"
    )
    return tmp_path


def test_the_project_is_found_from_inside_it(project: Path) -> None:
    (project / "a" / "b").mkdir(parents=True)
    assert project_root(project / "a" / "b") == project


def test_outside_a_project_the_message_names_the_folder_to_use(tmp_path: Path) -> None:
    with pytest.raises(
        OperationError, match=r"There is no cdktf\.json and main\.py in .* Run this inside your mlinfra"
    ):
        project_root(tmp_path)


def test_elsewhere_the_variable_names_the_project(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("training")
    assert find_project(elsewhere) is None
    monkeypatch.setenv("MLINFRA_PROJECT_FOLDER", str(project))
    assert project_root(elsewhere) == find_project(elsewhere) == project


def test_inside_a_project_the_variable_does_not_apply(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLINFRA_PROJECT_FOLDER", str(tmp_path_factory.mktemp("other")))
    assert project_root(project) == project


def test_a_variable_that_names_no_project_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLINFRA_PROJECT_FOLDER", str(tmp_path / "platform"))
    expected = r"There is no cdktf\.json and main\.py in .*/platform, which the variable MLINFRA_PROJECT_FOLDER names\."
    for find in (project_root, find_project):
        with pytest.raises(OperationError, match=expected):
            find(tmp_path)


def test_stacks_come_after_what_they_depend_on(project: Path) -> None:
    stacks = synthesize(project, project / "out", environment="dev")
    assert [stack.name for stack in stacks] == ["dev-a", "dev-b", "dev-c"]
    assert stacks[2].directory == project / "out" / "stacks" / "dev-c"
    assert stacks[2].dependencies == ("dev-a", "dev-b")


def test_problems_of_a_declaration_are_reported(project: Path) -> None:
    (project / "main.py").write_text("import sys\nsys.exit(\"environment 'dev': 1 problem\")\n")
    with pytest.raises(OperationError) as refused:
        synthesize(project, project / "out", environment="dev")
    assert refused.value.message == "The stacks of 'dev' cannot be synthesized"
    assert refused.value.details == "environment 'dev': 1 problem"
