"""Image ids of the local AWS."""

from __future__ import annotations

from mlinfra.local_aws.seed import DEEP_LEARNING_IMAGES


def test_image_ids_differ_by_region_and_are_reproducible() -> None:
    image = DEEP_LEARNING_IMAGES[0]
    assert image.image_id("us-east-1") == image.image_id("us-east-1") == "ami-a2ea02d95985f0b55"
    assert image.image_id("us-east-1") != image.image_id("eu-west-1")
