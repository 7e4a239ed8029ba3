"""Lazy loading in Python: a package whose modules are imported at their first use.

The generated `__init__` of cdktf's bindings imports all of its 2,212 modules. Here, a module object with the path of
the package takes its place in `sys.modules`. Python then does not run that `__init__`, and still finds all submodules.
The `__init__` of cdktn's bindings is lazy itself, and is replaced for one way of loading.
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
_LAZY_SUBMODULES = re.compile(r"\n_SUBMODULES = \{\n((?: +\"\w+\",\n)+)\}\n\ndef __getattr__\(")


class LazyPackage(ModuleType):
    """Replacement of a package whose `__init__` only imports its submodules. Each is imported at the first access.

    Several threads may use it: Python locks imports.
    """

    def __init__(self, spec: ModuleSpec, submodules: list[str]) -> None:
        """Replace the package of `spec`, with the names of its `submodules`."""
        super().__init__(spec.name)
        self.__spec__ = spec
        self.__file__ = spec.origin
        self.__loader__ = spec.loader
        self.__package__ = spec.name
        # As the generated `__init__` does, for a package in several folders.
        self.__path__ = extend_path(list(spec.submodule_search_locations or []), spec.name)
        self.__all__ = submodules

    def __getattr__(self, name: str) -> ModuleType:
        """Import the submodule `name`. Python calls this only for names that are not imported yet."""
        if name in self.__all__:
            return importlib.import_module(f"{self.__name__}.{name}")
        message = f"package {self.__name__!r} has no module {name!r}"
        raise AttributeError(message, name=name, obj=self)

    def __dir__(self) -> list[str]:
        """All submodules, imported or not."""
        return sorted({*super().__dir__(), *self.__all__})


class LazyModule(ModuleType):
    """Replacement of a module that is imported when one of its names is first used."""

    def __getattr__(self, name: str) -> object:
        """Import the module, and keep the value of `name`. Python calls this only for names that are not kept yet."""
        value = getattr(importlib.import_module(self.__name__), name)
        setattr(self, name, value)
        return value


def install(name: str) -> LazyPackage | None:
    """Replace the package `name` by a `LazyPackage`.

    Returns:
        The package; the same one when called again. None if it is not installed: its import then fails as usual.

    Raises:
        NotLazyError: if the package was imported before, or if its `__init__` does more than import its submodules.
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
    """The submodules that the generated `__init__` imports, after a check that it does nothing else."""
    source = Path(spec.origin or "").read_text(encoding="utf-8")
    lazy = _LAZY_SUBMODULES.search(source)
    if lazy and "jsii_type=" not in source:
        return re.findall(r"\w+", lazy[1])
    definitions, _, imports = source.partition("\npublication.publish()\n")
    lines = [line for line in imports.splitlines() if line and not line.startswith("#")]
    submodules = [match[1] for match in map(_SUBMODULE_IMPORT.fullmatch, lines) if match]
    # jsii_type: a class of the package itself, which only its `__init__` can define.
    if not submodules or len(submodules) < len(lines) or "jsii_type=" in definitions:
        message = f"{spec.origin} does not look like a list of submodules"
        raise NotLazyError(message)
    return submodules
