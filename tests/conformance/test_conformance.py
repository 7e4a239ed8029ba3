"""Life cycle of every resource type that mlinfra deploys, on the local AWS.

The snapshots are the conformance table: `python -m ci.conformance` writes it to the docs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conformance.case import Case
from tests.conftest import ROOT

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

pytestmark = pytest.mark.deploy

# The AWS provider waits ten minutes before it first checks that a file system is deleted.
SLOW = {"fsx_lustre"}
CASES = [
    pytest.param(path.stem, marks=[pytest.mark.slow] if path.stem in SLOW else [])
    for path in sorted(Path(__file__).parent.glob("cases/*.tf"))
]


@pytest.mark.parametrize("name", CASES)
def test_every_resource_type_completes_its_life_cycle(
    name: str, deployable: Path, tmp_path: Path, snapshot: SnapshotAssertion
) -> None:
    source = Path(__file__).parent / "cases" / f"{name}.tf"
    case = Case(source, tmp_path / name, deployable, changes={}, lock_file=ROOT / ".terraform.lock.hcl")
    outcome = case.run()
    assert outcome.failures() == []
    assert dict(outcome.by_type) == snapshot
