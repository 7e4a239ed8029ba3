"""The file `mlinfra_checks.py` of a project."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from mlinfra.checks.own_checks import read_checks, unique
from mlinfra.errors import DeclarationError

if TYPE_CHECKING:
    from pathlib import Path

CHECK = """
from mlinfra.checks import Check, Level, ResourceCheck

def named(bucket):
    return None if bucket.has("bucket") else "it has no name."

NAMED = ResourceCheck(id="ACME001", title="A bucket has no name.", fix="Name it.", types=("aws_s3_bucket",), find=named)
"""


def write(folder: Path, text: str) -> Path:
    (folder / "mlinfra_checks.py").write_text(text)
    return folder


def ids(folder: Path) -> list[str]:
    return [each.id for each in read_checks(folder)]


def test_a_project_without_the_file_has_no_checks(tmp_path: Path) -> None:
    assert read_checks(tmp_path) == ()


def test_every_check_of_the_file_is_read_once(tmp_path: Path) -> None:
    other = 'OTHER = Check(id="ACME002", title="t", fix="f", find=lambda stack: (), level=Level.NOTE)'
    text = f"{CHECK}\nSAME = NAMED\n{other}\nALL = [NAMED, OTHER]\nBY_NAME = dict(a=NAMED)\n"
    assert ids(write(tmp_path, text)) == ["ACME001", "ACME002"]


def test_the_file_leaves_no_module_and_no_path_behind(tmp_path: Path) -> None:
    before = sys.path[:]
    read_checks(write(tmp_path, CHECK))
    assert "mlinfra_checks" not in sys.modules
    assert sys.path == before


def test_data_classes_can_be_declared(tmp_path: Path) -> None:
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n    b: int\n"
    assert ids(write(tmp_path, text + CHECK)) == ["ACME001"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("def", "SyntaxError: invalid syntax (mlinfra_checks.py, line 1)"),
        ("\n1 / 0", "ZeroDivisionError: division by zero (mlinfra_checks.py, line 2)"),
        ("import sys\nsys.exit(0)", "SystemExit: 0 (mlinfra_checks.py, line 2)"),
        ("", "it declares no check. Expected: NAME = ResourceCheck(...), or remove the file."),
        (CHECK + CHECK.replace("NAMED", "AGAIN"), "2 checks have the id ACME001; ids must be unique."),
        (CHECK + CHECK.replace("ACME001", "ACME002"), "line 14: NAMED has a value before, which this one replaces."),
        (CHECK + "\nCheck()", "line 9: the check is not the value of a variable. Expected: NAME = Check(...)."),
        (CHECK.replace("ACME001", "MLC101"), "the id MLC101 has the prefix MLC of mlinfra or checkov"),
        (CHECK.replace("ACME001", "CKV_AWS_1"), "the id CKV_AWS_1 has the prefix CKV of mlinfra or checkov"),
        (
            CHECK.replace(", find=", ", level='error', find="),
            "ValueError: The level of the check ACME001 is 'error'. Expected: one of Level.NOTE, Level.WARNING, Level",
        ),
        ("import shared", "line 1: it imports shared, a module of the project. Reviews take only this file"),
        ("import os\nfrom .shared import x", "line 2: it has a relative import."),
        (CHECK + "\ndef late():\n    import shared", "it imports shared, a module of the project."),
    ],
)
def test_a_broken_file_is_an_error_in_its_terms(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "shared.py").write_text("x = 1")
    with pytest.raises(DeclarationError) as error:
        read_checks(write(tmp_path, text))
    assert str(error.value).startswith("mlinfra_checks.py: 1 problem\n  - ")
    assert problem in str(error.value)


def test_modules_of_the_project_cannot_be_imported_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shared.py").write_text("x = 1")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DeclarationError, match="ModuleNotFoundError: No module named 'shared'"):
        read_checks(write(tmp_path, "import importlib\nimportlib.import_module('shared')"))


def test_a_file_that_is_not_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "mlinfra_checks.py").write_bytes(b"\xff")
    with pytest.raises(DeclarationError, match="it cannot be read"):
        read_checks(tmp_path)


def test_ids_are_unique_among_the_file_and_the_app(tmp_path: Path) -> None:
    (check,) = read_checks(write(tmp_path, CHECK))
    with pytest.raises(ValueError, match=r"Two checks have the id ACME001.* added automatically"):
        unique((check, check))
