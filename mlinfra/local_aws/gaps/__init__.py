"""Differences between moto and the AWS that mlinfra deploys to, a package per service, a gap per file.

Each file closes one gap on moto's own classes and states how AWS behaves there. A gap that a newer
moto has closed is skipped. docs/adr/0004 records why gaps are closed this way.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Protocol, cast


class Gap(Protocol):
    """A module that closes one gap."""

    def is_open(self) -> bool:
        """True if the installed moto has the gap."""

    def close(self) -> None:
        """Close the gap in this process."""


def gaps() -> list[Gap]:
    """All known gaps, ordered by service and name."""
    found = pkgutil.walk_packages(__path__, f"{__name__}.")
    names = sorted(module.name for module in found if not module.ispkg)
    return [cast("Gap", importlib.import_module(name)) for name in names]


def close_gaps() -> None:
    """Close every gap that the installed moto has, in this process."""
    for gap in gaps():
        if gap.is_open():
            gap.close()
