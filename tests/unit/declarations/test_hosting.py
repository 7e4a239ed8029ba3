"""Kinds of hosting and of updates, and errors of invalid ones."""

from __future__ import annotations

from typing import Any

import pytest

from mlinfra import Asynchronous, BlueGreen, DeclarationError, RealTime, Serverless
from mlinfra.catalog.hosting import has_local_disks, hosting_instance_types
from mlinfra.catalog.instances import instance_types


@pytest.mark.parametrize(
    ("hosting", "values", "expected"),
    [
        (
            RealTime,
            {"instance_type": "g5.xlarge"},
            (
                "instance_type: 'g5.xlarge' is not an instance type for SageMaker endpoints. Expected: a type "
                "such as ml.g5.xlarge, ml.g5.2xlarge, ml.g5.4xlarge, ml.g5.8xlarge, ml.g5.12xlarge, ml.g5.16xlarge, "
                "ml.g5.24xlarge, ml.g5.48xlarge."
            ),
        ),
        (
            RealTime,
            {"instance_type": "ml.x9.large"},
            ("instance_type: 'ml.x9.large' is not an instance type for SageMaker endpoints. Expected: a type such as "),
        ),
        (
            RealTime,
            {"instance_type": "ml.m7i.large", "instances": 2, "max_instances": 2, "invocations_per_instance": 9},
            "max_instances: 2 is not more than instances. Expected: 3 or more, or leave it out.",
        ),
        (
            RealTime,
            {"instance_type": "ml.m7i.large", "max_instances": 2},
            (
                "max_instances, invocations_per_instance: only one of them is given. Expected: both, to scale by the "
                "number of requests; or neither."
            ),
        ),
        (
            Serverless,
            {"memory_mib": 1536},
            (
                "memory_mib: 1536: input should be a multiple of 1024. Expected: The memory of a container, in MiB: "
                "1024, 2048, 3072, 4096, 5120 or 6144."
            ),
        ),
        (Serverless, {"memory_mib": 7168}, "memory_mib: 7168: input should be less than or equal to 6144."),
        (Serverless, {"max_concurrency": 201}, "max_concurrency: 201: input should be less than or equal to 200."),
        (
            Serverless,
            {"provisioned_concurrency": 6},
            "provisioned_concurrency: 6 is more than max_concurrency. Expected: 1 to 5.",
        ),
        (
            Asynchronous,
            {"instance_type": "ml.g5.xlarge", "min_instances": 2},
            "min_instances: 2 is more than max_instances. Expected: 0 to 1.",
        ),
        (
            BlueGreen,
            {"traffic": "linear", "step_percent": 5},
            "step_percent: 5 is too small for linear. Expected: 10 to 50.",
        ),
        (
            BlueGreen,
            {"traffic": "linear", "step_percent": 10, "wait_seconds": 600},
            (
                "timeout_seconds: 3600 is not more than all waits together, 6000 seconds. Expected: more, up to 3600, "
                "or shorter waits."
            ),
        ),
        (BlueGreen, {"traffic": "rolling"}, "Expected: all-at-once; canary (a part, then the rest); or linear"),
    ],
)
def test_instances_that_sagemaker_does_not_offer_are_refused(
    hosting: Any, values: dict[str, Any], expected: str
) -> None:
    with pytest.raises(DeclarationError) as caught:
        hosting(**values)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("declared", "seconds"),
    [
        (BlueGreen(), 600),
        (BlueGreen(traffic="canary"), 1200),
        (BlueGreen(traffic="linear", step_percent=50), 1200),
        (BlueGreen(traffic="linear", step_percent=33, wait_seconds=60, termination_wait_seconds=0), 180),
    ],
)
def test_the_duration_of_a_deployment_includes_its_waiting_times(declared: BlueGreen, seconds: int) -> None:
    assert declared.waiting_seconds == seconds


def test_a_deployment_begins_with_an_instance_also_where_none_is_left_in_the_end() -> None:
    assert Asynchronous(instance_type="ml.g5.xlarge").instances == 1
    assert Asynchronous(instance_type="ml.g5.xlarge", min_instances=2, max_instances=3).instances == 2


@pytest.mark.parametrize(
    ("instance_type", "has_disks"),
    [
        ("ml.g4dn.xlarge", True),
        ("ml.g5.xlarge", True),
        ("ml.p4d.24xlarge", True),
        ("ml.p3.2xlarge", False),
        ("ml.inf2.xlarge", False),
        ("ml.m5d.large", True),
        ("ml.m6gd.large", True),
        ("ml.m7i.large", False),
        ("ml.c6in.large", False),
    ],
)
def test_local_disks_are_known(instance_type: str, has_disks: bool) -> None:  # noqa: FBT001
    assert has_local_disks(instance_type) is has_disks


def test_what_the_catalog_says_of_accelerators_agrees_with_the_names_of_families() -> None:
    accelerated = [each for each in hosting_instance_types() if each.removeprefix("ml.") in instance_types()]
    assert len(accelerated) > 40
    with_a_d = [each for each in accelerated if each.split(".")[1] in {"g4dn", "p4d", "p4de"}]
    assert all(has_local_disks(each) for each in with_a_d)
