"""The public names of the package `mlinfra`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import mlinfra


def test_type_checkers_and_python_see_the_same_names() -> None:
    tree = ast.parse(Path(mlinfra.__file__).read_text())
    imports = [each for each in ast.walk(tree) if isinstance(each, ast.ImportFrom) and each.module != "__future__"]
    static = {
        alias.asname: each.module
        for each in imports
        for alias in each.names
        if (each.module or "").startswith("mlinfra") and alias.asname == alias.name
    }
    exports = mlinfra._EXPORTS  # noqa: SLF001  compared with the imports
    assert static == {name: module for module, names in exports.items() for name in names}
    assert sorted(mlinfra.__all__) == sorted(name for name in static if name)


def test_every_name_can_be_imported() -> None:
    for name in mlinfra.__all__:
        assert getattr(mlinfra, name) is not None, name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'mlinfra' has no attribute 'NoSuchName'"):
        mlinfra.NoSuchName  # type: ignore[attr-defined]  # noqa: B018


def test_the_package_declares_that_it_is_typed() -> None:
    assert Path(mlinfra.__file__).with_name("py.typed").is_file()
