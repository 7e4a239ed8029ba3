"""Image ids of the local AWS."""

from __future__ import annotations

from mlinfra.local_aws.seed import DEEP_LEARNING_IMAGES


def test_an_image_has_another_id_in_another_region_and_the_same_every_time() -> None:
    image = DEEP_LEARNING_IMAGES[0]
    assert image.image_id("us-east-1") == image.image_id("us-east-1") == "ami-a2ea02d95985f0b55"
    assert image.image_id("us-east-1") != image.image_id("eu-west-1")
