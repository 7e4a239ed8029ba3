"""Image families and the accelerators that they support."""

from __future__ import annotations

from collections import Counter

import pytest

from mlinfra.catalog.image_families import IMAGE_FAMILIES, PROPRIETARY_DRIVER, image_families_of, image_family
from mlinfra.catalog.image_releases import image_release
from mlinfra.catalog.instances import instance_types

_ARCHITECTURES = {"amd64": "x86_64", "arm64": "arm64"}


def name_of_family(accelerator: str) -> str | None:
    family = image_family(accelerator)
    return family.name if family else None


@pytest.mark.parametrize(
    ("accelerator", "family"),
    [
        ("v100", "proprietary-driver"),
        ("t4", "open-driver"),
        ("a100", "open-driver"),
        ("b300", "open-driver"),
        ("rtx-pro-server-6000", "open-driver"),
        ("t4g", "open-driver-arm64"),
        ("trainium2", "neuron"),
        ("radeon-pro-v520", None),
        ("inferentia", None),
    ],
)
def test_an_accelerator_has_the_image_whose_driver_runs_it(accelerator: str, family: str | None) -> None:
    assert name_of_family(accelerator) == family


def test_no_accelerator_has_two_families() -> None:
    counts = Counter(each for family in IMAGE_FAMILIES.values() for each in family.accelerators)
    assert set(counts.values()) == {1}


def test_a_family_is_for_the_processor_of_the_instances_that_it_runs() -> None:
    for instance_type in instance_types().values():
        family = image_family(instance_type.accelerator)
        if family:
            assert family.architecture == _ARCHITECTURES[instance_type.architecture], instance_type.name


def test_every_accelerator_of_a_family_is_in_the_catalog() -> None:
    known = {each.accelerator for each in instance_types().values()}
    assert {each for family in IMAGE_FAMILIES.values() for each in family.accelerators} <= known


def test_the_families_of_several_accelerators_have_no_duplicates() -> None:
    found = image_families_of(["t4", "v100", "a10g", "radeon-pro-v520"])
    assert [each.name for each in found] == ["open-driver", "proprietary-driver"]


def test_a_release_is_known_by_its_name() -> None:
    assert PROPRIETARY_DRIVER.has_release(
        "Deep Learning Base Proprietary Nvidia Driver AMI (Amazon Linux 2) Version 71.6"
    )
    assert not PROPRIETARY_DRIVER.has_release("Deep Learning Base OSS Nvidia Driver AMI (Amazon Linux 2) Version 70.3")


def test_driver_and_cuda_come_from_the_release_notes() -> None:
    known = image_release("Deep Learning Base Proprietary Nvidia Driver AMI (Amazon Linux 2) Version 71.6")
    assert known is not None
    assert (known.nvidia_driver, known.cuda) == ("570.195.03", ("12.1", "12.2", "12.3"))


def test_unread_release_notes_are_unknown() -> None:
    assert image_release("Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20300101") is None
