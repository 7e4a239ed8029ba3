"""Run a program to its end: its lines as they come, and an orderly end when the user interrupts."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from mlinfra.variables import Changes, changed

if TYPE_CHECKING:
    from pathlib import Path

OnLine = Callable[[str], None]
"""Is given each line of a program's output when it is written, without its line end."""

_GRACE_SECONDS = 60.0
"""How long an interrupted program may take to end in good order. Terraform finishes the resources it is at."""


@dataclass(frozen=True)
class Ended:
    """How a program ended, and what it wrote."""

    code: int
    output: str
    errors: str


def run(
    command: Sequence[str],
    *,
    cwd: Path,
    changes: Changes | None = None,
    on_line: OnLine | None = None,
    pass_fds: Sequence[int] = (),
) -> Ended:
    """Run `command` until it ends, whatever its exit code.

    Args:
        command: the program and its arguments.
        cwd: the folder it runs in.
        changes: what differs in its environment variables from those of this process.
        on_line: is given each line of both streams as it comes, in threads other than the caller's.
        pass_fds: descriptors that it inherits.
    """
    child = subprocess.Popen(  # noqa: S603  never through a shell
        list(command),
        cwd=cwd,
        env=changed(changes or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        # What Terraform writes may hold secrets: state, plans.
        umask=0o077,
        pass_fds=pass_fds,
    )
    output, errors = _Reader(child.stdout, on_line), _Reader(child.stderr, on_line)
    try:
        child.wait()
    except BaseException as interruption:
        _let_end(child, told_already=isinstance(interruption, KeyboardInterrupt))
        raise
    return Ended(child.returncode, output.text(), errors.text())


class _Reader:
    """Reads one stream to its end in a thread, so that a program never waits for its reader."""

    def __init__(self, stream: IO[str] | None, on_line: OnLine | None) -> None:
        assert stream is not None  # noqa: S101  both streams are pipes
        self._stream = stream
        self._on_line = on_line
        self._lines: list[str] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def text(self) -> str:
        self._thread.join()
        return "".join(self._lines)

    def _read(self) -> None:
        with self._stream:
            for line in self._stream:
                self._lines.append(line)
                if self._on_line:
                    self._on_line(line.rstrip("\n"))


def _let_end(child: subprocess.Popen[str], *, told_already: bool) -> None:
    """Let an interrupted program end in good order; one killed at once would leave its lock behind.

    Ctrl-C reaches the child too. It is not told twice: Terraform takes a second time for "now".
    """
    if not told_already:
        child.send_signal(signal.SIGINT)
    try:
        child.wait(timeout=_GRACE_SECONDS)
    except BaseException:
        child.kill()
        child.wait()
        raise
