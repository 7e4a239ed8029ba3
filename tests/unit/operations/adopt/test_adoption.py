"""Arguments that are left out until the plan has no changes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.adopt.adoption import _drafts, _verify
from mlinfra.operations.adopt.kinds import KINDS
from mlinfra.operations.adopt.reading import Reading, ReadResource
from mlinfra.operations.adopt.search import Found
from tests.conftest import TODAY, an_environment
from tests.unit.declarations.test_adopted import a_forgotten

if TYPE_CHECKING:
    from mlinfra.operations.terraform.proposals import ProposedStack

EITHER = {"optional": True, "computed": True}
SCHEMAS = {
    "aws_s3_bucket": {
        "block": {
            "attributes": {"bucket": EITHER, "bucket_prefix": EITHER, "tags": {"optional": True}},
        }
    }
}
VALUES = {"bucket": "legacy", "bucket_prefix": "leg", "tags": {"a": "b"}, "force_destroy": None}
CONFLICT = 'Error: Conflict\n\n  with aws_s3_bucket.legacy,\n\n"bucket_prefix": conflicts with bucket\n'
READING = Reading([ReadResource(Found(KINDS["bucket"], "legacy", "legacy"), VALUES, {})], SCHEMAS)


class Planned:
    """Replaces a stack: answers each plan with the next of `answers`, and records the requests."""

    environment = "dev"

    def __init__(self, *answers: tuple[str, dict[str, Any]]) -> None:
        self._answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def plan(self, records: dict[str, str]) -> tuple[str, dict[str, Any]]:
        self.asked += json.loads(records["dev.adopted.json"])["adopted"]
        return self._answers.pop(0)


def a_plan(*actions: str, **change: Any) -> tuple[str, dict[str, Any]]:
    changed = {"actions": list(actions), "importing": {"id": "legacy"}, **change}
    return "", {"resource_changes": [{"address": "aws_s3_bucket.legacy", "mode": "managed", "change": changed}]}


def verified(stack: Planned) -> tuple[Any, Any]:
    drafts = _drafts(READING, [], an_environment(), "ana@example.com", TODAY)
    (draft,), (planned,), _ = _verify(drafts, READING, [], cast("ProposedStack", stack))
    return draft, planned


def test_a_proposal_without_changes_is_accepted() -> None:
    draft, planned = verified(Planned(a_plan("no-op")))
    assert planned.changes_nothing
    assert draft.adopted.arguments == {"bucket": "legacy", "bucket_prefix": "leg", "tags": {"a": "b"}}
    assert draft.adopted.ignore_changes == ("force_destroy",)
    assert draft.adopted.prevent_destroy


def test_a_replacement_is_planned_and_reported() -> None:
    stack = Planned(a_plan("delete", "create", before={"tags": 1}, after={"tags": 2}))
    _, planned = verified(stack)
    assert planned.outcome == "replaced"
    assert stack.asked[0]["prevent_destroy"] is False


def test_conflicting_arguments_are_left_out() -> None:
    draft, planned = verified(Planned((CONFLICT, {}), a_plan("no-op")))
    assert planned.changes_nothing
    assert "bucket_prefix" not in draft.adopted.arguments
    assert draft.arguments.left_out == {"bucket_prefix": "it conflicts with bucket"}


def test_a_changing_argument_is_left_out_if_aws_keeps_its_value() -> None:
    changed = a_plan("update", before={"bucket_prefix": "leg"}, after={"bucket_prefix": "x"})
    draft, planned = verified(Planned(changed, a_plan("no-op")))
    assert planned.changes_nothing
    assert draft.arguments.left_out == {"bucket_prefix": 'Terraform would change it: "leg" -> "x"'}


def test_remaining_changes_are_shown() -> None:
    changed = a_plan("update", before={"tags": {"a": "b"}}, after={"tags": {"a": "c"}})
    draft, planned = verified(Planned(changed))
    assert not planned.changes_nothing
    assert [str(each) for each in planned.changes] == ['tags.a: "b" -> "c"']
    assert draft.adopted.arguments["tags"] == {"a": "b"}


def test_other_errors_of_terraform_are_shown() -> None:
    with pytest.raises(OperationError, match="Terraform refuses the proposed declaration") as refused:
        verified(Planned(("Error: No such thing", {})))
    assert refused.value.details == "Error: No such thing"


def test_a_forgotten_address_is_not_used_again() -> None:
    environment = an_environment(forgotten=[a_forgotten(address="aws_s3_bucket.legacy")])
    (draft,) = _drafts(READING, [], environment, "ana@example.com", TODAY)
    assert draft.adopted.address == "aws_s3_bucket.legacy-2"
