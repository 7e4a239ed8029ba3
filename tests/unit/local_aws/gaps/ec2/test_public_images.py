"""Public images after a reset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.local_aws.server import LocalAws

IMAGE = "ami-12c6146b"
"""One of moto's own."""


def test_a_reset_keeps_public_images_and_their_snapshots(ec2: Any, mlinfra_local_aws: LocalAws) -> None:
    before = ec2.describe_images(Owners=["amazon"])["Images"]
    mlinfra_local_aws.reset()
    after = ec2.describe_images(Owners=["amazon"])["Images"]
    assert before == after
    snapshots = {each["SnapshotId"]: each for each in ec2.describe_snapshots()["Snapshots"]}
    assert {each["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"] for each in after} <= snapshots.keys()


def test_a_reset_reverts_changes_of_public_images(ec2: Any, mlinfra_local_aws: LocalAws) -> None:
    mlinfra_local_aws.reset()
    (image,) = ec2.describe_images(ImageIds=[IMAGE])["Images"]
    snapshot = image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    for _ in range(2):
        (present,) = ec2.describe_images(ImageIds=[IMAGE])["Images"]
        assert present == image
        assert _users_of(ec2, snapshot) == []
        assert {"Group": "all"} in ec2.describe_image_attribute(ImageId=IMAGE, Attribute="launchPermission")[
            "LaunchPermissions"
        ]
        ec2.create_tags(Resources=[IMAGE], Tags=[{"Key": "Changed", "Value": "true"}])
        ec2.modify_snapshot_attribute(
            SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", UserIds=["222222222222"]
        )
        ec2.modify_image_attribute(
            ImageId=IMAGE, LaunchPermission={"Remove": [{"Group": "all"}], "Add": [{"UserId": "222222222222"}]}
        )
        assert _users_of(ec2, snapshot) == ["222222222222"]
        mlinfra_local_aws.reset()


def test_a_deregistered_image_exists_again_after_a_reset(ec2: Any, mlinfra_local_aws: LocalAws) -> None:
    ec2.deregister_image(ImageId=IMAGE)
    mlinfra_local_aws.reset()
    (image,) = ec2.describe_images(ImageIds=[IMAGE])["Images"]
    assert image["State"] == "available"


def test_other_regions_have_their_own_images(client: Callable[..., Any]) -> None:
    here, there = (
        {each["ImageId"] for each in client("ec2", region).describe_images(Owners=["amazon"])["Images"]}
        for region in ("us-east-1", "eu-west-1")
    )
    assert here - there
    assert there - here


def _users_of(ec2: Any, snapshot: str) -> list[str]:
    found = ec2.describe_snapshot_attribute(SnapshotId=snapshot, Attribute="createVolumePermission")
    return [each["UserId"] for each in found["CreateVolumePermissions"]]
