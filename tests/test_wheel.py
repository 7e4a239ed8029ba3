"""The wheel that `pip install` makes of this repository."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> str:
    return built(WheelBuilder, tmp_path_factory.mktemp("wheel"))


def built(builder: type[WheelBuilder | SdistBuilder], folder: Path) -> str:
    (package,) = builder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    return str(package)


def test_the_wheel_contains_the_package_with_its_data_and_the_command(wheel: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (entry_points,) = [name for name in names if name.endswith("/entry_points.txt")]
        assert "mlinfra = mlinfra.cli.main:run" in archive.read(entry_points).decode()
    sources = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "mlinfra").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert {"mlinfra/py.typed", "mlinfra/catalog/prices.zip", "mlinfra/_cdk/lazy_index/index.js"} <= sources
    assert {name for name in names if ".dist-info/" not in name} == sources


def test_a_wheel_is_built_to_the_same_bytes_again(wheel: str, tmp_path: Path) -> None:
    assert Path(built(WheelBuilder, tmp_path)).read_bytes() == Path(wheel).read_bytes()


def test_a_source_distribution_is_built_to_the_same_bytes_again(tmp_path: Path) -> None:
    first, second = (Path(built(SdistBuilder, tmp_path / name)).read_bytes() for name in ("first", "second"))
    assert first == second


@pytest.fixture(scope="module")
def unpacked(wheel: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an unpacked wheel: what an installation would write to site-packages."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def in_wheel(unpacked: Path, *command: str, cwd: Path, **variables: str) -> str:
    """The output of a Python command that imports the unpacked wheel in place of this checkout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "MLINFRA_"))}
    environment |= {"PYTHONPATH": str(unpacked), "GIT_CEILING_DIRECTORIES": str(cwd), **variables}
    ended = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, check=False, cwd=cwd, env=environment
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_installed_command_completes_words_of_a_shell(unpacked: Path, tmp_path: Path) -> None:
    variables = {"_MLINFRA_COMPLETE": "complete_bash", "COMP_WORDS": "mlinfra in", "COMP_CWORD": "1"}
    program = "import sys; sys.argv = ['mlinfra']; from mlinfra.cli.main import run; run()"
    assert in_wheel(unpacked, "-c", program, cwd=tmp_path, **variables).split() == ["init"]


@pytest.mark.lengthy
def test_the_installed_command_writes_a_project_whose_tests_pass(unpacked: Path, tmp_path: Path) -> None:
    options = ["--owner", "ana@example.com", "--repository", "gitlab.com/ml/ranker"]
    in_wheel(unpacked, "-m", "mlinfra", "init", "ranker", *options, cwd=tmp_path)
    project = tmp_path / "ranker"
    (project / "conftest.py").write_text(f"import mlinfra\n\nassert mlinfra.__file__.startswith({str(unpacked)!r})\n")
    tested = in_wheel(unpacked, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", cwd=project)
    assert " passed" in tested
    assert "1 snapshot passed" in tested
    assert "failed" not in tested
    in_wheel(unpacked, "main.py", cwd=project)
    assert {each.name for each in (project / "cdktf.out" / "stacks").iterdir()} == {
        f"{environment}-{component}"
        for environment in ("dev", "local")
        for component in ("state", "foundation", "data", "training")
    }


def test_the_package_is_imported_without_its_dependencies(wheel: str, tmp_path: Path) -> None:
    """A program that only checks the version, or reads a name, needs no cdktf, boto3 or pydantic."""
    program = "import sys; sys.path.insert(0, sys.argv[1]); import mlinfra; print(mlinfra.__file__)"
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, wheel], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert wheel in ended.stdout
