"""Life cycle of every resource type that mlinfra deploys, on the local AWS.

The snapshots are the conformance table: `python -m ci.conformance` writes it to the docs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conformance.case import Cases
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _pytest.mark.structures import ParameterSet
    from syrupy.assertion import SnapshotAssertion

    from tests.conformance.case import Outcome

pytestmark = pytest.mark.deploy

CASES = Path(__file__).parent / "cases"
GROUPS = {
    "sagemaker": [
        "sagemaker_images",
        "sagemaker_inference",
        "sagemaker_monitoring",
        "sagemaker_notebooks",
        "sagemaker_registries",
        "sagemaker_studio",
    ],
    "compute": [
        "autoscaling_group",
        "batch",
        "ec2_capacity",
        "ec2_instance",
        "eks_node_group",
        "functions",
        "network",
    ],
    "data": ["analytics", "kms", "registry", "s3"],
    "operations": ["cost", "federation", "messaging", "monitoring"],
    # The AWS provider waits ten minutes before it first checks for the deletion of a file system.
    "slow": ["fsx_lustre"],
}
"""Cases that share one configuration, and so the waits of the provider."""


def _parameters() -> Iterator[ParameterSet]:
    for group, names in GROUPS.items():
        marks = [pytest.mark.xdist_group(f"conformance-{group}"), *([pytest.mark.slow] if group == "slow" else [])]
        for name in names:
            yield pytest.param(group, name, marks=marks, id=name)


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


@pytest.mark.parametrize(("outcomes", "name"), _parameters(), indirect=["outcomes"], scope="module")
def test_every_resource_type_completes_its_life_cycle(
    outcomes: dict[str, Outcome], name: str, snapshot: SnapshotAssertion
) -> None:
    assert outcomes[name].failures() == []
    assert dict(outcomes[name].by_type) == snapshot


def test_every_case_is_in_a_group() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(each.stem for each in CASES.glob("*.tf"))
