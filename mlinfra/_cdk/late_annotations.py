"""Loading of generated Python modules without evaluating their annotations.

A module of the bindings has thousands of annotations such as `typing.Optional[typing.Sequence[...]]`. Python evaluates
all of them when it imports the module, which takes more than half of the time of the import. Here, they are kept as
text, as with `from __future__ import annotations`. `type_hints` evaluates those that it checks.
"""

from __future__ import annotations
import __future__

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

_FLAG = __future__.annotations.compiler_flag
_SUFFIX = ".late-annotations.pyc"
"""The bytecode differs from that of stock Python, which has its own file beside it."""


class _Loader(SourceFileLoader):
    """Loader of one module."""

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> Any:  # type: ignore[override]  # noqa: ANN401
        """Compile the module with annotations as text."""
        return compile(data, path, "exec", flags=_FLAG, dont_inherit=True, optimize=_optimize)

    def get_data(self, path: str) -> bytes:
        """Read the source, or the bytecode that this loader wrote."""
        return super().get_data(_own(path))

    def _cache_bytecode(self, source_path: str, cache_path: str, data: bytes) -> None:
        # Called by the base class, which writes nothing with PYTHONDONTWRITEBYTECODE or into a read-only folder.
        super()._cache_bytecode(source_path, _own(cache_path), data)  # type: ignore[misc]


class Finder(MetaPathFinder):
    """Finder of the modules of some packages, which loads them with annotations as text."""

    def __init__(self, packages: Sequence[str]) -> None:
        """Apply to these packages and to their modules."""
        self._packages = frozenset(packages)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module as Python finds it, with the loader of this module."""
        if fullname.partition(".")[0] not in self._packages:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader and spec.origin is not None:
            spec.loader = _Loader(fullname, spec.origin)
        return spec


def install(*packages: str) -> None:
    """Load the modules of these packages without evaluating their annotations, from now on."""
    if not any(isinstance(each, Finder) for each in sys.meta_path):
        sys.meta_path.insert(0, Finder(packages))


def _own(path: str) -> str:
    return path.removesuffix(".pyc") + _SUFFIX if path.endswith(".pyc") else path
