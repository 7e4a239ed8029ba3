"""The report as a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlinfra.declarations import write_whole
from mlinfra.errors import OperationError
from mlinfra.operations.report.page import page

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class WrittenReport:
    """A written report."""

    path: Path
    size: int
    """In bytes."""
    unavailable: tuple[str, ...]
    """The names of sections without data."""


def write_report(data: dict[str, Any], path: Path) -> WrittenReport:
    """Write the report to a file. The file is replaced as a whole, so that a browser never reads a part of it.

    Args:
        data: the data of the report, from `collect`.
        path: the file. Missing folders are created.

    Raises:
        OperationError: if the file cannot be written.
    """
    content = page(data)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError as error:
        message = f"The report cannot be written to {path}: {error.strerror}."
        raise OperationError(message) from error
    unavailable = tuple(name for name, section in data["sections"].items() if not section["available"])
    return WrittenReport(path, len(content.encode()), unavailable)
