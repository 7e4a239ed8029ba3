from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from mlinfra.errors import DeclarationError
from mlinfra.operations.review.markdown import to_markdown
from tests.unit.operations.review.plans import change, reviewed

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.operations.review import Report

GOOD = """
- finding: MLR101
  address: aws_s3_bucket.x
  reason: It was copied.
  who: ana@example.com
  until: 2026-11-26
"""


def approved(folder: Path, approvals: str) -> Report:
    (folder / "approvals").mkdir(exist_ok=True)
    (folder / "approvals" / "data.yaml").write_text(approvals)
    return reviewed(folder, change("aws_s3_bucket.x", {"bucket": "b"}, None))


def test_an_approved_finding_is_not_held_until_the_end_of_its_day(tmp_path: Path) -> None:
    report = approved(tmp_path, GOOD)
    assert (report.exit_code, report.held) == (0, ())
    (found,) = report.approved
    assert found.approved_by == "ana@example.com, until 2026-11-26: It was copied."


def test_an_expired_approval_is_reported(tmp_path: Path) -> None:
    report = approved(tmp_path, GOOD.replace("2026-11-26", "2026-11-25"))
    assert report.exit_code == 3
    assert [each.text for each in report.findings if each.id == "MLR901"] == [
        (
            "The approval of `MLR101` for `aws_s3_bucket.x` by `ana@example.com` in `approvals/data.yaml` expired "
            "on 2026-11-25."
        )
    ]


@pytest.mark.parametrize("stack", ["", "  stack: dev-data\n"])
def test_an_approval_without_a_matching_finding_is_a_note(tmp_path: Path, stack: str) -> None:
    report = approved(tmp_path, GOOD.replace("aws_s3_bucket.x", "aws_s3_bucket.y") + stack)
    assert report.exit_code == 3
    assert [each.id for each in report.findings] == ["MLR101", "MLR902"]


def test_an_approval_for_a_stack_that_is_not_reviewed_is_skipped(tmp_path: Path) -> None:
    report = approved(tmp_path, f"{GOOD}  stack: prod-data\n")
    assert report.exit_code == 3
    assert [each.id for each in report.findings] == ["MLR101"]


@pytest.mark.parametrize(
    ("approvals", "message"),
    [
        (
            "finding: MLR101",
            "approvals/data.yaml: 1 problem\n  - the file contains a dict. Expected: a list of approvals",
        ),
        ("- [", "approvals/data.yaml: 1 problem\n  - the file is not valid YAML: "),
        ("- 5", "approvals/data.yaml, entry 1: 1 problem\n  - 5 is not an approval"),
        (
            GOOD.replace("2026-11-26", "soon"),
            "until: 'soon' is not a date. Expected: the last day on which the approval is valid",
        ),
        (GOOD.replace("2026-11-26", "2026-11-26 10:00:00"), "is not a date"),
        (GOOD.replace("  who: ana@example.com\n", ""), "who: required. Expected: the approver"),
        (GOOD.replace("ana@example.com", "''"), "who: ''. Expected: the approver"),
        (GOOD.replace("who:", "whom:"), "whom: unknown field. Did you mean 'who'?"),
        (GOOD.replace("MLR101", "MLR1O1"), "finding: 'MLR1O1' is not the id of a rule."),
        (GOOD.replace("MLR101", "MLR902"), "finding: MLR902 is a note, and needs no approval. Remove the entry."),
        (GOOD + "  until: 2027-01-01\n", "duplicate field: until"),
    ],
)
def test_a_malformed_approval_is_refused_with_file_and_field(tmp_path: Path, approvals: str, message: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(message)):
        approved(tmp_path, approvals)


def test_names_cannot_break_a_report(tmp_path: Path) -> None:
    evil = 'aws_s3_bucket.x["</details>|`\n# hi @all <img src=x>\x1b[31m\u202e"]'
    written = to_markdown(reviewed(tmp_path, change(evil, {"bucket": "a`|\n<b>@all"}, None)))
    assert "<img" not in written
    assert "\x1b" not in written
    assert "\u202e" not in written
    assert "\n# hi" not in written
    (row,) = [line for line in written.splitlines() if line.startswith("| destroy")]
    assert row.count("|") == 4


def test_a_long_report_fits_into_a_comment_and_counts_omitted_lines(tmp_path: Path) -> None:
    changes = [change(f"aws_s3_bucket.x{number}", {"bucket": "b" * 200}, None) for number in range(3000)]
    written = to_markdown(reviewed(tmp_path, *changes))
    assert len(written) < 65_536
    assert "more: see `--format json`" in written
