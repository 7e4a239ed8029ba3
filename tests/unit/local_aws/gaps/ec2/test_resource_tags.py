"""Tags of one resource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from moto.ec2.models import EC2Backend
from moto.ec2.models.core import TaggedEC2Resource

from mlinfra.local_aws.gaps.ec2 import resource_tags

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def of_moto(close_here: Callable[..., Any]) -> Any:
    """Moto's method, while the gap is closed."""
    return close_here(resource_tags, TaggedEC2Resource, "get_tags")


@pytest.fixture
def resources() -> list[Any]:
    """Resources of several kinds in one account, the last of them without tags."""
    backend = EC2Backend("us-east-1", "123456789012")
    vpc = backend.create_vpc("10.0.0.0/16")
    volumes = [backend.create_volume(size=1, zone_name="us-east-1a") for _ in range(2)]
    gateway = backend.create_transit_gateway("")
    vpc.add_tag("Name", "vpc")
    volumes[0].add_tags({"Name": "volume", "Owner": "ana"})
    gateway.add_tag("Name", "gateway")
    return [vpc, gateway, *volumes]


def test_the_tags_are_those_of_moto(of_moto: Any, resources: list[Any]) -> None:
    expected = [of_moto(each) for each in resources]
    assert [each.get_tags() for each in resources] == expected
    assert [len(tags) for tags in expected] == [1, 1, 2, 0]


def test_a_resource_without_an_id_has_no_tags(of_moto: Any, resources: list[Any]) -> None:
    volume = resources[2]
    volume.id = None
    assert of_moto(volume) == []
    assert volume.get_tags() == []


def test_other_resources_are_not_read(of_moto: Any, resources: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    del of_moto
    monkeypatch.delattr("moto.ec2.models.tags.TagBackend.describe_tags")
    assert {tag["value"] for tag in resources[2].get_tags()} == {"volume", "ana"}
