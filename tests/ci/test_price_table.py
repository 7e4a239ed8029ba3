"""The price table as it is built from the files in ci/prices."""

from __future__ import annotations

import io
import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest

from ci.price_table import FACTS, TABLE, contents, packed, unpacked

if TYPE_CHECKING:
    from pathlib import Path


def test_the_table_of_the_library_is_that_of_the_facts() -> None:
    assert unpacked() == contents(), "Run: python -m ci.price_table"


def test_equal_facts_give_equal_bytes(tmp_path: Path) -> None:
    there = tmp_path / "facts"
    shutil.copytree(FACTS, there)
    assert packed(contents(there)) == packed(contents())


def test_the_table_is_small_enough_for_a_function() -> None:
    assert TABLE.stat().st_size < 250_000


def test_entries_have_a_fixed_time_and_mode() -> None:
    with zipfile.ZipFile(io.BytesIO(packed({"ec2/us-east-1.csv": "item\n"}))) as archive:
        (entry,) = archive.infolist()
    assert (entry.date_time, entry.external_attr) == ((1980, 1, 1, 0, 0, 0), 0o100644 << 16)


def test_a_price_that_is_declared_twice_is_refused(tmp_path: Path) -> None:
    shutil.copytree(FACTS, tmp_path, dirs_exist_ok=True)
    with (tmp_path / "ec2_on_demand.csv").open("a", encoding="utf-8") as file:
        file.write("us-east-1,m5.large,0.1,2026-07-20,exact,KP\n")
    with pytest.raises(ValueError, match=r"^m5.large is declared twice in ec2/us-east-1.csv; prices must be unique\.$"):
        contents(tmp_path)
