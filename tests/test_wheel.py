"""The wheel that `pip install` makes of this repository."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from hatchling.builders.wheel import WheelBuilder

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path


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
