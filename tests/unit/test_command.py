"""Form of the command in messages."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from mlinfra.cdk_family import CDKTF, CDKTN
from mlinfra.command import cdk_command, deploy_command, own_command, terraform_command

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    command = tmp_path / ".venv" / "bin" / "mlinfra"
    command.parent.mkdir(parents=True)
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(command.with_name("python")))
    monkeypatch.setenv("PATH", "/nowhere")
    return command


def test_on_the_path_the_command_is_its_name(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(installed.parent))
    assert own_command() == "mlinfra"


def test_in_the_checkout_the_command_is_a_relative_path(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(installed.parents[2])
    assert own_command() == ".venv/bin/mlinfra"


def test_outside_the_checkout_the_command_is_an_absolute_path(
    installed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert own_command() == str(installed)


def test_stacks_are_deployed_with_up(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(installed.parent))
    assert deploy_command("dev") == "mlinfra up dev"
    assert deploy_command("dev", "dev-training") == "mlinfra up dev dev-training"


def test_the_command_of_the_library_in_use_is_shown_unless_the_project_has_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLINFRA_CDK", raising=False)
    monkeypatch.setattr("mlinfra.command.present", lambda: CDKTF)
    folder = tmp_path / "environments"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert cdk_command() == "npx cdktf"
    commands = tmp_path / "node_modules" / ".bin"
    commands.mkdir(parents=True)
    (commands / "cdktn").touch()
    assert cdk_command() == "npx cdktn"


def test_without_a_command_in_the_project_that_of_the_installed_library_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLINFRA_CDK", raising=False)
    monkeypatch.setattr("mlinfra.command.present", lambda: CDKTN)
    assert cdk_command() == "npx cdktn"


def test_an_invalid_selection_does_not_hide_the_message_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLINFRA_CDK", "cdk")
    assert cdk_command() == "npx cdktf"


def test_the_command_of_terraform_is_the_selected_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", "tofu")
    assert terraform_command() == "tofu"
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", "")
    assert terraform_command() == "terraform"
