"""The report as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.report.page import page
from mlinfra.operations.report.writing import write_report

if TYPE_CHECKING:
    from pathlib import Path

DATA: dict[str, Any] = {
    "project": "recsys",
    "environments": [],
    "sections": {"drift": {"available": False}, "audit": {"available": True}},
}


def test_the_page_is_written_and_described(tmp_path: Path) -> None:
    written = write_report(DATA, tmp_path / "pages" / "report.html")
    assert written.path.read_text(encoding="utf-8") == page(DATA)
    assert written.size == written.path.stat().st_size
    assert written.unavailable == ("drift",)
    assert [each.name for each in written.path.parent.iterdir()] == ["report.html"]


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OperationError, match=r"The report cannot be written to .*report\.html: Is a directory\."):
        write_report(DATA, tmp_path / "report.html")
