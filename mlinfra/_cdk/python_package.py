"""The Python side: a package whose modules are imported when first used.

The generated `__init__` of the bindings ends in one `from . import x` for each of its 2,212 modules. A module object
that replaces the package in `sys.modules`, with the path of the package, makes Python skip that `__init__` and still
find every submodule.
"""

import importlib
import importlib.util
import re
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from pkgutil import extend_path
from types import ModuleType

from mlinfra._cdk.errors import NotLazyError

_SUBMODULE_IMPORT = re.compile(r"from \. import (\w+)")


class LazyPackage(ModuleType):
    """Replacement of a package whose `__init__` only imports its submodules. Imports each on first access.

    Safe to use from several threads: every import goes through Python's own import locks.
    """

    def __init__(self, spec: ModuleSpec, submodules: list[str]) -> None:
        """Take the place of the package of `spec`, with the names of its `submodules`."""
        super().__init__(spec.name)
        self.__spec__ = spec
        self.__file__ = spec.origin
        self.__loader__ = spec.loader
        self.__package__ = spec.name
        # The generated `__init__` extends its path in the same way, for a package split over several folders.
        self.__path__ = extend_path(list(spec.submodule_search_locations or []), spec.name)
        self.__all__ = submodules

    def __getattr__(self, name: str) -> ModuleType:
        """Import the submodule `name`. Python calls this only where it was not imported yet."""
        if name in self.__all__:
            return importlib.import_module(f"{self.__name__}.{name}")
        message = f"package {self.__name__!r} has no module {name!r}"
        raise AttributeError(message, name=name, obj=self)

    def __dir__(self) -> list[str]:
        """List every submodule, imported or not."""
        return sorted({*super().__dir__(), *self.__all__})


def install(name: str) -> LazyPackage | None:
    """Put a `LazyPackage` in the place of the package `name`.

    Returns the one already in place when called again, and `None` where there is no such package: importing it then
    fails as it always would.

    Raises:
        NotLazyError: The package was imported before, or its `__init__` does more than import its submodules.
    """
    present = sys.modules.get(name)
    if isinstance(present, LazyPackage):
        return present
    if present is not None:
        message = f"{name} was imported before mlinfra; import mlinfra's constructs first"
        raise NotLazyError(message)
    spec = importlib.util.find_spec(name)
    if spec is None:
        return None
    package = LazyPackage(spec, _submodules(spec))
    sys.modules[name] = package
    return package


def _submodules(spec: ModuleSpec) -> list[str]:
    """Name the submodules that the generated `__init__` imports, having made sure that it does nothing else."""
    source = Path(spec.origin or "").read_text(encoding="utf-8")
    definitions, _, imports = source.partition("\npublication.publish()\n")
    lines = [line for line in imports.splitlines() if line and not line.startswith("#")]
    submodules = [match[1] for match in map(_SUBMODULE_IMPORT.fullmatch, lines) if match]
    # jsii_type: a class of the package itself, which only running the `__init__` can define.
    if not submodules or len(submodules) < len(lines) or "jsii_type=" in definitions:
        message = f"{spec.origin} does not look like a list of submodules"
        raise NotLazyError(message)
    return submodules
