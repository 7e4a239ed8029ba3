"""Checkpoints: the model and the number of steps, in the folder that mlinfra uploads, and restores for a retry."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from training.model import TwoTower

if TYPE_CHECKING:
    from pathlib import Path

_FILE = "checkpoint.json"


def save_checkpoint(folder: Path, step: int, model: TwoTower) -> None:
    """Write a checkpoint in place of the previous one. A node that is lost meanwhile leaves the previous one."""
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / f"{_FILE}.part"
    written.write_text(json.dumps({"step": step, "model": asdict(model)}))
    written.replace(folder / _FILE)


def load_checkpoint(folder: Path) -> tuple[int, TwoTower] | None:
    """The number of steps and the model of the checkpoint. None: there is none."""
    path = folder / _FILE
    if not path.is_file():
        return None
    content = json.loads(path.read_text())
    return content["step"], TwoTower(**content["model"])
