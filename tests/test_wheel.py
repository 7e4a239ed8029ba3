"""The wheel that `pip install` makes of this repository."""

from __future__ import annotations

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


def test_the_package_is_imported_without_its_dependencies(wheel: str, tmp_path: Path) -> None:
    """A program that only checks the version, or reads a name, needs no cdktf, boto3 or pydantic."""
    program = "import sys; sys.path.insert(0, sys.argv[1]); import mlinfra; print(mlinfra.__file__)"
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, wheel], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert wheel in ended.stdout
