"""Each action with which AWS changes resources is locked, or left open for a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci.authorization import Reference
from ci.lockdown_actions import decisions, managed_services, reasons, write_actions
from mlinfra.catalog.managed_actions import LEFT_OPEN, MANAGED_ACTIONS, managed_actions_of

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCKED = managed_actions_of(MANAGED_ACTIONS)
KNOWN = (*LOCKED, *LEFT_OPEN)


def test_every_write_action_of_the_managed_services_has_one_decision() -> None:
    found = decisions(write_actions(), reasons())
    assert found.undecided == (), (
        "lock them in managed_actions.py, or give a reason in ci/lockdown_actions/left_open.csv"
    )
    assert found.unknown == (), "AWS has no such write actions"
    assert found.unused == (), "no action needs these patterns of left_open.csv"


def test_the_list_has_all_managed_services() -> None:
    assert {each.partition(":")[0] for each in write_actions()} == set(managed_services())
    assert len(write_actions()) > 1_400


def test_a_pattern_leaves_actions_of_a_named_subject_open() -> None:
    for pattern, reason in reasons().items():
        service, _, name = pattern.partition(":")
        assert len(name.strip("*")) >= 2, pattern
        assert service == "*" or service in managed_services(), pattern
        assert reason.endswith("."), pattern
        assert len(reason) > 20, pattern


@pytest.mark.parametrize(
    ("actions", "left_open", "undecided", "unknown", "unused"),
    [
        ((*KNOWN, "s3:PutMystery"), {}, ("s3:PutMystery",), (), ()),
        ((*KNOWN, "s3:PutMystery"), {"s3:*Mystery": "It is left open."}, (), (), ()),
        (KNOWN, {"s3:*Mystery": "It is left open."}, (), (), ("s3:*Mystery",)),
        (KNOWN, {"s3:PutBucketPolicy": "It is locked."}, (), (), ("s3:PutBucketPolicy",)),
        ([each for each in KNOWN if each != "s3:PutBucketPolicy"], {}, (), ("s3:PutBucketPolicy",), ()),
    ],
)
def test_missing_and_superfluous_decisions_are_found(
    actions: tuple[str, ...],
    left_open: Mapping[str, str],
    undecided: tuple[str, ...],
    unknown: tuple[str, ...],
    unused: tuple[str, ...],
) -> None:
    found = decisions(actions, left_open)
    assert (found.undecided, found.unknown, found.unused) == (undecided, unknown, unused)


def test_write_actions_of_the_reference_are_those_that_change_something() -> None:
    levels = {"PutX": "Write", "TagX": "Tagging", "GrantX": "Permissions management", "GetX": "Read", "ListX": "List"}
    reference = Reference({"s3": {"privileges": {name: {"access_level": level} for name, level in levels.items()}}})
    assert [action for action, _ in reference.write_actions("s3")] == ["s3:GrantX", "s3:PutX", "s3:TagX"]
