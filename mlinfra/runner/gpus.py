"""Use of the GPUs of a node while the command runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

SAMPLE_SECONDS: Final = 30.0
_COMMAND_SECONDS: Final = 25.0
"""Without persistence mode, nvidia-smi needs 6 to 15 seconds on hosts with 8 GPUs (node_guard/accelerators.py)."""


class GpuUse:
    """Samples the utilization in a thread of its own. Without `nvidia-smi`, nothing is known."""

    def __init__(self, seconds: float = SAMPLE_SECONDS) -> None:
        """Start the thread, if the node has `nvidia-smi`.

        Args:
            seconds: the time between two samples, in seconds. Default: 30.
        """
        self._seconds = seconds
        self._sum, self._count = 0.0, 0
        self.driver: str | None = None
        self.cuda: str | None = None
        self._measures = threading.Event()
        self._ending = threading.Event()
        if shutil.which("nvidia-smi"):
            threading.Thread(target=self._run, name="mlinfra.runner.gpus", daemon=True).start()

    @property
    def percent(self) -> int | None:
        """The mean utilization of all GPUs while the command ran, in percent. None: unknown."""
        return round(self._sum / self._count) if self._count else None

    def begin(self) -> None:
        """Count samples from now on: the command runs."""
        self._measures.set()

    def end(self) -> None:
        """Stop the thread."""
        self._ending.set()

    def _run(self) -> None:
        self.driver, self.cuda = _versions()
        while not self._ending.wait(self._seconds):
            if self._measures.is_set() and (values := utilizations()):
                self._sum += sum(values) / len(values)
                self._count += 1


def utilizations() -> list[float]:
    """The utilization of each GPU in percent. Empty: unknown. A GPU without the value, as in MIG mode, is left out."""
    text = _nvidia_smi(["--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"])
    return [float(each) for each in text.split() if re.fullmatch(r"\d+(\.\d+)?", each)]


def _versions() -> tuple[str | None, str | None]:
    """The versions of the driver and of CUDA that it supports."""
    driver = _nvidia_smi(["--query-gpu=driver_version", "--format=csv,noheader"]).split()
    # Its table names the version of CUDA, which no query does.
    cuda = re.search(r"CUDA Version:\s*(\d+\.\d+)", _nvidia_smi([]))
    return driver[0] if driver else None, cuda.group(1) if cuda else None


def _nvidia_smi(arguments: Sequence[str]) -> str:
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(  # noqa: S603
            ["nvidia-smi", *arguments],  # noqa: S607
            check=True,
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C"},
        )
        return done.stdout
    return ""
