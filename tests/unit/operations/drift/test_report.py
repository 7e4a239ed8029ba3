from __future__ import annotations

import json
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from mlinfra.cli.drift_report import show_report
from mlinfra.operations.drift.detection import remember
from mlinfra.operations.drift.memory import FileMemory
from mlinfra.operations.drift.rendering import shown, to_json, to_markdown, to_message
from mlinfra.operations.drift.report import Act, Difference, Gone, LeftOut, Pending, Report, StackReport, Who

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 24, 3, tzinfo=timezone.utc)
TAG = Difference("dev-data", "aws_s3_bucket.lake", "changed", "tags.Zone", "raw", "hot")
GONE = Difference("dev-data", "aws_sqs_queue.dead", "deleted", "deleted", "there", "gone", new=False)
SIZE = Difference("dev-data", "aws_x.y", "changed", "size", 0, 1, standing="left to others", reason="ignore_changes")
BROKEN = StackReport("dev-training", problems=("terraform plan: Error: no such parameter",), was_compared=False)


def a_report(*stacks: StackReport, **more: Any) -> Report:
    return Report("dev", NOW, stacks, **more)


def drifted(*differences: Difference, **more: Any) -> StackReport:
    return StackReport("dev-data", differences=differences, **more)


@pytest.mark.parametrize(
    ("stacks", "code"),
    [
        ([], 0),
        ([drifted()], 0),
        ([drifted(SIZE)], 0),
        ([drifted(TAG)], 2),
        ([drifted(GONE)], 2),
        ([BROKEN], 1),
        ([drifted(TAG), BROKEN], 1),
    ],
)
def test_exit_codes_are_those_of_terraform(stacks: list[StackReport], code: int) -> None:
    assert a_report(*stacks).exit_code == code


def test_an_error_and_drift_are_both_in_the_summary() -> None:
    assert a_report(drifted(TAG, GONE), BROKEN).summary == (
        "dev: 2 differences in 2 resources, 1 new; could not be looked at in full: dev-training"
    )


def test_the_report_as_markdown() -> None:
    who = Who((Act("arn:aws:iam::1:user/ana", "PutBucketTagging", NOW),))
    by_ana = Difference(**{**TAG.__dict__, "who": who, "after": "a|b `c`\n<d>"})
    stack = drifted(
        by_ana,
        SIZE,
        left_out=(LeftOut("aws_s3_bucket.lake", "policy", "shown by another"),),
        pending=(Pending("aws_vpc.a", ("create",)),),
    )
    report = a_report(
        stack, BROKEN, gone=(Gone("dev-data", "aws_x.y tags.Z"),), expired={"aws_eip.* *": date(2026, 1, 1)}
    )
    assert to_markdown(report) == (
        """\
# Drift of dev

dev: 1 difference in 1 resource, 1 new; could not be looked at in full: dev-training. Compared \
2026-11-24 03:00 UTC.

## dev-data

| resource | what | recorded | in AWS | who | |
|---|---|---|---|---|---|
| `aws_s3_bucket.lake` | `tags.Zone` | `raw` | `` a\\|b `c` <d> `` | \
arn:aws:iam::1:user/ana, PutBucketTagging, 2026-11-24 03:00 UTC | new |

Left to others:

- `aws_x.y` `size: 0 -> 1`: ignore\\_changes

In the code, and not applied yet:

- `aws_vpc.a`: create

<details><summary>Left out: 1</summary>

- `aws_s3_bucket.lake` `policy`: shown by another

</details>

## dev-training

**Could not be looked at in full:**

```text
terraform plan: Error: no such parameter
```


## Gone since the last run

- dev-data: `aws_x.y tags.Z`

## Ignored no longer

- `aws_eip.* *`: expired after 2026-01-01
"""
    )


def test_the_report_as_json_holds_all_of_it() -> None:
    document = json.loads(to_json(a_report(drifted(TAG, SIZE), BROKEN)))
    assert document["exit_code"] == 1
    data, training = document["stacks"]
    assert [each["standing"] for each in data["differences"]] == ["drift", "left to others"]
    assert data["differences"][0]["fingerprint"] == TAG.fingerprint
    assert training["compared"] is False


def test_the_report_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show_report(a_report(drifted(TAG, GONE, SIZE), BROKEN), Console(width=160))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "dev-data",
        "  ~ aws_s3_bucket.lake  tags.Zone: raw -> hot",
        "  = aws_sqs_queue.dead  deleted from AWS",
        "  · aws_x.y  size: 0 -> 1  (left to others: ignore_changes)",
        "",
        "dev-training",
        "  ✗ could not be looked at in full",
        "    terraform plan: Error: no such parameter",
        "",
        "dev: 2 differences in 2 resources, 1 new; could not be looked at in full: dev-training",
        "= is known from before, ~ is new",
    ]


def test_people_are_told_of_what_is_new_or_gone_and_of_nothing_else() -> None:
    assert to_message(a_report(drifted(GONE), BROKEN)) == ""
    text = to_message(a_report(drifted(TAG, GONE), gone=(Gone("dev-data", ""),)))
    assert text.splitlines()[1:] == [
        "• new in dev-data: aws_s3_bucket.lake: tags.Zone: raw -> hot",
        "• gone in dev-data: one difference",
    ]


def test_a_message_of_much_drift_is_cut() -> None:
    many = [Difference("dev-data", f"aws_vpc.n{n}", "changed", "tags", "a", "b" * 100) for n in range(100)]
    text = to_message(a_report(drifted(*many)))
    assert len(text) < 3100
    assert text.endswith("more, in the report\n")


def test_what_steers_a_terminal_is_not_shown() -> None:
    assert shown("a\x1b[31mb\r\nc") == "a [31mb c"


def test_what_could_not_be_looked_at_stays_known(tmp_path: Path) -> None:
    memory = FileMemory(tmp_path / "memory.json")
    memory.remember({"dev-training": {"1": "x"}, "dev-data": {"2": "y"}})
    remember(a_report(drifted(TAG), BROKEN), memory)
    assert memory.known("dev-training") == {"1": "x"}
    assert memory.known("dev-data") == {TAG.fingerprint: "aws_s3_bucket.lake tags.Zone"}
