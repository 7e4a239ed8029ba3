"""Names of a package that are imported on first use."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

PACKAGE = """
from mlinfra import lazy_names

__getattr__ = lazy_names.imports(__name__, {"lazily.heavy": ("One", "Other")})
"""
HEAVY = "print('heavy')\nOne = object()\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "lazily").mkdir()
    (tmp_path / "lazily" / "__init__.py").write_text(PACKAGE)
    (tmp_path / "lazily" / "heavy.py").write_text(HEAVY)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("lazily")
    for name in ("lazily", "lazily.heavy"):
        sys.modules.pop(name, None)


def test_a_module_is_imported_once_when_its_first_name_is_used(
    package: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert capsys.readouterr().out == ""
    first = package.One
    assert capsys.readouterr().out == "heavy\n"
    assert vars(package)["One"] is first
    assert package.One is first


def test_a_name_that_its_module_lacks_is_an_attribute_error(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match="Other"):
        package.Other  # noqa: B018


def test_an_unknown_name_is_an_attribute_error_that_names_the_package(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match="module 'lazily' has no attribute 'Third'") as raised:
        package.Third  # noqa: B018
    assert raised.value.name == "Third"
    assert not hasattr(package, "Third")
