"""A runner archive with one file, for tests that do not execute it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.operations.runs.archives import writing_archive
from mlinfra.operations.runs.bundle import RunnerArchive

if TYPE_CHECKING:
    from pathlib import Path


def build_small_runner(target: Path) -> RunnerArchive:
    """In the place of `build_runner`."""
    with writing_archive(target, compressed=False) as written:
        written.writer.add_file("mlinfra/__init__.py", b"", size=0)
    return RunnerArchive(written.archive, "3.10")
