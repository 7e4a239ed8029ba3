from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.operations.review.markdown import to_markdown
from tests.unit.operations.review.plans import change, reviewed

if TYPE_CHECKING:
    from pathlib import Path


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
