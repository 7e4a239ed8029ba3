"""Run a program to its end: its lines as they come, and an orderly end when the user interrupts."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from mlinfra.variables import Changes, changed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OnLine = Callable[[str], None]
"""Is given each line of a program's output when it is written, without its line end."""

_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC

_LOOK_SECONDS = 0.1
"""How often a file is looked into for more."""

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
    log: Path | None = None,
) -> Ended:
    """Run `command` until it ends, whatever its exit code.

    Args:
        command: the program and its arguments.
        cwd: the folder it runs in.
        changes: what differs in its environment variables from those of this process.
        on_line: is given each line of both streams as it comes, in threads other than the caller's.
        pass_fds: descriptors that it inherits.
        log: a file that both streams go to, and that is read from there, for a program that has to go on
            where this process is killed, or interrupted and not waited for any longer: the next line it writes
            to a pipe nobody reads would end it. Its errors go to a second file beside, `NAME.errors`.
            Default: pipes.
    """
    with ExitStack() as until_end:
        streams = _Streams(log, until_end)
        child = _start(command, cwd=cwd, changes=changes, pass_fds=pass_fds, streams=streams)
        output, errors = streams.readers(child, on_line)
        try:
            child.wait()
        except BaseException as interruption:
            has_heard = isinstance(interruption, KeyboardInterrupt) and not streams.outlive
            _let_end(child, told_already=has_heard, may_go_on=streams.outlive)
            raise
        return Ended(child.returncode, output.text(), errors.text())


class _Streams:
    """Where a program writes: to pipes, or to files that outlive its reader."""

    def __init__(self, log: Path | None, until_end: ExitStack) -> None:
        self.outlive = log is not None
        paths = [log, log.with_name(f"{log.name}.errors")] if log else []
        self.files = [until_end.enter_context(os.fdopen(os.open(path, _WRITE, 0o600), "w")) for path in paths]
        self._read = [path.open(errors="replace") for path in paths]

    def readers(self, child: subprocess.Popen[str], on_line: OnLine | None) -> tuple[_Reader, _Reader]:
        if self._read:
            first, second = (_Reader(_followed(file, child), on_line) for file in self._read)
        else:
            first, second = (_Reader(_whole(stream), on_line) for stream in (child.stdout, child.stderr))
        return first, second


def _start(
    command: Sequence[str], *, cwd: Path, changes: Changes | None, pass_fds: Sequence[int], streams: _Streams
) -> subprocess.Popen[str]:
    output, errors = streams.files or (subprocess.PIPE, subprocess.PIPE)
    return subprocess.Popen(  # noqa: S603  never through a shell
        list(command),
        cwd=cwd,
        env=changed(changes or {}),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        text=True,
        errors="replace",
        # A terminal sends Ctrl-C, and that it was closed, to all that runs in it. What has to go on hears of an
        # interruption from here alone: once, and whichever way it came.
        start_new_session=streams.outlive,
        # What Terraform writes may hold secrets: state, plans.
        umask=0o077,
        pass_fds=pass_fds,
    )


def _whole(stream: IO[str] | None) -> Iterator[str]:
    assert stream is not None  # noqa: S101  both streams are pipes
    with stream:
        yield from stream


def _followed(file: IO[str], child: subprocess.Popen[str]) -> Iterator[str]:
    """The lines that `child` writes to `file`, as they come."""
    part = ""
    has_ended = False
    with file:
        while not has_ended:
            has_ended = child.poll() is not None
            for text in file:
                part += text
                if part.endswith("\n"):
                    yield part
                    part = ""
            if not has_ended:
                time.sleep(_LOOK_SECONDS)
    if part:
        yield part


class _Reader:
    """Reads one stream to its end in a thread, so that a program never waits for its reader."""

    def __init__(self, stream: Iterator[str], on_line: OnLine | None) -> None:
        self._stream = stream
        self._on_line = on_line
        self._lines: list[str] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def text(self) -> str:
        self._thread.join()
        return "".join(self._lines)

    def _read(self) -> None:
        for line in self._stream:
            self._lines.append(line)
            if self._on_line:
                self._on_line(line.rstrip("\n"))


def _let_end(child: subprocess.Popen[str], *, told_already: bool, may_go_on: bool) -> None:
    """Let an interrupted program end in good order; one killed at once would leave its lock behind.

    It is told once: Terraform takes a second time for "now". One that may go on without its reader is never killed.
    """
    if not told_already:
        child.send_signal(signal.SIGINT)
    try:
        child.wait(timeout=_GRACE_SECONDS)
    except (subprocess.TimeoutExpired, KeyboardInterrupt, SystemExit):
        # What ended the run is what the caller is told of, not that waiting came to nothing.
        if not may_go_on:
            child.kill()
            child.wait()
