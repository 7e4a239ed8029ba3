"""Conformance cases by group: the cases of a group share one configuration, and so the waits of the provider."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from _pytest.mark.structures import ParameterSet

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
    "operations": ["billing", "cost", "federation", "messaging", "monitoring"],
}
"""The groups that `make test` runs."""

SLOW_GROUPS = {
    # The AWS provider waits ten minutes before it first checks for the deletion of a file system.
    "slow": ["fsx_lustre"],
}
"""The groups that only `make conformance` runs."""


def parameters(groups: Mapping[str, Sequence[str]]) -> Iterator[ParameterSet]:
    """A group and the name of a case, for each case; a group runs in one process."""
    for group, names in groups.items():
        for name in names:
            yield pytest.param(group, name, marks=pytest.mark.xdist_group(f"conformance-{group}"), id=name)
