"""The public names of the packages `mlinfra` and `mlinfra.testing`, which are imported on first use."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import mlinfra
import mlinfra.testing

if TYPE_CHECKING:
    from types import ModuleType

each_package = pytest.mark.parametrize("package", [mlinfra, mlinfra.testing], ids=lambda package: package.__name__)


@each_package
def test_type_checkers_and_python_see_the_same_names(package: ModuleType) -> None:
    tree = ast.parse(Path(str(package.__file__)).read_text())
    static = {
        alias.asname: each.module
        for each in ast.walk(tree)
        if isinstance(each, ast.ImportFrom)
        for alias in each.names
        if (each.module or "").startswith("mlinfra") and alias.asname == alias.name
    }
    exports = package._EXPORTS  # noqa: SLF001  compared with the imports
    assert static == {name: module for module, names in exports.items() for name in names}
    assert sorted(package.__all__) == sorted(static)


@each_package
def test_every_name_can_be_imported(package: ModuleType) -> None:
    for name in package.__all__:
        assert getattr(package, name) is not None, name


@each_package
def test_an_unknown_name_is_an_attribute_error(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'NoSuchName'"):
        package.NoSuchName  # noqa: B018


def test_the_package_declares_that_it_is_typed() -> None:
    assert Path(mlinfra.__file__).with_name("py.typed").is_file()
