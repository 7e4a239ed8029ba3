"""Differences between moto and the AWS that mlinfra deploys to, a package per service, a gap per file.

Each file closes one gap on moto's own classes and states how AWS behaves there. A gap that a newer
moto has closed is skipped. docs/adr/0004 records why gaps are closed this way.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Collection


class Gap(Protocol):
    """A module that closes one gap."""

    def is_open(self) -> bool:
        """True if the installed moto has the gap."""

    def close(self) -> None:
        """Close the gap in this process."""


def services() -> list[str]:
    """The services with gaps, by the names of their packages."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def gaps(of: Collection[str] | None = None) -> list[Gap]:
    """The known gaps, ordered by service and name.

    Args:
        of: the services, by the names of their packages. Default: all. Only these packages are imported.
    """
    packages = [f"{__name__}.{service}" for service in services() if of is None or service in of]
    names = [
        module.name
        for package in packages
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}.")
    ]
    return [cast("Gap", importlib.import_module(name)) for name in sorted(names)]


def close_gaps(of: Collection[str] | None = None) -> list[Gap]:
    """Close the gaps that the installed moto has, in this process. Returns the closed gaps.

    Args:
        of: the services, by the names of their packages. Default: all.
    """
    # All are found before one is closed: another one may be recognized by a method that it replaces.
    found = [gap for gap in gaps(of) if gap.is_open()]
    for gap in found:
        gap.close()
    return found
