"""Checkpoints: the adapter and the number of steps, in the folder that `mlinfra run --checkpoints` uploads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Checkpoint:
    """The last checkpoint of a folder."""

    def __init__(self, folder: Path) -> None:
        """Write nothing yet.

        Args:
            folder: the folder of checkpoints.
        """
        self._path = folder / "checkpoint.json"

    def save(self, step: int, values: Sequence[float]) -> None:
        """Replace the checkpoint. A node that is lost meanwhile leaves the previous one."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps({"step": step, "values": list(values)}))
        part.replace(self._path)

    def load(self, earlier: Path | None = None) -> tuple[int, list[float]] | None:
        """The number of steps and the values. None: there is no checkpoint.

        Args:
            earlier: the checkpoint of an earlier run, for a run that has none of its own yet. Default: none.
        """
        path = self._path if self._path.is_file() else earlier
        if path is None:
            return None
        content = json.loads(path.read_text())
        return content["step"], content["values"]
