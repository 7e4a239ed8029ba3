"""Start of runners by forking a process that has loaded them: `python -m tests.unit.runner.forking`.

A runner needs a second of processor time to load boto3, and the tests start many. Each line of the input is a JSON
object with `argv`, `environment` and `log`; each line of the output is the process id.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import sys

import botocore.session

from mlinfra.job.aws import connect as connect_job
from mlinfra.runner.__main__ import main
from mlinfra.runner.clients import connect

botocore.session.create_loader = functools.cache(botocore.session.create_loader)


def become_runner(call: dict[str, object]) -> None:
    """Execute the runner in this process, in a session of its own."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    log = os.open(str(call["log"]), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(call["environment"])  # type: ignore[call-overload]
    code = 1
    try:
        code = main(list(call["argv"]))  # type: ignore[call-overload]
    finally:
        sys.stderr.flush()
        os._exit(code)


def serve() -> None:
    """Fork until the input ends."""
    # Ended children are collected by the kernel.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    connect("us-east-1", "table")
    connect_job("table")
    for line in iter(sys.stdin.buffer.raw.readline, b""):  # unbuffered: a child must not inherit read lines
        call = json.loads(line)
        pid = os.fork()
        if pid == 0:
            become_runner(call)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
