"""Life cycle of every resource type that mlinfra deploys, on the local AWS.

The snapshots are the conformance table: `python -m ci.conformance` writes it to the docs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.groups import CASES, GROUPS, SLOW_GROUPS, parameters

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

    from tests.conformance.case import Outcome

pytestmark = pytest.mark.deploy


@pytest.mark.parametrize(("outcomes", "name"), parameters(GROUPS), indirect=["outcomes"], scope="module")
def test_every_resource_type_completes_its_life_cycle(
    outcomes: dict[str, Outcome], name: str, snapshot: SnapshotAssertion
) -> None:
    assert outcomes[name].failures() == []
    assert dict(outcomes[name].by_type) == snapshot


def test_every_case_is_in_a_group() -> None:
    grouped = [name for groups in (GROUPS, SLOW_GROUPS) for names in groups.values() for name in names]
    assert sorted(grouped) == sorted(each.stem for each in CASES.glob("*.tf"))
