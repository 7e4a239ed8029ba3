"""Public names of a package that are imported on first use, so that the package itself is imported fast."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def imports(package: str, exports: Mapping[str, Sequence[str]]) -> Callable[[str], object]:
    """The function `__getattr__` of a package, which Python calls for names that the package does not have yet.

    Args:
        package: the name of the package.
        exports: the public names by the module that they are imported from.

    Raises:
        AttributeError: from the function: the package has no such name.
    """
    modules = {name: module for module, names in exports.items() for name in names}

    def __getattr__(name: str) -> object:  # noqa: N807  the name by which Python calls it
        if name not in modules:
            message = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(message, name=name)
        value = getattr(importlib.import_module(modules[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    return __getattr__
