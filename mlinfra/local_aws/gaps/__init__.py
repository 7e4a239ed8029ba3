"""What moto lacks of the AWS that mlinfra deploys to, one subject a file.

Each file closes one gap on moto's own classes and says how AWS behaves there. A gap that a newer
moto has closed by itself is left alone. docs/adr/0004 says why it is done so.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Protocol, cast


class Gap(Protocol):
    """What every module of this package is."""

    def is_open(self) -> bool:
        """Whether the installed moto has the gap."""

    def close(self) -> None:
        """Close it in this process."""


def gaps() -> list[Gap]:
    """Every gap that is known, in the order of their names."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return [cast("Gap", importlib.import_module(f"{__name__}.{name}")) for name in names]


def close_gaps() -> None:
    """Close every gap that the installed moto has, in this process."""
    for gap in gaps():
        if gap.is_open():
            gap.close()
