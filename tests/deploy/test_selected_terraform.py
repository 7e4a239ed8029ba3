"""Commands with a Terraform of another name, where no program called `terraform` is on the PATH."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlinfra.operations.terraform import find_terraform
from mlinfra.testing.template import Template
from mlinfra.testing.terraform import StackTerraform, TerraformProgram
from mlinfra.variables import in_force
from tests.deploy.planned import Project
from tests.programs import mlinfra

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("selected-terraform")]

NAME = "opentofu-1.10"
PROGRAM = """#!/bin/sh
printf '%s\\n' "$1" >>'{log}'
exec '{real}' "$@"
"""


class Selected:
    """A project, and the record of the commands of Terraform since the last question."""

    def __init__(self, project: Project, log: Path) -> None:
        self.project = project
        self._log = log

    def run(self, *arguments: str) -> set[str]:
        """Run `mlinfra ARGUMENTS`, which must succeed. Returns the commands that the program received."""
        self._log.write_text("")
        ended = mlinfra(*arguments, cwd=self.project.root)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return self.used()

    def used(self) -> set[str]:
        return set(self._log.read_text().split())


@pytest.fixture(scope="module")
def selected(project: Path, deployable: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Selected]:
    programs = tmp_path_factory.mktemp("programs")
    log = programs / "log"
    (programs / NAME).write_text(PROGRAM.format(log=log, real=deployable))
    (programs / NAME).chmod(0o755)
    with in_force(
        {"TERRAFORM_BINARY_NAME": NAME, "PATH": os.pathsep.join([str(programs), *without_terraform(programs)])}
    ):
        assert shutil.which("terraform") is None
        assert find_terraform().path == programs / NAME
        yield Selected(Project(project), log)


def without_terraform(folder: Path) -> Iterator[str]:
    """The folders of the PATH. One with a program `terraform` is replaced by links to its other programs."""
    for number, each in enumerate(filter(Path.is_dir, map(Path, os.get_exec_path()))):
        if not (each / "terraform").exists():
            yield str(each)
            continue
        links = folder / str(number)
        links.mkdir()
        for program in each.iterdir():
            if program.name != "terraform":
                (links / program.name).symlink_to(program)
        yield str(links)


def test_an_environment_is_bootstrapped_planned_applied_and_checked_for_drift(selected: Selected) -> None:
    assert {"version", "init", "plan", "apply"} <= selected.run("bootstrap", "local")
    assert {"version", "init", "plan", "show"} <= selected.run("plan", "local-first")
    assert {"version", "init", "apply"} <= selected.run("apply", "plans/local-first")
    assert {"version", "init", "plan", "show"} <= selected.run("drift", "local-first")


def test_the_doctor_asks_the_selected_program_for_its_version(selected: Selected) -> None:
    assert selected.run("doctor") == {"version"}


def test_the_testing_kit_validates_with_the_selected_program(selected: Selected, tmp_path: Path) -> None:
    selected.run("synth", "local-first", "--out", str(tmp_path / "synthesized"))
    root = selected.project.root
    terraform = StackTerraform(TerraformProgram.find(root), tmp_path / "copies", root)
    terraform.validate(Template.read(tmp_path / "synthesized" / "stacks" / "local-first"))
    assert {"init", "validate"} <= selected.used()
