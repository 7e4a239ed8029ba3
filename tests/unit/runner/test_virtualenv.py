"""Virtual environments from lock files: really built by pip, from a small wheel on the disk."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import subprocess
import zipfile
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from mlinfra.runner import Virtualenv
from mlinfra.runner.extraction import sha256_of
from mlinfra.runner.virtualenv import BuildError, build_virtualenv, virtualenv_folder, virtualenv_variables

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.lengthy, pytest.mark.xdist_group("runner-virtualenv")]


def _wheel(folder: Path) -> Path:
    """A wheel with one module."""
    info = "tiny_tower-1.0.dist-info"
    content = {
        "tiny_tower.py": "SIZE = 2\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: tiny-tower\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')},"
        f"{len(text)}\n"
        for name, text in content.items()
    )
    path = folder / "tiny_tower-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in {**content, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            wheel.writestr(name, text)
    return path


class _Node:
    """A node with code, a lock file with hashes, and a folder of wheels instead of a package index."""

    def __init__(self, folder: Path) -> None:
        self.code, self.wheels, self.folder = folder / "code", folder / "wheels", folder / "virtualenvs"
        self.code.mkdir()
        self.wheels.mkdir()
        self.said: list[str] = []
        wheel = _wheel(self.wheels)
        (self.code / "requirements.lock").write_text(f"tiny-tower==1.0 --hash=sha256:{sha256_of(wheel)}\n")

    @property
    def virtualenv(self) -> Virtualenv:
        return Virtualenv("requirements.lock", sha256_of(self.code / "requirements.lock"))

    def build(self, of: Virtualenv | None = None) -> Path:
        return build_virtualenv(
            of or self.virtualenv,
            code=self.code,
            folder=self.folder,
            variables={"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels)},
            user=None,
            say=self.said.append,
        )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> _Node:
    node = _Node(tmp_path_factory.mktemp("node"))
    interrupted = virtualenv_folder(node.virtualenv, node.folder)
    interrupted.mkdir(parents=True)
    (interrupted / "half").touch()
    node.build()
    return node


@pytest.fixture
def node(tmp_path: Path) -> _Node:
    return _Node(tmp_path)


def test_the_locked_packages_are_installed(built: _Node) -> None:
    target = virtualenv_folder(built.virtualenv, built.folder)
    variables = virtualenv_variables(target, built.virtualenv, built.code, os.defpath)
    answer = subprocess.run(
        ["/bin/sh", "-c", "python -c 'import tiny_tower; print(tiny_tower.SIZE)'"],
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == "2\n"


def test_a_second_run_uses_the_environment_of_the_first(built: _Node) -> None:
    marker = virtualenv_folder(built.virtualenv, built.folder) / "marker"
    marker.touch()
    built.build()
    assert marker.exists()
    assert built.said[-1] == "using the virtual environment of requirements.lock from the disk of the node"


def test_the_leftovers_of_an_interrupted_build_are_replaced(built: _Node) -> None:
    assert not (virtualenv_folder(built.virtualenv, built.folder) / "half").exists()


def test_a_failing_build_shows_its_last_lines_and_leaves_nothing(node: _Node) -> None:
    (node.code / "requirements.lock").write_text("tiny-tower==2.0 --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(
        BuildError, match=r"(?s)`python -m pip install .*` failed with status 1.*No matching distribution"
    ):
        node.build()
    assert [each.suffix for each in node.folder.iterdir()] == [".lock"]


def test_another_lock_file_than_the_submitted_one_is_refused(node: _Node) -> None:
    with pytest.raises(BuildError, match=r"requirements\.lock differs from the submitted one"):
        node.build(replace(node.virtualenv, sha256="0" * 64))


def test_a_missing_lock_file_is_refused(node: _Node) -> None:
    with pytest.raises(BuildError, match=r"uv\.lock is not in the code"):
        node.build(Virtualenv("uv.lock", "0" * 64))


def test_the_environment_depends_on_the_lock_file_and_on_python(tmp_path: Path) -> None:
    first = Virtualenv("requirements.lock", "ab")
    others = [replace(first, sha256="cd"), replace(first, python="3.12"), replace(first, lock="pylock.toml")]
    folders = {virtualenv_folder(each, tmp_path) for each in [first, *others]}
    assert len(folders) == 4
    assert virtualenv_folder(replace(first, lock="training/requirements.lock"), tmp_path) in folders


def test_uv_builds_from_its_lock_files(node: _Node, tmp_path: Path) -> None:
    # Stands for uv: records its arguments and the environment that it is to write.
    tool = node.folder / "uv" / "bin"
    tool.mkdir(parents=True)
    (tool / "uv").write_text(f'#!/bin/sh\necho "$UV_PROJECT_ENVIRONMENT $*" >>{tmp_path}/calls\n')
    (tool / "uv").chmod(0o755)
    (node.code / "uv.lock").write_text("version = 1\n")
    of = Virtualenv("uv.lock", sha256_of(node.code / "uv.lock"), python="3.12")
    target = node.build(of)
    assert (tmp_path / "calls").read_text().splitlines() == [
        f" --no-progress venv --python 3.12 {target}",
        f"{target} --no-progress sync --frozen --no-install-workspace --project {node.code}",
    ]


def test_requirements_are_installed_with_uv_where_python_lacks_the_wanted_version(node: _Node, tmp_path: Path) -> None:
    tool = node.folder / "uv" / "bin"
    tool.mkdir(parents=True)
    (tool / "uv").write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/calls\n')  # stands for uv
    (tool / "uv").chmod(0o755)
    target = node.build(replace(node.virtualenv, python="3.99"))
    assert (tmp_path / "calls").read_text().splitlines() == [
        f"--no-progress venv --python 3.99 {target}",
        f"--no-progress pip install --python {target}/bin/python --require-hashes -r {node.code}/requirements.lock",
    ]


def test_a_build_waits_for_another_of_the_same_environment(node: _Node) -> None:
    target = virtualenv_folder(node.virtualenv, node.folder)
    target.mkdir(parents=True)
    with (node.folder / f"{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = Thread(target=node.build)
        second.start()
        (target / ".mlinfra-complete").touch()
    second.join()
    assert node.said == ["using the virtual environment of requirements.lock from the disk of the node"]


def test_the_sources_of_a_project_are_importable(tmp_path: Path) -> None:
    of = Virtualenv("training/uv.lock", "ab")
    assert virtualenv_variables(tmp_path, of, tmp_path / "code", "/usr/bin")["PYTHONPATH"] == str(
        tmp_path / "code/training"
    )
    (tmp_path / "code/training/src").mkdir(parents=True)
    assert virtualenv_variables(tmp_path, of, tmp_path / "code", "/usr/bin")["PYTHONPATH"] == str(
        tmp_path / "code/training/src"
    )
