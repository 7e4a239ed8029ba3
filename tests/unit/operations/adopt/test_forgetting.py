"""Checks of the plan before a resource is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.declarations.adopted import dump_adopted
from mlinfra.declarations.forgotten import dump_forgotten
from mlinfra.declarations.record_file import write_whole
from mlinfra.errors import OperationError
from mlinfra.operations.adopt.forgetting import _others, _records
from tests.conftest import an_environment
from tests.unit.declarations.test_adopted import a_forgotten, an_adopted

if TYPE_CHECKING:
    from pathlib import Path

ADDRESS = "aws_s3_bucket.legacy-data"


def a_plan(**actions: list[str]) -> dict[str, Any]:
    return {
        "resource_changes": [
            {"address": f"aws_s3_bucket.{name.replace('_', '-')}", "mode": "managed", "change": {"actions": each}}
            for name, each in actions.items()
        ]
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "environments").mkdir()
    return tmp_path


def test_a_plan_that_forgets_is_accepted_and_other_changes_are_reported() -> None:
    plan = a_plan(legacy_data=["forget"], other=["update"], same=["no-op"], third=["forget"])
    assert _others(plan, a_forgotten()) == ("aws_s3_bucket.other: update",)


@pytest.mark.parametrize(("plan", "told"), [(a_plan(legacy_data=["delete"]), "delete"), (a_plan(), "no change")])
def test_a_plan_with_another_action_is_refused(plan: dict[str, Any], told: str) -> None:
    with pytest.raises(OperationError, match=rf"does not forget {ADDRESS}\. Planned: {told}\. Nothing was written"):
        _others(plan, a_forgotten())


def test_an_adopted_resource_is_removed_from_its_record(root: Path) -> None:
    other = an_adopted(name="other", id="other")
    (root / "environments" / "dev.adopted.json").write_text(dump_adopted([an_adopted(), other]))
    records, _ = _records(an_environment(), root, a_forgotten(), {ADDRESS: "legacy-data"})
    assert list(records) == ["dev.forgotten.json", "dev.adopted.json"]
    assert records["dev.adopted.json"] == dump_adopted([other])


def test_the_same_address_in_another_stack_stays_adopted(root: Path) -> None:
    (root / "environments" / "dev.adopted.json").write_text(dump_adopted([an_adopted()]))
    records, _ = _records(an_environment(), root, a_forgotten(stack="dev-data"), {ADDRESS: "x"})
    assert list(records) == ["dev.forgotten.json"]


def test_a_second_request_is_refused(root: Path) -> None:
    (root / "environments" / "dev.forgotten.json").write_text(dump_forgotten([a_forgotten()]))
    with pytest.raises(OperationError, match="is already recorded: the next apply of dev-adopted forgets it"):
        _records(an_environment(), root, a_forgotten(), {ADDRESS: "x"})


def test_entries_that_are_no_longer_in_the_state_are_removed(root: Path) -> None:
    done, elsewhere = a_forgotten(address="aws_sqs_queue.q"), a_forgotten(stack="dev-data")
    (root / "environments" / "dev.forgotten.json").write_text(dump_forgotten([done, elsewhere]))
    records, dropped = _records(an_environment(), root, a_forgotten(), {ADDRESS: "x"})
    assert dropped == ("aws_sqs_queue.q",)
    assert records["dev.forgotten.json"] == dump_forgotten([a_forgotten(), elsewhere])


def test_a_record_that_cannot_be_written_stays_unchanged(root: Path) -> None:
    path = root / "record.json"
    path.write_text("before")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "after \ud800")
    assert path.read_text() == "before"
    assert [each.name for each in root.iterdir() if each.is_file()] == ["record.json"]
