"""The first screen: four answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlinfra.operations.cost import Estimate
from mlinfra.operations.report.section import Section
from tests.browser.conftest import DESKTOP
from tests.browser.elements import NOTHING, TO, answer, part, rows, table
from tests.browser.sample import LINES, report

if TYPE_CHECKING:
    from tests.browser.conftest import Opened

pytestmark = [pytest.mark.lengthy, pytest.mark.xdist_group("browser")]


def test_it_answers_four_questions_without_scrolling(opened: Opened) -> None:
    with opened(report()) as page:
        for title in (
            "What do we spend a month?",
            "What runs without an owner?",
            "What ends soon?",
            "What needs attention?",
        ):
            box = answer(page, title).bounding_box()
            assert box is not None
            assert box["y"] + 60 < DESKTOP["height"]


def test_spend_is_compared_with_the_limit_of_each_environment(opened: Opened) -> None:
    with opened(report()) as page:
        found = answer(page, "What do we spend a month?")
        assert found.locator(".figure").inner_text() == f"$9,733{TO}10,760 estimated"
        assert found.locator("li").all_inner_texts() == [
            "Running in the account now\n$152,632/mo\nby the audit; $143,597 of it is not in code",
            f"dev\n$8,733{TO}9,760 of $15,000",
            "prod\n$1,000 of $900",
        ]
        assert found.get_by_role("img").nth(1).get_attribute("aria-label") == "111% of the limit of prod"
        assert "1 resource without a known price" in found.inner_text()


def test_the_cost_of_an_environment_that_does_not_synthesize_is_unknown(opened: Opened) -> None:
    estimate = Estimate(LINES[:3]).as_json()
    cost = Section(
        {"lines": estimate["lines"], "unpriced": [], "unknown": ["prod"], "old": ["nat gateway: of 2024-07-01"]},
        remarks=("The stacks of 'prod' cannot be synthesized: ValueError",),
    )
    with opened(report(cost=cost)) as page:
        found = answer(page, "What do we spend a month?")
        assert found.locator("li").last.inner_text() == ("prod\nunknown of $900\nit does not synthesize: see Cost")
        assert "65% of the limits, $15,000 in total" in found.inner_text()
        assert "cannot be synthesized: ValueError" in part(page, "cost").inner_text()
        part(page, "cost").get_by_text("1 price older than the environment allows").click()
        assert part(page, "cost").get_by_text("nat gateway: of 2024-07-01").is_visible()


def test_an_environment_of_a_local_aws_has_no_limit(opened: Opened) -> None:
    data = report(audit=NOTHING)
    data["environments"] = [data["environments"][0] | {"emulated": True, "monthly_spend_limit_usd": 1.0}]
    with opened(data) as page:
        found = answer(page, "What do we spend a month?")
        assert "No limit applies" in found.inner_text()
        assert found.locator("li").all_inner_texts() == [
            f"dev\n$8,733{TO}9,760\non a local AWS, without charges; in an AWS account it would cost this"
        ]
        assert "Environments over their limit" not in answer(page, "What needs attention?").inner_text()


def test_the_dearest_resource_without_an_owner_is_first(opened: Opened) -> None:
    with opened(report()) as page:
        found = answer(page, "What runs without an owner?")
        first, second, _ = found.locator("li").all_inner_texts()
        assert first == "hack-night\n$95,700/mo\ninstance · eu-west-1 · since Oct 17, 2026 · no indication of an owner"
        assert "probably sam@example.com" in second


def test_its_link_leads_to_the_filtered_audit(opened: Opened) -> None:
    with opened(report()) as page:
        answer(page, "What runs without an owner?").get_by_role("link", name="All in the audit").click()
        assert "recsys-dev-two-tower-v2" not in rows(table(page, "Resources of the account"))
        assert page.get_by_role("button", name="No certain owner").get_attribute("aria-pressed") == "true"


def test_what_ends_soon_is_in_order_and_what_ended_is_marked(opened: Opened) -> None:
    with opened(report()) as page:
        found = answer(page, "What ends soon?")
        first, second, third = found.locator("li").all_inner_texts()
        assert first.startswith("hackathon\nended 11 days ago")
        assert second.startswith("sampling\nin 2 days")
        assert third.startswith("approval of MLR203\nin 5 days")


def test_what_needs_attention_is_counted(opened: Opened) -> None:
    with opened(report()) as page:
        found = answer(page, "What needs attention?").locator("li").all_inner_texts()
        assert found[0] == "Environments over their limit\n1\nprod: by the estimate"
        assert found[1] == "Idle clusters\n2\n$137 an hour"
        assert "Changes that wait for an approval\n1" in found


def test_missing_sources_are_named_with_their_command(opened: Opened) -> None:
    missing = report(cost=NOTHING, clusters=NOTHING, audit=NOTHING, drift=NOTHING)
    with opened(missing) as page:
        found = answer(page, "What runs without an owner?")
        assert found.locator(".figure").inner_text() == "Unknown"
        assert "There are no AWS credentials." in found.inner_text()
        assert part(page, "drift").locator("code").inner_text() == "aws sso login"
        assert "Not checked: cost, clusters, audit, drift" in answer(page, "What needs attention?").inner_text()
        # The declarations contain when experiments end.
        assert "dev-experiment" in answer(page, "What ends soon?").inner_text()
