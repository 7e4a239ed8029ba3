"""Run one command in a fresh process and measure its wall time, processor time, and peak memory of Python and of node.

Linux only: peak memory is read from `/proc`.
"""

import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
_POLL_SECONDS = 0.02


class CommandFailedError(Exception):
    """The measured command failed; the message ends in what it printed."""


@dataclass(frozen=True)
class Measurement:
    """Time and peak memory of one run.

    Attributes:
        seconds: wall time.
        cpu_seconds: processor time of Python and node, which other load affects less.
        python_mib: peak memory of Python in MiB.
        node_mib: peak memory of node in MiB.
    """

    seconds: float
    cpu_seconds: float
    python_mib: float
    node_mib: float


def run(
    arguments: Sequence[str | Path],
    environment: Mapping[str, str],
    bytecode: Path,
    *,
    program: str | Path = sys.executable,
) -> Measurement:
    """Run `python ARGUMENTS` from the root of the repository, with `environment` added to this process's own.

    Python writes its bytecode to the folder `bytecode`, even if it is configured to write none: otherwise every run
    compiles the bindings again, and stock loading, which imports all of them, appears slower.

    Args:
        arguments: the arguments.
        environment: the added environment variables.
        bytecode: the folder for bytecode.
        program: the Python, or another program. Default: the Python of this process.

    Raises:
        CommandFailedError: It exited with a code other than 0.
    """
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    cpu_before, started = _cpu_seconds_of_children(), time.perf_counter()
    # A file: a pipe that nothing reads would block a program that prints much.
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(  # noqa: S603  the arguments are this package's own
            [program, *arguments],
            cwd=REPOSITORY,
            env=inherited | dict(environment) | {"PYTHONPYCACHEPREFIX": str(bytecode)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        # The kernel keeps the peak of each process while it lives: the last reading is its peak to within one poll.
        peaks: dict[int, tuple[str, float]] = {}
        while process.poll() is None:
            for pid in (process.pid, *_descendants(process.pid)):
                with contextlib.suppress(OSError, KeyError):
                    peaks[pid] = _peak(pid)
            time.sleep(_POLL_SECONDS)
        seconds = time.perf_counter() - started
        if process.returncode:
            output.seek(0)
            printed = output.read()[-2000:]
            message = f"{' '.join(map(str, (program, *arguments)))} exited with {process.returncode}:\n{printed}"
            raise CommandFailedError(message)
    return Measurement(
        seconds=seconds,
        cpu_seconds=_cpu_seconds_of_children() - cpu_before,
        python_mib=peaks[process.pid][1],
        # jsii runs two: the kernel, and a small parent that relays its output.
        node_mib=sum(mib for name, mib in peaks.values() if name == "node"),
    )


def _cpu_seconds_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _descendants(pid: int) -> list[int]:
    children: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += map(int, (task / "children").read_text().split())
    return children + [grandchild for child in children for grandchild in _descendants(child)]


def _peak(pid: int) -> tuple[str, float]:
    """The name of a process and its peak resident memory in MiB."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return status["Name"].strip(), int(status["VmHWM"].split()[0]) / 1024
