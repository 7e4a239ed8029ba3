"""Changes to environment variables as data: in force for a while, handed to a child, or written for a shell.

Terraform, cdktf, boto3 and the `aws` command all take their settings from the environment. What has to
change there is one mapping, so that a child process and the user's shell get the same.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

Changes = Mapping[str, str | None]
"""Values by variable name; None takes the variable away."""


def changed(changes: Changes) -> dict[str, str]:
    """The variables of this process with `changes` made, to hand to a child process."""
    merged = {**os.environ, **changes}
    return {name: value for name, value in merged.items() if value is not None}


@contextmanager
def in_force(changes: Changes) -> Iterator[None]:
    """Make `changes` for this process, and for what it starts, until the end of the block."""
    before = dict(os.environ)
    wanted = changed(changes)
    try:
        _replace_all(wanted)
        yield
    finally:
        _replace_all(before)


def shell_lines(changes: Changes) -> str:
    """The lines that make `changes` in a POSIX shell when it evaluates them."""
    return "\n".join(
        f"unset {name}" if value is None else f"export {name}={shlex.quote(value)}"
        for name, value in sorted(changes.items())
    )


def _replace_all(wanted: Mapping[str, str]) -> None:
    for name in os.environ.keys() - wanted.keys():
        del os.environ[name]
    os.environ.update(wanted)
