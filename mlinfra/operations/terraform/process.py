"""Execution of programs: output line by line, and an orderly end after an interruption."""

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
"""Receives each line of a program's output when it is written, without the line end."""

_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC

_POLL_SECONDS = 0.1
"""The interval at which a log file is read."""

_GRACE_SECONDS = 60.0
"""The time for an interrupted program to end. Terraform completes the resources that it is changing."""


@dataclass(frozen=True)
class Ended:
    """The exit code and output of a program."""

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
    """Run `command` until it ends. Any exit code is returned.

    Args:
        command: the program and its arguments.
        cwd: the working directory.
        changes: changes to the environment variables of this process.
        on_line: receives each line of both streams, in other threads than the caller's.
        pass_fds: descriptors that the program inherits.
        log: a file for the output, for a program that must complete even if this process is killed or stops waiting
            for it: a pipe without a reader would end it at the next line. Errors are written to `NAME.errors` beside
            it. Default: pipes.
    """
    with ExitStack() as until_end:
        streams = _Streams(log, until_end)
        child = _start(command, cwd=cwd, changes=changes, pass_fds=pass_fds, streams=streams)
        output, errors = streams.readers(child, on_line)
        try:
            child.wait()
        except BaseException as interruption:
            # A terminal has already signalled a program in its process group.
            is_signalled = isinstance(interruption, KeyboardInterrupt) and not streams.needs_no_reader
            _wait_for_end(child, is_signalled=is_signalled, may_outlive=streams.needs_no_reader)
            raise
        return Ended(child.returncode, output.text(), errors.text())


class _Streams:
    """The output of a program: pipes, or files that do not require a reader."""

    def __init__(self, log: Path | None, until_end: ExitStack) -> None:
        self.needs_no_reader = log is not None
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
        # A terminal signals Ctrl-C and its closing to all of its processes. A program that must complete is signalled
        # by this process only, and only once.
        start_new_session=streams.needs_no_reader,
        # Files of Terraform may contain secrets: state, plans.
        umask=0o077,
        pass_fds=pass_fds,
    )


def _whole(stream: IO[str] | None) -> Iterator[str]:
    assert stream is not None  # noqa: S101  both streams are pipes
    with stream:
        yield from stream


def _followed(file: IO[str], child: subprocess.Popen[str]) -> Iterator[str]:
    """The lines that `child` writes to `file`, when they are written."""
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
                time.sleep(_POLL_SECONDS)
    if part:
        yield part


class _Reader:
    """Reads one stream in a thread, so that the program never waits for its reader."""

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


def _wait_for_end(child: subprocess.Popen[str], *, is_signalled: bool, may_outlive: bool) -> None:
    """Wait for the end of an interrupted program, because a killed Terraform does not release its lock.

    It receives one signal: Terraform ends immediately after a second one. A program that may outlive this process is
    never killed.
    """
    if not is_signalled:
        child.send_signal(signal.SIGINT)
    try:
        child.wait(timeout=_GRACE_SECONDS)
    except (subprocess.TimeoutExpired, KeyboardInterrupt, SystemExit):
        # The caller receives the exception that ended the run, not the timeout.
        if not may_outlive:
            child.kill()
            child.wait()
