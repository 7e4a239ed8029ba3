"""Programs that the runner starts: their output line by line, as another user, with their last lines kept."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

LAST_LINES: Final = 20
"""The number of lines that the message about a failed program shows."""

_LOGINS: Final = ("ubuntu", "ec2-user")
"""The users of EC2's images. Source: EC2 user guide, "Manage system users on your Amazon EC2 Linux instance", read
2026-11-29."""


@dataclass(frozen=True)
class Login:
    """The user of the node that runs commands."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a login."""
        return {"HOME": self.home, "USER": self.name, "LOGNAME": self.name}


def login_user(root: Path) -> Login | None:
    """The user of the node's image, such as ubuntu.

    Args:
        root: the root folder of the node.

    Returns:
        None: the user of this process, because it is not root, the image has another user, or `root` is not `/`.
    """
    if os.geteuid() != 0 or str(root) != "/":
        return None
    for name in _LOGINS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        groups = tuple(os.getgrouplist(name, found.pw_gid))
        return Login(name, found.pw_uid, found.pw_gid, groups, found.pw_dir)
    return None


@dataclass(frozen=True)
class Ended:
    """A program that has ended."""

    status: int
    """Its exit code; negative: the signal that ended it. 127: it was not found."""
    lines: tuple[str, ...]
    """Its last lines."""

    @property
    def text(self) -> str:
        """Its last lines, as a text."""
        return "\n".join(self.lines)


def run_program(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    user: Login | None = None,
    text: str | None = None,
    on_line: Callable[[str], None] | None = None,
) -> Ended:
    """Run a program to its end.

    Args:
        argv: the program and its arguments.
        environment: its variables. Default: those of this process.
        directory: its working directory. Default: that of this process.
        user: the user that runs it. Default: that of this process.
        text: its standard input. Default: empty.
        on_line: called with each line of its output. Default: nothing.
    """
    values = dict(os.environ if environment is None else environment)
    if user:
        values.update(user.environment)
    try:
        process = subprocess.Popen(  # noqa: S603  programs of the node, with fixed arguments
            list(argv),
            env=values,
            cwd=directory,
            stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            **({"user": user.uid, "group": user.gid, "extra_groups": user.groups} if user else {}),  # type: ignore[call-overload]
        )
    except OSError as error:
        return Ended(127, (f"{argv[0]}: {error.strerror}",))
    last: deque[str] = deque(maxlen=LAST_LINES)
    with process:
        if text is not None and process.stdin:
            with suppress(BrokenPipeError):  # the program did not read it
                process.stdin.write(text)
                process.stdin.close()
        for line in process.stdout or ():
            last.append(line.rstrip())
            if on_line:
                on_line(line.rstrip())
    return Ended(process.returncode, tuple(last))
