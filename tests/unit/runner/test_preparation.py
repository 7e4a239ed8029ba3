"""Preparation of a node, and the process of the command."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from mlinfra.runner import Code, Virtualenv
from mlinfra.runner.contract import Member
from mlinfra.runner.paths import RunPaths
from mlinfra.runner.preparation import PreparationError, launch, prepare
from tests.unit.runner.runs import RUN_ID, specification

if TYPE_CHECKING:
    from pathlib import Path

MEMBERS = (Member("i-0aa", "10.0.0.10"), Member("i-0bb", "10.0.0.11"))


def _code(content: str = "print('hello')") -> tuple[bytes, Code]:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        info = tarfile.TarInfo("training/train.py")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content.encode()))
    data = file.getvalue()
    return data, Code(key="code/x.tar.gz", sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))


def _prepare(paths: RunPaths, data: bytes = b"") -> list[str]:
    said: list[str] = []
    prepare(paths.spec, paths, download=lambda _key, path: path.write_bytes(data) and None, say=said.append)
    return said


def test_the_code_and_the_folders_of_the_run_are_there(tmp_path: Path) -> None:
    data, code = _code()
    paths = RunPaths(tmp_path, specification(code=code, working_directory="training", checkpoints="/kept"))
    _prepare(paths, data)
    assert (paths.work / "train.py").is_file()
    assert all(each.is_dir() for each in (paths.run, paths.outputs, tmp_path / "kept"))


def test_a_prepared_command_runs(tmp_path: Path) -> None:
    data, code = _code("import os; print(os.environ['NODE_RANK'], os.environ['MASTER_ADDR'])")
    paths = RunPaths(tmp_path, specification(code=code, working_directory="training"))
    _prepare(paths, data)
    process = launch(paths.spec, paths, 1, MEMBERS)
    answer = subprocess.run(
        process.argv, env=process.environment, cwd=process.directory, capture_output=True, text=True, check=True
    )
    assert answer.stdout == "1 10.0.0.10\n"
    assert (process.user, process.container) == (None, None)


def test_an_archive_that_was_changed_is_a_problem_of_the_run(tmp_path: Path) -> None:
    _, code = _code()
    with pytest.raises(PreparationError, match="was submitted"):
        _prepare(RunPaths(tmp_path, specification(code=code)), b"other")


def test_a_disk_that_refuses_is_explained(tmp_path: Path) -> None:
    data, code = _code()
    paths = RunPaths(tmp_path, specification(code=code))
    paths.archives.parent.mkdir(parents=True)
    paths.archives.write_text("a file where a folder is expected")
    with pytest.raises(PreparationError, match=r"could not be prepared: .*code"):
        _prepare(paths, data)


def test_an_image_and_a_lock_file_exclude_each_other(tmp_path: Path) -> None:
    spec = specification(image="two-tower:2.3", virtualenv=Virtualenv("uv.lock", "ab"))
    with pytest.raises(PreparationError, match="not both"):
        _prepare(RunPaths(tmp_path, spec))


def test_the_user_of_an_image_can_write_to_the_folders_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docker").write_text("#!/bin/sh\nexit 0\n")  # stands for docker: it has every image
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    paths = RunPaths(tmp_path, specification(image="two-tower:2.3", checkpoints="kept"))
    _prepare(paths)
    assert paths.checkpoints is not None
    assert [each.stat().st_mode & 0o777 for each in (paths.work, paths.outputs, paths.checkpoints)] == [0o777] * 3


def test_an_environment_that_cannot_be_built_is_a_problem_of_the_run(tmp_path: Path) -> None:
    spec = specification(virtualenv=Virtualenv("uv.lock", "ab"))
    with pytest.raises(PreparationError, match=r"uv\.lock is not in the code"):
        _prepare(RunPaths(tmp_path, spec))


def test_a_command_finds_the_programs_of_its_environment(tmp_path: Path) -> None:
    spec = specification(virtualenv=Virtualenv("requirements.lock", "ab"))
    paths = RunPaths(tmp_path, spec)
    environment = launch(spec, paths, 0, MEMBERS, own={"PATH": "/usr/bin"}).environment
    first, second = environment["PATH"].split(":")
    assert first.startswith(str(paths.virtualenvs))
    assert second == "/usr/bin"


def test_a_container_gets_the_variables_of_the_run_and_of_the_experiment(tmp_path: Path) -> None:
    (tmp_path / "etc/mlinfra").mkdir(parents=True)
    (tmp_path / "etc/mlinfra/environment.docker").write_text("DATA=s3://raw\n")
    spec = specification(image="two-tower:2.3", variables={"SEED": "7"})
    process = launch(spec, RunPaths(tmp_path, spec), 0, MEMBERS, own={"PATH": os.defpath, "HOME": "/root"})
    passed = {process.argv[at + 1] for at, each in enumerate(process.argv) if each == "--env"}
    assert {"DATA", "SEED", "NODE_RANK", "MLINFRA_OUTPUTS"} <= passed
    assert not {"PATH", "HOME"} & passed
    assert process.environment["SEED"] == "7"
    assert process.container == f"mlinfra-run-{RUN_ID}"
