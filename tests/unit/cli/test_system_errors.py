"""Errors of the user's machine, with the real commands: one sentence, never a traceback."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlinfra.cli.system_errors import system_error_message
from mlinfra.operations import terraform
from tests.conftest import ROOT
from tests.programs import MLINFRA, mlinfra

NODE_IS_MISSING = "Node.js 20 or newer is required, and 'node' is not on the PATH. Install it: https://nodejs.org"

pytestmark = pytest.mark.usefixtures("own_folders")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder for the PATH, with a Terraform that reports its version, and git."""
    folder = tmp_path / "tools"
    folder.mkdir()
    terraform = folder / "terraform"
    terraform.write_text('#!/bin/sh\necho \'{"terraform_version": "1.11.4"}\'\n')
    terraform.chmod(0o755)
    git = shutil.which("git")
    assert git
    (folder / "git").symlink_to(git)
    return folder


def failure(*arguments: str, **variables: str) -> str:
    ended = mlinfra(*arguments, **variables)
    assert ended.returncode == 1
    return ended.stderr


def failure_of_process(*command: str | Path, stdout: int = subprocess.PIPE, **variables: str) -> str:
    environment = {**os.environ, **variables}
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
    )
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stderr


@pytest.mark.parametrize("command", [("plan", "dev-*"), ("bootstrap", "dev")])
def test_a_command_without_node(command: tuple[str, ...], tools: Path) -> None:
    assert f"✗ {NODE_IS_MISSING}" in failure(*command, PATH=str(tools))


def test_main_py_without_node(tools: Path) -> None:
    assert failure_of_process(sys.executable, "main.py", PATH=str(tools)).startswith(NODE_IS_MISSING)


def test_a_plan_without_git(tools: Path) -> None:
    (tools / "git").unlink()
    text = failure("plan", "dev-*", "--changed-since", "main", PATH=str(tools))
    assert text == "✗ git is required, and it is not on the PATH. Install it: https://git-scm.com/downloads\n"


def test_a_file_in_place_of_the_plans_folder(tmp_path: Path) -> None:
    plans = tmp_path / "plans"
    plans.touch()
    assert failure("plan", "dev-*", "--out", str(plans)) == (
        f"✗ Plans cannot be saved in {plans}: {plans} is a file. Move it away, or choose another folder with --out.\n"
    )


def test_a_file_in_place_of_the_state_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    text = failure("local", "status", XDG_STATE_HOME=str(tmp_path / "file"))
    assert text.startswith(f"✗ mlinfra cannot use its state folder {tmp_path / 'file' / 'mlinfra'} (")
    assert text.endswith("Make it writable, or set XDG_STATE_HOME to a folder that is writable.\n")


def test_a_state_folder_that_cannot_be_created() -> None:
    text = failure("local", "up", XDG_STATE_HOME="/proc/none")
    assert text.startswith("✗ mlinfra cannot use its ")
    assert "set XDG_STATE_HOME to a folder that is writable" in text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk() -> None:
    with Path("/dev/full").open("w") as full:
        text = failure_of_process(MLINFRA, "catalog", "--gpu", "H100", stdout=full.fileno())
    assert text.startswith("✗ The disk is full (No space left on device). Free space on the file system of ")


def test_a_home_that_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        message = "Could not determine home directory."
        raise RuntimeError(message)

    monkeypatch.setattr(terraform, "project_root", fail)
    assert failure("bootstrap", "dev") == (
        "✗ The home folder of the current user is unknown. Set HOME to a folder that is writable.\n"
    )


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "/data/plans/dev-data/tfplan"),
            (
                "The disk is full (/data/plans/dev-data/tfplan: No space left on device). Free space on the file "
                "system of /data/plans/dev-data, and run the command again."
            ),
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "/data/approvals"),
            (
                "Access was denied (/data/approvals: Permission denied). Change the permissions of the file or "
                "folder, and run it again."
            ),
        ),
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", "terraform"),
            "The program 'terraform' is required, and it is not on the PATH. Install it, and run it again.",
        ),
        (
            IsADirectoryError(errno.EISDIR, "Is a directory", "/data/report.md"),
            "/data/report.md is a folder, and a file is required there. Move it away, and run the command again.",
        ),
        (
            OSError(errno.EIO, "Input/output error"),
            "The operating system reported an error (Input/output error). Correct it, and run the command again.",
        ),
    ],
    ids=["full disk", "no permission", "missing program", "folder in place of a file", "other"],
)
def test_each_error_is_one_sentence_with_a_remedy(error: OSError, sentence: str) -> None:
    assert system_error_message(error) == sentence
