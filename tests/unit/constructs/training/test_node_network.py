"""Network interfaces of a node."""

from __future__ import annotations

import pytest

from mlinfra.catalog.instances import instance_types
from mlinfra.constructs.training.node_network import efa_interfaces

# Cards and adapters: EC2 user guide, "Network cards" and "Elastic Fabric Adapter", read 2026-11-24.
ADAPTERS = {
    "g5.48xlarge": (1, 1),
    "g6e.24xlarge": (2, 2),
    "g6e.48xlarge": (4, 4),
    "g7e.24xlarge": (2, 2),
    "g7e.48xlarge": (4, 4),
    "p4d.24xlarge": (4, 4),
    "p4de.24xlarge": (4, 4),
    "p5.4xlarge": (1, 1),
    "p5.48xlarge": (32, 32),
    "p5e.48xlarge": (32, 32),
    "p5en.48xlarge": (16, 16),
    "p6-b200.48xlarge": (8, 8),
    "p6-b300.48xlarge": (17, 16),
    "trn1.32xlarge": (8, 8),
    "trn1n.32xlarge": (16, 16),
}
KNOWN = sorted(each.name for each in instance_types().values() if each.efa_count and each.network_cards)


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_node_has_an_adapter_on_every_card_that_takes_one(name: str) -> None:
    cards, adapters = ADAPTERS[name]
    interfaces = efa_interfaces(instance_types()[name])
    efa_only = [each for each in interfaces if each.kind == "efa-only"]
    assert len(efa_only) == len({each.card for each in efa_only}) == adapters
    assert {each.card for each in interfaces} == set(range(cards))


def test_one_interface_is_for_ip_and_comes_first() -> None:
    for name in KNOWN:
        first, *others = efa_interfaces(instance_types()[name])
        assert (first.card, first.device, first.kind) == (0, 0, "interface"), name
        assert {each.kind for each in others} == {"efa-only"}, name


def test_an_adapter_on_the_first_card_is_its_second_device_and_the_others_are_the_first() -> None:
    places = [(each.card, each.device) for each in efa_interfaces(instance_types()["p4d.24xlarge"])]
    assert places == [(0, 0), (0, 1), (1, 0), (2, 0), (3, 0)]


def test_the_first_card_of_a_p6_b300_has_no_adapter() -> None:
    places = [(each.card, each.device) for each in efa_interfaces(instance_types()["p6-b300.48xlarge"])]
    assert places == [(card, 0) for card in range(17)]


def test_a_type_whose_cards_are_not_known_is_refused() -> None:
    expected = (
        r"^efa: trn2.48xlarge has 16 Elastic Fabric Adapters on an unknown number of network cards in the catalog, so "
        r"the cards with an adapter are unknown. Expected: efa=False, or another instance type.$"
    )
    with pytest.raises(ValueError, match=expected):
        efa_interfaces(instance_types()["trn2.48xlarge"].model_copy(update={"network_cards": None}))


@pytest.mark.parametrize("name", ["trn2.48xlarge", "trn2u.48xlarge"])
def test_a_trn2_has_an_adapter_on_each_of_its_16_cards(name: str) -> None:
    adapters = [(each.card, each.device) for each in efa_interfaces(instance_types()[name]) if each.kind == "efa-only"]
    assert adapters == [(0, 1), *((card, 0) for card in range(1, 16))]


def test_a_type_without_adapters_is_refused() -> None:
    with pytest.raises(ValueError, match=r"g5\.xlarge has 0 Elastic Fabric Adapters on 1 network cards"):
        efa_interfaces(instance_types()["g5.xlarge"])
