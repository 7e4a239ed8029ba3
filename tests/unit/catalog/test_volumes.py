"""Performance of root volumes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import moto
import pytest

from mlinfra.catalog import VolumePerformance, ebs_throughput, instance_types, root_volume_performance


@pytest.mark.parametrize(
    ("names", "throughput", "iops"),
    [
        (["p5.48xlarge"], 1000, 4000),
        (["p3.8xlarge"], 834, 3336),
        (["g4dn.xlarge"], 417, 3000),
        (["p5.48xlarge", "g4dn.xlarge"], 417, 3000),
        (["m5.large"], 125, 3000),
        ([], 125, 3000),
    ],
    ids=["most-of-gp3", "all-that-the-type-can-use", "burst", "the-slowest", "unknown", "none"],
)
def test_a_volume_is_as_fast_as_nodes_can_use(names: list[str], throughput: int, iops: int) -> None:
    assert root_volume_performance(names) == VolumePerformance(throughput, iops)


def test_ebs_accepts_the_performance_for_every_type_at_the_smallest_size() -> None:
    for name in instance_types():
        performance = root_volume_performance([name])
        assert 125 <= performance.throughput <= 1000, name
        assert 3000 <= performance.iops <= 100 * 500, name  # at most 500 for each GiB
        assert performance.throughput <= performance.iops / 4, name


def test_every_type_of_the_catalog_is_known() -> None:
    assert ebs_throughput().keys() == instance_types().keys()


def test_every_type_can_be_in_a_cluster_placement_group() -> None:
    """Clusters of several nodes require it. The descriptions are those of EC2, as stored in moto."""
    path = Path(moto.__file__).parent / "ec2" / "resources" / "instance_types.json.gz"
    described = json.loads(gzip.decompress(path.read_bytes()))
    known = [described[name] for name in instance_types() if name in described]
    assert len(known) > 70
    assert all("cluster" in each["PlacementGroupInfo"]["SupportedStrategies"] for each in known)
