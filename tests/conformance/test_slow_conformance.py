"""Life cycle of the resource types that take more than ten minutes.

A module of its own: syrupy reports the snapshot of a deselected case as unused if other cases of its module run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.groups import SLOW_GROUPS, parameters

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

    from tests.conformance.case import Outcome

pytestmark = [pytest.mark.deploy, pytest.mark.slow, pytest.mark.timeout(4 * 3600)]


@pytest.mark.parametrize(("outcomes", "name"), parameters(SLOW_GROUPS), indirect=["outcomes"], scope="module")
def test_every_resource_type_completes_its_life_cycle(
    outcomes: dict[str, Outcome], name: str, snapshot: SnapshotAssertion
) -> None:
    assert outcomes[name].failures() == []
    assert dict(outcomes[name].by_type) == snapshot
