"""The architecture: the graph and the list beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.elements import part, see
from tests.browser.sample import report

if TYPE_CHECKING:
    from tests.browser.conftest import Opened

pytestmark = [pytest.mark.lengthy, pytest.mark.xdist_group("browser")]


def test_boxes_are_opened_down_to_a_resource(opened: Opened) -> None:
    with opened(report()) as page:
        see(page, "architecture")
        side = page.get_by_role("region", name="Boxes of the drawing, and details")
        side.get_by_role("button", name="training").click()
        side.get_by_role("button", name="two-tower-v2").click()
        side.get_by_role("button", name="aws_autoscaling_group").or_(
            side.get_by_role("button", name="autoscaling_group")
        ).first.click()
        text = side.inner_text()
        assert "ana@example.com" in text
        assert "Depends on (1)" in text
        assert "up to $9,000 a month" in text


def test_dependencies_lead_to_other_stacks(opened: Opened) -> None:
    with opened(report()) as page:
        see(page, "architecture")
        page.get_by_label("Find").fill("dev-training/aws_security_group.two-tower-v2_sg_34567890")
        side = page.get_by_role("region", name="Boxes of the drawing, and details")
        side.get_by_role("button", name="aws_ssm_parameter.vpc-id").click()
        assert page.get_by_role("list", name="Level").inner_text().split() == ["dev", "dev-foundation"]
        assert "Used by (1)" in side.inner_text()


def test_a_search_finds_a_part_of_a_name(opened: Opened) -> None:
    with opened(report()) as page:
        see(page, "architecture")
        page.get_by_label("Find").fill("ranker_endpoint")
        page.get_by_label("Find").press("Enter")
        assert page.get_by_role("list", name="Level").inner_text().split()[:2] == ["prod", "prod-serving"]
        page.get_by_label("Find").fill("no such resource")
        page.get_by_label("Find").press("Enter")
        assert page.locator("#announce").inner_text() == "No resource matches."


def test_the_graph_is_drawn_described_and_zoomed(opened: Opened) -> None:
    with opened(report()) as page:
        see(page, "architecture")
        graph = part(page, "architecture").get_by_role("img", name="Graph of dev: 2 boxes, 1 dependency.")
        assert graph.is_visible()
        before = graph.screenshot()
        page.get_by_role("button", name="Zoom in").click()
        page.wait_for_timeout(200)
        assert graph.screenshot() != before


def test_a_box_of_the_graph_is_opened(opened: Opened) -> None:
    with opened(report()) as page:
        see(page, "architecture")
        graph = part(page, "architecture").locator(".graph")
        box = graph.bounding_box()
        assert box is not None
        # Two boxes, one above the other: training depends on foundation.
        graph.click(position={"x": box["width"] / 2, "y": box["height"] / 2 - 60})
        assert page.get_by_role("list", name="Level").inner_text().split() == ["dev", "dev-training"]


def test_similar_resources_are_one_box_until_it_is_opened(opened: Opened) -> None:
    with opened(report()) as page:
        see(page, "architecture")
        side = page.get_by_role("region", name="Boxes of the drawing, and details")
        side.get_by_role("button", name="foundation").click()
        side.get_by_role("button", name="network").click()
        assert side.get_by_role("button").all_inner_texts() == [
            "nat-1\n$60.00/mo\nnat_gateway",
            "subnet-1 … subnet-3\n3 x subnet",
            "vpc\nvpc",
        ]
        side.get_by_role("button", name="subnet-1").click()
        assert [each.split("\n")[0] for each in side.get_by_role("button").all_inner_texts()] == [
            "nat-1", "subnet-1", "subnet-2", "subnet-3", "vpc",
        ]  # fmt: skip
