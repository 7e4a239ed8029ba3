"""Providers that were left by a killed Terraform, found by a file that they inherited.

Terraform starts its providers as processes. If it is killed they stay, and keep every descriptor that Terraform had
inherited, such as a locked record of a run.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PROVIDER: Final = "terraform-provider-"
"""The beginning of the name of every provider's program (Terraform, "Provider plugin names")."""
_PATIENCE_S: Final = 5.0
_PROC: Final = Path("/proc")


@dataclass(frozen=True)
class _Holder:
    pid: int
    program: str


def end_orphaned_providers(path: Path) -> bool:
    """End the providers that hold the file at `path` open, if no other process does.

    A Terraform that is running holds it, too. A provider has no state of its own: it ends with its Terraform.

    Returns:
        True if only providers held the file, and have ended.
    """
    holders = _holders(path)
    if not holders or not all(each.program.startswith(_PROVIDER) for each in holders):
        return False
    for sent in (signal.SIGTERM, signal.SIGKILL):
        for each in holders:
            with suppress(ProcessLookupError):
                os.kill(each.pid, sent)
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            if not _holders(path):
                return True
            time.sleep(0.05)
    return False


def _holders(path: Path) -> Sequence[_Holder]:
    """The other processes of this user that hold the file at `path` open."""
    found = _of_proc(path) if _PROC.is_dir() else _of_lsof(path)
    return [each for each in found if each.pid != os.getpid()]


def _of_proc(path: Path) -> Iterator[_Holder]:
    wanted = path.stat()
    for process in _PROC.iterdir():
        if not process.name.isdigit():
            continue
        # Processes end meanwhile, and those of other users cannot be read.
        with suppress(OSError):
            if any(_is_same(each, wanted) for each in (process / "fd").iterdir()):
                yield _Holder(int(process.name), (process / "exe").readlink().name)


def _is_same(descriptor: Path, wanted: os.stat_result) -> bool:
    with suppress(OSError):
        return os.path.samestat(descriptor.stat(), wanted)
    return False


def _of_lsof(path: Path) -> Iterator[_Holder]:
    """The same with `lsof`, a part of macOS, which prints `p<pid>` lines. Providers are started without arguments."""
    lsof, ps = shutil.which("lsof"), shutil.which("ps")
    if lsof is None or ps is None:
        return
    listed = subprocess.run([lsof, "-F", "p", "--", str(path)], capture_output=True, text=True, check=False)  # noqa: S603
    for pid in (line[1:] for line in listed.stdout.splitlines() if line.startswith("p")):
        shown = subprocess.run([ps, "-ww", "-o", "args=", "-p", pid], capture_output=True, text=True, check=False)  # noqa: S603
        yield _Holder(int(pid), Path(shown.stdout.strip()).name)
