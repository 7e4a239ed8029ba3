from __future__ import annotations

import json
import os
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from mlinfra.operations.deploy.plans_folder import remove_unusable, usable_plans
from mlinfra.operations.deploy.saved_plan import ERRORED_STATE, Attempt, SavedPlan
from mlinfra.operations.terraform import Repository
from tests.unit.operations.review.approvals import commit, git

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Literal

    Outcome = Literal["unknown", "failed", "applied", "recorded"]


def saved(
    folder: Path, name: str, *, of: str | None = "x", outcome: Outcome | None = None, complete: bool = True
) -> SavedPlan:
    made = SavedPlan(folder / name)
    made.stack.mkdir(parents=True)
    if complete:
        (made.folder / "about.json").write_text(json.dumps({"commit": of}))
    if outcome:
        made.note(Attempt(datetime(2026, 11, 26, tzinfo=timezone.utc), "ana@here", outcome))
    return made


def test_of_several_plans_the_used_and_incomplete_are_skipped(tmp_path: Path) -> None:
    fresh, interrupted, unrecorded = (
        saved(tmp_path, "fresh"),
        saved(tmp_path, "interrupted", outcome="unknown"),
        saved(tmp_path, "unrecorded", outcome="applied"),
    )
    used, failed = saved(tmp_path, "used", outcome="recorded"), saved(tmp_path, "failed", outcome="failed")
    unsaved = saved(tmp_path, "unsaved", outcome="failed")
    (unsaved.stack / ERRORED_STATE).write_text("{}")
    incomplete = saved(tmp_path, "incomplete", complete=False)
    foreign = tmp_path / "foreign.json"
    foreign.write_text("{}")
    paths = [each.folder for each in (fresh, interrupted, unrecorded, used, failed, unsaved, incomplete)]
    kept, skipped = usable_plans([*paths, used.folder / "plan.json", foreign])
    assert kept == (fresh.folder, interrupted.folder, unrecorded.folder, unsaved.folder, foreign)
    assert [(each.path, each.reason) for each in skipped] == [
        (used.folder, "it was applied"),
        (failed.folder, "its apply failed"),
        (incomplete.folder, "it is incomplete: planning failed or was interrupted"),
        (used.folder / "plan.json", "it was applied"),
    ]


def test_a_single_plan_is_never_skipped(tmp_path: Path) -> None:
    used = saved(tmp_path, "used", outcome="recorded").folder
    assert usable_plans([used]) == ((used,), ())


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    git(root, "init", "--initial-branch=main")
    (root / ".gitignore").write_text("plans\n")
    commit(root, ".gitignore", "ana@example.com")
    return root


def test_plans_that_cannot_be_applied_are_removed(repository: Path) -> None:
    folder, first = repository / "plans", git(repository, "rev-parse", "HEAD")
    commit(repository, "main.py", "ana@example.com", "1")
    second = git(repository, "rev-parse", "HEAD")
    commit(repository, "approvals/a.yaml", "ana@example.com", "")
    head = git(repository, "rev-parse", "HEAD")
    for name, of in (("earlier", first), ("before-approval", second), ("present", head), ("without", None)):
        saved(folder, name, of=of)
    for outcome in ("unknown", "failed", "applied", "recorded"):
        saved(folder, outcome, of=head, outcome=outcome)  # type: ignore[arg-type]
    (saved(folder, "unsaved", of=first, outcome="failed").stack / ERRORED_STATE).write_text("{}")
    saved(folder, "in-progress", complete=False)
    old = saved(folder, "incomplete", complete=False)
    os.utime(old.folder, (time.time() - 7200,) * 2)
    (folder / "notes").mkdir()
    removed = remove_unusable(folder, Repository(repository), head)
    assert removed == ("earlier", "failed", "incomplete", "recorded", "without")
    kept = {"applied", "before-approval", "in-progress", "notes", "present", "unknown", "unsaved"}
    assert {each.name for each in folder.iterdir()} == kept


def test_without_a_folder_nothing_is_removed(repository: Path) -> None:
    assert remove_unusable(repository / "plans", Repository(repository), None) == ()
