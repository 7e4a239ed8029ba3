"""Settings of training jobs, and the messages of those that are refused."""

from __future__ import annotations

from typing import Any

import pytest

from mlinfra import DeclarationError
from mlinfra.constructs.training.job_settings import JobSettings
from tests.unit.declarations.test_training_queue import a_declared_queue

IMAGE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/ranking/two-tower:2.3"


def settings(**changes: Any) -> JobSettings:
    """Valid settings with `changes`."""
    values: dict[str, Any] = {
        "prefix": "recsys-dev",
        "queue": a_declared_queue(),
        "name": "two-tower",
        "image": IMAGE,
        "attempts": 3,
        "timeout_seconds": 86_400,
        "priority": 100,
    }
    return JobSettings(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"nodes": 17}, "nodes: 17 is more than the queue's max_nodes. Expected: 1 to 16"),
        (
            {"nodes": 2, "spot": True},
            "spot: True is not possible with several nodes: AWS Batch runs them on demand only",
        ),
        ({"gpus_per_node": 5}, "gpus_per_node: 5 is more than a node has. Expected: at most 4, on g5.12xlarge"),
        ({"vcpus_per_node": 49}, "vcpus_per_node: 49 is more than a node has. Expected: at most 48"),
        ({"memory_mib_per_node": 200_000}, "memory_mib_per_node: 200000 is more than a node has"),
        (
            {"memory_mib_per_node": 1024, "shared_memory_mib": 2048},
            "shared_memory_mib: 2048 is more than memory_mib_per_node",
        ),
        ({"image": "two-tower"}, "image: 'two-tower' has no fixed version"),
        ({"image": "two-tower:latest"}, "image: 'two-tower:latest' has no fixed version"),
        ({"image": "localhost:5000/two-tower"}, "image: 'localhost:5000/two-tower' has no fixed version"),
        ({"image": "two tower:2"}, "image: 'two tower:2' has no fixed version"),
        ({"image": "a" * 253 + ":2.3"}, "image: .*at most 255 characters"),
        ({"variables": {"AWS_BATCH_X": "1"}}, "variables: 'AWS_BATCH_X' is reserved for AWS Batch"),
        ({"variables": {"X": "1"}, "secrets": {"X": "arn"}}, "secrets: 'X' is also in variables"),
        ({"attempts": 11}, "attempts: 11: .* Expected: 1 to 10"),
        ({"retry_exit_codes": [0]}, "retry_exit_codes.0: 0: .* Expected: At most 3 exit codes"),
        ({"retry_exit_codes": [1, 2, 3, 4]}, "retry_exit_codes: .* Expected: At most 3 exit codes"),
        ({"timeout_seconds": 59}, "timeout_seconds: 59: .* Expected: At least 60"),
        ({"priority": 0}, "priority: 0: .* Expected: 1 to 9999"),
    ],
)
def test_an_invalid_job_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=f"job 'two-tower': 1 problem\n  - {message}"):
        settings(**changes)


def test_a_job_of_several_nodes_has_nodes_of_the_first_type() -> None:
    types = {"gpu": None, "gpus_per_node": None, "instance_types": ["g5.12xlarge", "g5.48xlarge"]}
    with pytest.raises(DeclarationError, match=r"gpus_per_node: 8 is more than a node has\. Expected: at most 4"):
        settings(queue=a_declared_queue(**types), nodes=2, gpus_per_node=8)


def test_a_name_that_gives_too_long_a_role_name_is_refused() -> None:
    with pytest.raises(
        DeclarationError, match=r"the role name 'recommendations-r-.*-execution', .* so shorten it by 13\."
    ):
        settings(prefix="recommendations-r-production", name="j" * 30)
