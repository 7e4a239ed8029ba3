"""CPU options of instances."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.local_aws.gaps.ec2.conftest import launched


@pytest.mark.parametrize(
    ("instance_type", "cores", "threads"), [("g5.xlarge", 2, 2), ("g5g.xlarge", 4, 1), ("m5.large", 2, 1)]
)
def test_instances_are_described_with_their_cpus(ec2: Any, instance_type: str, cores: int, threads: int) -> None:
    instance = launched(ec2, f"cpus-of-{instance_type}", {"ImageId": "ami-12345678", "InstanceType": instance_type})
    assert instance["CpuOptions"] == {"CoreCount": cores, "ThreadsPerCore": threads}
