"""Instance types for a requested size or GPU."""

from __future__ import annotations

import re

import pytest

from mlinfra.catalog.instances import instance_types
from mlinfra.catalog.offers import NoOffer, by_name, cheapest, describe, find_offers


def test_the_cheapest_type_with_exactly_the_gpus_is_chosen_and_explained() -> None:
    choice = cheapest(gpu="A10G", gpus_per_node=4)
    assert choice.instance_type.name == "g5.12xlarge"
    assert choice.reason == (
        "g5.12xlarge (4 x a10g of 22.35 GiB, 5.67 USD/h); the cheapest of 2 matching types, before g5.24xlarge (4 x "
        "a10g of 22.35 GiB, 8.14 USD/h)."
    )


def test_every_choice_is_the_cheapest_of_what_has_the_same_gpus() -> None:
    for each in instance_types().values():
        if not each.accelerator_count:
            continue
        chosen = cheapest(gpu=each.accelerator, gpus_per_node=each.accelerator_count).instance_type
        assert chosen.accelerator_count == each.accelerator_count
        if each.usd_per_hour is not None:
            assert chosen.usd_per_hour is not None
            assert chosen.usd_per_hour <= each.usd_per_hour


def test_memory_decides_between_gpus_of_one_name() -> None:
    assert cheapest(gpu="A100", gpus_per_node=8).instance_type.name == "p4d.24xlarge"
    assert cheapest(gpu="A100", gpus_per_node=8, gpu_memory_gib=80).instance_type.name == "p4de.24xlarge"


@pytest.mark.parametrize("given", ["h100", "H100", " H100 "])
def test_names_of_gpus_may_differ_in_case_and_separators(given: str) -> None:
    assert cheapest(gpu=given, gpus_per_node=8).instance_type.name == "p5.48xlarge"


def test_a_name_of_several_words() -> None:
    assert cheapest(gpu="RTX PRO 4500").instance_type.name == "g7.2xlarge"


def test_a_type_without_a_price_is_not_the_cheapest() -> None:
    choice = cheapest(gpu="H200", gpus_per_node=8)
    assert choice.instance_type.name == "p5en.48xlarge"
    assert "other matching types with an unknown price: p5e.48xlarge" in choice.reason
    assert find_offers(gpu="H200")[-1].name == "p5e.48xlarge"
    assert "p5e.48xlarge" not in {each.name for each in find_offers(max_usd_per_hour=1_000)}


def test_an_offer_without_any_known_price_says_so() -> None:
    assert "price unknown" in cheapest(gpu="trainium2", gpus_per_node=16).reason


def test_fractions_of_a_gpu_are_not_offered_as_gpus() -> None:
    assert cheapest(gpu="L4").instance_type.name == "g6.xlarge"
    assert describe(instance_types()["g6f.large"]).startswith("g6f.large (a part of 1 x l4 of ")


def test_a_count_without_an_offer_lists_the_nearest() -> None:
    with pytest.raises(NoOffer, match=re.escape("no instance type has 2 x h100. Nearest: p5.4xlarge (1 x h100")):
        cheapest(gpu="H100", gpus_per_node=2)


def test_a_memory_size_without_an_offer_lists_the_available_sizes() -> None:
    with pytest.raises(NoOffer, match=r"no instance type has 1 x t4 with at least 24 GiB each\. Nearest: g4dn\.xlarge"):
        cheapest(gpu="T4", gpu_memory_gib=24)


def test_an_unknown_gpu_lists_the_known_ones() -> None:
    with pytest.raises(NoOffer, match=r"'h10' is not an accelerator of the catalog. Nearest: h100, .* one of a100, "):
        cheapest(gpu="h10")


def test_a_type_that_does_not_exist_lists_its_family() -> None:
    with pytest.raises(NoOffer, match=r"'p5\.96xlarge' is not .* such as p5\.4xlarge, p5\.48xlarge"):
        by_name("p5.96xlarge")


def test_an_unknown_type_of_an_unknown_family_refers_to_the_catalog() -> None:
    with pytest.raises(NoOffer, match="see `mlinfra catalog`"):
        by_name("quantum")


def test_filters_apply_together() -> None:
    found = find_offers(gpu="L40S", efa=True, max_usd_per_hour=11)
    assert [each.name for each in found] == ["g6e.8xlarge", "g6e.16xlarge", "g6e.12xlarge"]
    assert all(not each.efa_count for each in find_offers(efa=False))
