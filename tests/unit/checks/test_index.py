"""The index of all checks."""

from __future__ import annotations

from mlinfra.checks.index import CHECKS
from mlinfra.operations.review import all_rules


def test_ids_are_unique_and_sorted() -> None:
    ids = [each.id for each in CHECKS]
    assert ids == sorted(set(ids))


def test_ids_of_checks_and_of_rules_of_the_review_differ() -> None:
    assert not {each.id for each in CHECKS} & set(all_rules())


def test_related_rules_exist() -> None:
    related = {each for check in CHECKS for each in check.related}
    assert {each for each in related if not each.startswith("CKV")} <= set(all_rules())
