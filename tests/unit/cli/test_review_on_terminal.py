"""The order and the grouping of a review on a terminal."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console

from mlinfra.cli.review_on_terminal import show_review
from mlinfra.operations.review.change import Kind
from mlinfra.operations.review.costs import Cost, Usd
from mlinfra.operations.review.finding import Finding, Level
from mlinfra.operations.review.report import Report, ResourceChange, StackReview

if TYPE_CHECKING:
    from collections.abc import Sequence


def finding(level: Level, address: str = "aws_s3_bucket.lake", rule: str = "MLR101") -> Finding:
    return Finding(rule, level, "dev-data", address, "A fact.", "Fix it.")


def shown(changes: Sequence[ResourceChange] = (), *findings: Finding) -> list[str]:
    """The lines of the report."""
    cost = Cost(Usd(0, 0), Usd(0, 0))
    stack = StackReview("dev-data", "plan.json", tuple(changes), cost, ("Bucket `lake` is created.",))
    output = io.StringIO()
    show_review(Report((stack,), findings), Console(file=output, width=200))
    return output.getvalue().splitlines()


def created(count: int, type_: str) -> list[ResourceChange]:
    return [ResourceChange(f"{type_}.number-{number}", Kind.CREATE, type_) for number in range(count)]


def test_held_findings_follow_the_first_lines_and_changes_are_last() -> None:
    levels = (Level.HOLD, Level.WARNING, Level.NOTE)
    lines = shown(created(1, "aws_s3_bucket"), *(finding(each, rule=f"MLR10{each.name[0]}") for each in levels))
    headings = [each for each in lines if each and not each.startswith(" ")]
    assert headings == [
        *("Bucket lake is created.", "Needs approval", "Warnings", "Notes", "dev-data", "1 finding needs approval"),
    ]


def test_the_fix_of_a_rule_is_shown_once_for_its_warnings() -> None:
    addresses = [f"aws_s3_bucket.number-{number}" for number in range(7)]
    lines = shown((), *(finding(Level.WARNING, each) for each in addresses))
    begin = lines.index("Warnings")
    assert lines[begin + 1 : begin + 8] == [
        "  MLR101 Fix it.",
        *(f"    dev-data {each}: A fact." for each in addresses[:5]),
        "    2 more: see --json",
    ]


def test_warnings_of_a_rule_are_together_though_other_stacks_have_them_too() -> None:
    lines = shown((), *(finding(Level.WARNING, rule=rule) for rule in ("MLR209", "MLR124", "MLR209")))
    assert [each.split()[0] for each in lines if each.startswith("  MLR")] == ["MLR124", "MLR209"]


def test_few_new_resources_are_listed() -> None:
    assert "  create: aws_s3_bucket.number-9" in shown(created(10, "aws_s3_bucket"))


def test_many_new_resources_are_counted_by_type() -> None:
    changed = ResourceChange("aws_s3_bucket.old", Kind.UPDATE, "aws_s3_bucket")
    imported = ResourceChange("aws_s3_bucket.taken-over", Kind.CREATE, "aws_s3_bucket", imports="lake")
    lines = shown([*created(4, "aws_kms_key"), changed, imported, *created(7, "aws_iam_role")])
    begin = lines.index("dev-data")
    assert lines[begin + 1 : begin + 4] == [
        "  create 11: 7 aws_iam_role, 4 aws_kms_key (addresses: see --json)",
        "  change: aws_s3_bucket.old",
        "  import, create: aws_s3_bucket.taken-over  imported as lake",
    ]
