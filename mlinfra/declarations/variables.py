"""Rules for environment variables that a declaration sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.declarations.base import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def variable_problems(names: Iterable[str]) -> Iterator[str]:
    """A problem for each name that a POSIX environment variable cannot have."""
    for name in names:
        if not (name.isidentifier() and name.isascii()):
            yield (
                f"variables: {shown(name)} is not a valid name of an environment variable. Expected: letters, digits "
                f"and underscores, not beginning with a digit."
            )
