from __future__ import annotations

from mlinfra.operations.cost.comparing import Comparison
from mlinfra.operations.cost.estimate import Estimate, Key
from mlinfra.operations.cost.markdown import comparison_to_markdown, to_markdown
from tests.unit.operations.cost.stacks import estimate, resource

FOUND = estimate(
    resource("aws_nat_gateway", tags={"Owner": "ana@example.com"}), resource("aws_db_instance"), nat_gateway_gb=0
)


def test_an_estimate_begins_with_its_total_and_the_sums() -> None:
    written = to_markdown(FOUND, Key.OWNER).splitlines()
    assert written[0] == "**Cost: 32.85 USD a month**"
    assert written[2:5] == [
        "| Owner | USD a month | USD an hour |",
        "| --- | --- | --- |",
        "| ana@example.com | 32.85 | 0.04 |",
    ]


def test_parts_have_their_formula() -> None:
    assert "| 1 x 0.045 USD per hour x 730 hours |" in to_markdown(FOUND, Key.OWNER)


def test_parts_without_a_price_have_a_reason() -> None:
    written = to_markdown(FOUND, Key.OWNER)
    assert "| dev-training: aws\\_db\\_instance.x | mlinfra has no formula for RDS |" in written


def test_a_comparison_begins_with_both_totals() -> None:
    written = comparison_to_markdown(Comparison(Estimate(), FOUND), Key.OWNER).splitlines()
    assert written[0] == "**Cost: 0 -> 32.85 USD a month** (+32.85 at the high end)"
    assert written[4] == "| ana@example.com | 0 | 32.85 | +32.85 |"


def test_names_cannot_change_the_page() -> None:
    evil = estimate(resource("aws_eip", tags={"Owner": "</table><script>|`*[x](y)\nnew"}))
    written = to_markdown(evil, Key.OWNER)
    assert "&#60;/table&#62;&#60;script&#62;\\|\\`\\*\\[x\\](y) new" in written
    assert "<script>" not in written
