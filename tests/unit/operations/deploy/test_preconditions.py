from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.operations.deploy.preconditions import ReviewHeldError, require_approved_review, require_committed
from mlinfra.operations.terraform import Repository
from tests.conftest import TODAY

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


def reviewed(*held: object) -> Any:
    return lambda *_, **__: SimpleNamespace(held=held, exit_code=3 if held else 0)


def test_a_held_review_ends_an_apply_with_the_exit_code_of_a_held_review(tmp_path: Path) -> None:
    with pytest.raises(ReviewHeldError) as refused:
        require_approved_review([], reviewed(HELD), root=tmp_path, today=TODAY, live=False)
    assert refused.value.exit_code == 3
    assert refused.value.message == (
        "The review holds 1 finding without an approval. Nothing was applied. Fix the findings and plan again, or let "
        f"another person approve each of them: {own_command()} approve DIGEST"
    )
    assert refused.value.details == "MLR101 3f9c1a2b4d  dev-data  aws_s3_bucket.raw: It is destroyed. Keep it."


def test_a_review_without_held_findings_permits_an_apply(tmp_path: Path) -> None:
    require_approved_review([], reviewed(), root=tmp_path, today=TODAY, live=False)


def test_a_project_without_a_commit_is_refused_before_anything_is_planned(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match=r"The project has no commit, .*git init, git add, git commit"):
        require_committed(Repository(tmp_path), tmp_path)
