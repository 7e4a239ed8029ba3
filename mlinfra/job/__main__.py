"""Run a command as a training job: `python -m mlinfra.job NAME -- COMMAND ARGUMENT ...`."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from mlinfra.functions.contract import Variable
from mlinfra.job.training import reported_job

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

_FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_CANNOT_RUN, _NOT_FOUND, _SIGNALLED = 126, 127, 128
"""Exit codes of shells for a command that cannot be run, is not found, or was ended by a signal (plus its number)."""


def main(argv: Sequence[str]) -> int:
    """Run the command in `argv` as a job.

    Args:
        argv: the arguments, without the program's name.

    Returns:
        The exit code of the command, as a shell gives it: 128 plus its number where a signal ended it.
    """
    before, separator, command = _split(argv)
    parser = argparse.ArgumentParser(
        prog="python -m mlinfra.job",
        usage="%(prog)s [-h] [--job-id ID] NAME -- COMMAND [ARGUMENT ...]",
        description="Run a command as a training job: report that it runs and how it ended, and protect its node.",
    )
    parser.add_argument("name", metavar="NAME", help="the name of the job in notifications")
    parser.add_argument(
        "--job-id", metavar="ID", help="the same on all nodes of a job (default: NAME and random digits)"
    )
    options = parser.parse_args(before)
    if not (separator and command):
        parser.error("the command to run comes after --")
    logging.basicConfig(format="%(name)s: %(message)s")
    # Log messages of other libraries do not concern the user of the command.
    logging.getLogger("mlinfra.job").setLevel(logging.INFO)
    try:
        _run_as_job(options.name, options.job_id, command)
    except SystemExit as end:
        return int(end.code or 0)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)  # noqa: T201  in the form of a shell
        return _NOT_FOUND if isinstance(error, FileNotFoundError) else _CANNOT_RUN
    return 0


def _split(argv: Sequence[str]) -> tuple[list[str], bool, list[str]]:
    arguments = list(argv)
    if "--" not in arguments:
        return arguments, False, []
    at = arguments.index("--")
    return arguments[:at], True, arguments[at + 1 :]


def _run_as_job(name: str, job_id: str | None, command: list[str]) -> None:
    forwarding = _Forwarding()
    with reported_job(name, job_id, None) as job:
        code = forwarding.run(command, {**os.environ, Variable.JOB: job.job_id})
        if code:
            raise SystemExit(code)


class _Forwarding:
    """Forwards signals to the command, which decides how to end.

    Set before the job starts, like a signal handler of training code.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        for signum in _FORWARDED:
            if signal.getsignal(signum) is not signal.SIG_IGN:
                signal.signal(signum, self._forward)

    def run(self, command: list[str], environment: Mapping[str, str]) -> int:
        """Run `command` to completion and return its exit code as a shell would."""
        self._process = subprocess.Popen(command, env=environment)  # noqa: S603  running it is what this is for
        while self._early:
            self._process.send_signal(self._early.pop())
        code = self._process.wait()
        return code if code >= 0 else _SIGNALLED - code

    def _forward(self, signum: int, _frame: FrameType | None) -> None:
        if self._process is None:
            self._early.append(signum)
        elif not (signum == signal.SIGINT and sys.stdin and sys.stdin.isatty()):
            # Ctrl-C reaches every process in the foreground of a terminal, so the command has received it already.
            self._process.send_signal(signum)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
