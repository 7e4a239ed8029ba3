"""Stacks of each environment of this repository. No address may be lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ci import conformance
from mlinfra.testing import Template
from tests.snapshots.conftest import infrastructure

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

MANIFEST = Path(__file__).parent / "addresses.json"
STACKS = [
    f"{environment}-{component}"
    for environment in ("dev", "local", "prod", "staging")
    for component in ("state", "foundation", "data", "training", "studio", "serving", "governance")
]


@pytest.mark.parametrize("name", STACKS)
def test_stack(name: str, synthesized: Path, template_snapshot: SnapshotAssertion) -> None:
    assert infrastructure(Template.read(synthesized / name)) == template_snapshot


@pytest.mark.parametrize("name", STACKS)
def test_no_address_vanishes(name: str, synthesized: Path) -> None:
    """A lost address is a resource that the next apply destroys.

    Where it was renamed, say so with `move_from_id`. Where it shall be destroyed, such as with an
    experiment that has ended, take its line out of addresses.json: that line is what gets reviewed.
    """
    Template.read(synthesized / name).assert_addresses_kept(json.loads(MANIFEST.read_text()).get(name, []))


def test_every_address_is_in_the_manifest(synthesized: Path, pytestconfig: pytest.Config) -> None:
    """`make snapshots` adds what is new; it takes nothing away."""
    known: dict[str, list[str]] = json.loads(MANIFEST.read_text())
    present = {name: Template.read(synthesized / name).addresses for name in STACKS}
    merged = {name: sorted({*known.get(name, []), *present[name]}) for name in STACKS}
    if pytestconfig.getoption("update_snapshots", default=False):
        MANIFEST.write_text(json.dumps(merged, indent=2) + "\n")
        return
    new = {name: sorted(set(present[name]) - set(known.get(name, []))) for name in STACKS}
    assert not any(new.values()), f"not in {MANIFEST.name}: {new}; `make snapshots` adds them"


def test_the_local_aws_can_do_all_that_is_deployed(synthesized: Path) -> None:
    emitted = {each.partition(".")[0] for name in STACKS for each in Template.read(synthesized / name).addresses}
    assert emitted - conformance.results().keys() == set(), "add them to a case in tests/conformance/cases"
