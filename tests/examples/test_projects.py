"""The examples that are projects are complete, valid, and their READMEs show what they print and cost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from ci.example_pictures import PICTURES, picture
from ci.examples import EXAMPLES, PROJECTS, copy_project, current_readme
from mlinfra.testing import Template
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlinfra.testing import StackTerraform

pytestmark = pytest.mark.xdist_group("synthesized")


@pytest.mark.lengthy
@pytest.mark.parametrize("project", PROJECTS)
def test_the_readme_shows_what_its_commands_print(
    project: str, stacks_of: Callable[[str], Path], tmp_path: Path
) -> None:
    readme = (EXAMPLES / project / "README.md").read_text(encoding="utf-8")
    copy = copy_project(project, tmp_path / project)
    assert readme == current_readme(project, stacks_of(project), copy), "run `python -m ci.examples`"
    assert "$ mlinfra cost " in readme


@pytest.mark.parametrize("project", PROJECTS)
def test_the_picture_shows_the_stacks(project: str, stacks_of: Callable[[str], Path]) -> None:
    drawn = (EXAMPLES / project / "picture.svg").read_text(encoding="utf-8")
    assert drawn == picture(project, stacks_of(project)), "run `python -m ci.examples`"
    assert f"![{PICTURES[project].alt}](picture.svg)" in (EXAMPLES / project / "README.md").read_text(encoding="utf-8")


@pytest.mark.deploy
@pytest.mark.parametrize(
    ("project", "stack"),
    [
        ("canary_endpoint", "dev-serving"),
        ("llm_fine_tune", "dev-training"),
        ("second_region", "prod-eu-west-1-serving"),
        ("studio", "dev-studio"),
        ("training_queue", "dev-team"),
    ],
)
def test_terraform_finds_the_stack_valid(
    project: str, stack: str, stacks_of: Callable[[str], Path], module_terraform: StackTerraform
) -> None:
    module_terraform.validate(Template.read(stacks_of(project) / stack))


@pytest.mark.parametrize("project", PROJECTS)
def test_a_project_can_be_copied_alone(project: str) -> None:
    """It has what `mlinfra` needs, and its README names nothing outside of its folder."""
    folder = EXAMPLES / project
    assert (folder / ".terraform.lock.hcl").read_text() == (ROOT / ".terraform.lock.hcl").read_text()
    assert (folder / "cdktf.json").read_text() == (EXAMPLES / "platform" / "cdktf.json").read_text()
    assert "../" not in (folder / "README.md").read_text()


@pytest.mark.parametrize("project", [*PROJECTS, "platform"])
def test_git_ignores_what_commands_write(project: str) -> None:
    """Otherwise the plans of a copy are made from uncommitted changes."""
    ignored = (EXAMPLES / project / ".gitignore").read_text().split()
    assert {"__pycache__/", "cdktf.out/", "plans/"} <= set(ignored)


@pytest.mark.parametrize("project", PROJECTS)
def test_a_readme_is_half_a_page(project: str) -> None:
    text = re.sub(r"```.*?```", "", (EXAMPLES / project / "README.md").read_text(), flags=re.DOTALL)
    assert len(text.split()) <= 320


def test_the_list_of_examples_has_every_folder_once() -> None:
    """With the cost that the README of a project shows."""
    text = (EXAMPLES / "README.md").read_text()
    for project in PROJECTS:
        (total,) = re.findall(r"^Total +(.*?)  ", (EXAMPLES / project / "README.md").read_text(), re.MULTILINE)
        assert re.search(rf"^\| \[{project}\].*\| {total} \|", text, re.MULTILINE), f"{project}: {total}"
    listed = re.findall(r"^\| \[`?(\w+)`?\]\(\1/?[\w.]*\)", text, re.MULTILINE)
    folders = sorted(path.name for path in EXAMPLES.iterdir() if any(path.glob("*.py")))
    assert sorted(listed) == folders
