"""The facts of the catalog, as they are read."""

from __future__ import annotations

from botocore.session import Session

from mlinfra.catalog.images import gpu_image_family
from mlinfra.catalog.instances import instance_types
from mlinfra.catalog.regions import aws_regions
from mlinfra.declarations.environment_fields import DEFAULT_SIZES
from mlinfra.functions.prices import on_demand_prices


def test_every_region_that_botocore_has_ec2_in_is_known() -> None:
    assert set(Session().get_available_regions("ec2", partition_name="aws")) <= set(aws_regions())


def test_every_accelerator_type_is_read() -> None:
    types = instance_types()
    assert len(types) == 86
    p3 = types["p3.2xlarge"]
    assert (p3.accelerator, p3.accelerator_count, p3.vcpu, p3.memory_mib) == ("v100", 1, 8, 62464)
    assert p3.usd_per_hour == 3.06
    assert p3.architecture == "amd64"


def test_accelerator_types_have_the_price_of_the_one_price_table() -> None:
    known = {name: each.usd_per_hour for name, each in instance_types().items() if each.usd_per_hour}
    assert len(known) == 83
    assert known.items() <= on_demand_prices().items()


def test_an_unknown_price_is_none_and_not_zero() -> None:
    unknown = [name for name, each in instance_types().items() if each.usd_per_hour is None]
    assert unknown == ["p5e.48xlarge", "trn2.48xlarge", "trn2u.48xlarge"]
    assert all(each.usd_per_hour != 0 for each in instance_types().values())


def test_the_default_sizes_have_1_4_and_8_gpus() -> None:
    counts = {size: instance_types()[name].accelerator_count for size, name in DEFAULT_SIZES.items()}
    assert counts == {"small": 1, "medium": 4, "large": 8}


def test_an_accelerator_without_a_known_image_has_no_image_family() -> None:
    assert gpu_image_family("trainium") is None
    assert gpu_image_family("radeon-pro-v520") is None
