"""The folder of saved plans: which plans can still be applied, and removal of the others."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlinfra.operations.deploy.saved_plan import SavedPlan
from mlinfra.operations.review import APPROVALS_FOLDER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlinfra.operations.terraform import Repository

_INCOMPLETE_S: Final = 3600.0
"""The time after which an incomplete plan cannot be in progress any more."""
_REASONS: Final = {"failed": "its apply failed", "applied": "it was applied", "recorded": "it was applied"}


@dataclass(frozen=True)
class SkippedPlan:
    """A plan that was left out, because it can no longer be applied."""

    path: Path
    reason: str


def usable_plans(paths: Sequence[Path]) -> tuple[tuple[Path, ...], tuple[SkippedPlan, ...]]:
    """Of several plans, those that can still be applied, and the others with reasons.

    A single plan is never skipped: it was chosen, and the operation explains why it cannot be used. Neither are files
    that `mlinfra plan` did not save.

    Args:
        paths: folders of plans, or files in them.
    """
    if len(paths) < 2:  # noqa: PLR2004
        return tuple(paths), ()
    used: list[Path] = []
    skipped: list[SkippedPlan] = []
    for path in paths:
        reason = _reason(path)
        if reason:
            skipped.append(SkippedPlan(path, reason))
        else:
            used.append(path)
    return tuple(used), tuple(skipped)


def _reason(path: Path) -> str | None:
    saved = SavedPlan(path if path.is_dir() else path.parent)
    if saved.errored_state.exists():
        # Its state must be written first: the operation explains how.
        return None
    attempt = saved.attempt()
    # `applied` is an apply whose commit is not recorded yet, which the next apply does.
    if attempt and attempt.outcome in {"failed", "recorded"}:
        return _REASONS[attempt.outcome]
    if path.is_dir() and saved.stack.is_dir() and not saved.is_complete:
        return "it is incomplete: planning failed or was interrupted"
    return None


def remove_unusable(folder: Path, repository: Repository, head: str | None) -> tuple[str, ...]:
    """Remove the plans in `folder` that can no longer be applied. Returns their names.

    These are plans whose apply completed or failed, incomplete plans, and plans of another commit. The files of an
    interrupted apply, and a state that is not in the bucket, are needed and kept.

    Args:
        folder: the folder of plans.
        repository: the repository of the project.
        head: the commit that is checked out.
    """
    removed = []
    for path in sorted(folder.glob("*/")):
        saved = SavedPlan(path)
        if saved.stack.is_dir() and _is_unusable(saved, repository, head):
            shutil.rmtree(path, ignore_errors=True)
            removed.append(path.name)
    return tuple(removed)


def _is_unusable(saved: SavedPlan, repository: Repository, head: str | None) -> bool:
    attempt = saved.attempt()
    if saved.errored_state.exists() or (attempt and attempt.outcome == "unknown"):
        return False
    if attempt:
        return attempt.outcome != "applied"
    if not saved.is_complete:
        return time.time() - saved.folder.stat().st_mtime > _INCOMPLETE_S
    try:
        commit = json.loads((saved.folder / "about.json").read_text(encoding="utf-8"))["commit"]
    except (OSError, ValueError, KeyError, TypeError):
        return True
    if commit == head:
        return False
    return not commit or not head or repository.differs(commit, head, outside=APPROVALS_FOLDER)
