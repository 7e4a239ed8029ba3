"""Programs that run in the process of the tests."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests import programs

if TYPE_CHECKING:
    from pathlib import Path


def project(folder: Path, value: str) -> Path:
    """A main.py that prints what a module of its folder contains."""
    (folder / "environments").mkdir(parents=True)
    (folder / "environments" / "prod.py").write_text(f"value = {value!r}\n")
    (folder / "main.py").write_text(
        "import sys\n\nfrom environments.prod import value\n\nassert 'pytest' in sys.modules\nprint(value)\n"
    )
    (folder / "pytest.json").touch()  # no module
    return folder / "main.py"


def test_each_program_imports_the_modules_of_its_own_folder(tmp_path: Path) -> None:
    first, second = project(tmp_path / "first", "first"), project(tmp_path / "second", "second")
    before = {name for name in sys.modules if name.partition(".")[0] == "environments"}
    printed = [programs.synthesize(each, tmp_path, cwd=each.parent).stdout for each in (first, second, first)]
    assert printed == ["first\n", "second\n", "first\n"]
    assert {name for name in sys.modules if name.partition(".")[0] == "environments"} == before


def test_modules_of_another_folder_are_there_again_afterwards(tmp_path: Path) -> None:
    first, second = project(tmp_path / "first", "first"), project(tmp_path / "second", "second")
    with programs.modules_of(first.parent):
        sys.path.insert(0, str(first.parent))
        try:
            from environments.prod import value  # type: ignore[import-not-found, unused-ignore]

            assert value == "first"
            loaded = sys.modules["environments.prod"]
            assert programs.synthesize(second, tmp_path, cwd=second.parent).stdout == "second\n"
            assert sys.modules["environments.prod"] is loaded
        finally:
            sys.path.remove(str(first.parent))
