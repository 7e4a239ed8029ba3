"""Snapshots by owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def test_own_snapshots_exclude_those_of_public_images(client: Callable[..., Any]) -> None:
    ec2 = client("ec2")
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    for owner in ("self", "123456789012"):
        assert [each["SnapshotId"] for each in ec2.describe_snapshots(OwnerIds=[owner])["Snapshots"]] == [snapshot]
    assert ec2.describe_snapshots(OwnerIds=["111111111111"])["Snapshots"] == []
    assert len(ec2.describe_snapshots()["Snapshots"]) > 1
