"""Conformance tests run the cases of a group together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from syrupy.extensions.json import JSONSnapshotExtension

from tests.conformance.case import Cases
from tests.conformance.groups import CASES
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion

    from tests.conformance.case import Outcome


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """The snapshot of a test, in a file of its own."""
    return snapshot.use_extension(JSONSnapshotExtension)


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, deployable: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Outcome]:
    """The outcome of each selected case of a group, by name."""
    chosen = [each.callspec.params for each in request.session.items if hasattr(each, "callspec")]
    names = [each["name"] for each in chosen if each.get("outcomes") == request.param]
    folder = tmp_path_factory.mktemp(request.param)
    cases = Cases([CASES / f"{name}.tf" for name in names], folder, deployable, ROOT / ".terraform.lock.hcl")
    cases.run()
    return cases.outcomes
