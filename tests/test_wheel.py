"""The wheel that `pip install` makes of this repository."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from tests.conftest import ROOT


def test_the_wheel_contains_the_package_with_its_data_and_the_command(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
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


@pytest.mark.parametrize(("builder", "version"), [(WheelBuilder, "standard"), (SdistBuilder, "standard")])
def test_a_package_is_built_to_the_same_bytes_again(
    builder: type[WheelBuilder | SdistBuilder], version: str, tmp_path: Path
) -> None:
    digests = set()
    for name in ("first", "second"):
        (package,) = builder(str(ROOT)).build(directory=str(tmp_path / name), versions=[version])
        digests.add(sha256(Path(package).read_bytes()).hexdigest())
    assert len(digests) == 1


def test_the_package_is_imported_without_its_dependencies(tmp_path: Path) -> None:
    """A program that only checks the version, or reads a name, needs no cdktf, boto3 or pydantic."""
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    program = "import sys; sys.path.insert(0, sys.argv[1]); import mlinfra; print(mlinfra.__file__)"
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, wheel], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert wheel in ended.stdout
