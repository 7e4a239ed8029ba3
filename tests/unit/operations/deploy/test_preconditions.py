from __future__ import annotations

import json
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.operations.deploy.preconditions import (
    ReviewHeldError,
    checked_plans,
    require_approved_review,
    require_committed,
)
from mlinfra.operations.deploy.saved_plan import SavedPlan
from mlinfra.operations.terraform import Repository
from tests.conftest import TODAY
from tests.unit.operations.deploy.test_stored_plans import STATE
from tests.unit.operations.runs.repositories import a_repository, git

if TYPE_CHECKING:
    from pathlib import Path

HELD = SimpleNamespace(
    id="MLR101",
    digest="3f9c1a2b4d",
    stack="dev-data",
    address="aws_s3_bucket.raw",
    text="It is destroyed.",
    fix="Keep it.",
)


SELF_APPROVED = SimpleNamespace(
    id="MLR903",
    stack="dev-data",
    text="The approval of MLR101 by ana@example.com does not count: ana@example.com is an author of the change.",
    fix="Let another person approve it.",
)


def reviewed(*held: object, rejected: tuple[object, ...] = ()) -> Any:
    report = SimpleNamespace(held=held, rejected_approvals=rejected, exit_code=3 if held else 0)
    return lambda *_, **__: report


def a_plan(folder: Path, *, commit: str) -> Path:
    """A saved plan that was made from uncommitted changes."""
    synthesized = folder.parent / "synthesized"
    synthesized.mkdir()
    (synthesized / "cdk.tf.json").write_text(json.dumps(STATE))
    saved = SavedPlan(folder)
    saved.begin(synthesized)
    saved.tfplan.write_text("plan")
    saved.document.write_text("{}")
    saved.finish(
        stack="dev-data",
        environment="dev",
        commit=commit,
        dirty=True,
        created=datetime(2026, 11, 29, tzinfo=timezone.utc),
        mlinfra="1",
        terraform="1.11.4",
        changes=True,
    )
    return folder


def test_a_held_review_ends_an_apply_with_the_exit_code_of_a_held_review(tmp_path: Path) -> None:
    with pytest.raises(ReviewHeldError) as refused:
        require_approved_review([], reviewed(HELD), root=tmp_path, today=TODAY, live=False)
    assert refused.value.exit_code == 3
    assert refused.value.message == (
        "The review holds 1 finding without an approval. Nothing was applied. Fix the findings and plan again, or let "
        f"another person approve each of them: {own_command()} approve DIGEST"
    )
    assert refused.value.details == "MLR101 3f9c1a2b4d  dev-data  aws_s3_bucket.raw: It is destroyed. Keep it."


def test_the_reason_why_an_approval_does_not_count_is_shown(tmp_path: Path) -> None:
    with pytest.raises(ReviewHeldError) as refused:
        require_approved_review([], reviewed(HELD, rejected=(SELF_APPROVED,)), root=tmp_path, today=TODAY, live=False)
    assert refused.value.details.splitlines()[1] == (
        "MLR903  dev-data  The approval of MLR101 by ana@example.com does not count: ana@example.com is an author of "
        "the change. Let another person approve it."
    )


def test_a_review_without_held_findings_permits_an_apply(tmp_path: Path) -> None:
    require_approved_review([], reviewed(), root=tmp_path, today=TODAY, live=False)


def test_a_plan_from_uncommitted_changes_is_refused_with_the_files(tmp_path: Path) -> None:
    root = a_repository(tmp_path / "project")
    (root / "plans").mkdir()
    (root / "environments").mkdir()
    (root / "environments" / "dev.pyc").touch()
    saved = a_plan(root / "plans" / "dev-data", commit=git(root, "rev-parse", "HEAD"))

    def refusal() -> str:
        with pytest.raises(OperationError) as refused:
            checked_plans([saved], Repository(root), root=root, allow_dirty=False)
        return refused.value.message

    begin = (
        "The plan of dev-data was made from uncommitted changes, so the applied code could not be determined later. "
        "Nothing was applied."
    )
    assert refusal() == (
        f"{begin} Not committed now: environments/dev.pyc. Commit these files, or name generated "
        "ones in .gitignore. Then plan again. Or use --allow-dirty, which is recorded."
    )
    (root / "environments" / "dev.pyc").unlink()
    assert refusal() == f"{begin} Commit and plan again, or use --allow-dirty, which is recorded."


def test_a_project_without_a_commit_is_refused_before_anything_is_planned(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match=r"The project has no commit, .*git init, git add, git commit"):
        require_committed(Repository(tmp_path), tmp_path)
