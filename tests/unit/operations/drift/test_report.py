from __future__ import annotations

import json
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from mlinfra.cli.drift_report import show_report
from mlinfra.operations.drift.baseline import FileBaseline
from mlinfra.operations.drift.detection import store_baseline
from mlinfra.operations.drift.rendering import shown, to_json, to_markdown, to_message
from mlinfra.operations.drift.report import (
    ChangeEvent,
    Difference,
    LeftOut,
    Pending,
    Report,
    Resolved,
    StackReport,
    Who,
)

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 24, 3, tzinfo=timezone.utc)
TAG = Difference("dev-data", "aws_s3_bucket.lake", "changed", "tags.Zone", "raw", "hot")
GONE = Difference("dev-data", "aws_sqs_queue.dead", "deleted", "deleted", "exists", "deleted", new=False)
SIZE = Difference("dev-data", "aws_x.y", "changed", "size", 0, 1, status="not_managed", reason="ignore_changes")
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
        "dev: 2 differences in 2 resources, 1 new; checks failed in dev-training"
    )


def test_the_report_as_markdown() -> None:
    who = Who((ChangeEvent("arn:aws:iam::1:user/ana", "PutBucketTagging", NOW),))
    by_ana = Difference(**{**TAG.__dict__, "who": who, "after": "a|b `c`\n<d>"})
    stack = drifted(
        by_ana,
        SIZE,
        left_out=(LeftOut("aws_s3_bucket.lake", "policy", "shown by another"),),
        pending=(Pending("aws_vpc.a", ("create",)),),
    )
    report = a_report(
        stack, BROKEN, resolved=(Resolved("dev-data", "aws_x.y tags.Z"),), expired={"aws_eip.* *": date(2026, 1, 1)}
    )
    assert to_markdown(report) == (
        """\
# Drift of dev

dev: 1 difference in 1 resource, 1 new; checks failed in dev-training. Checked on \
2026-11-24 03:00 UTC.

## dev-data

| resource | attribute | in the state | in AWS | changed by | status | revert |
|---|---|---|---|---|---|---|
| `aws_s3_bucket.lake` | `tags.Zone` | `raw` | `` a\\|b `c` <d> `` | \
arn:aws:iam::1:user/ana, PutBucketTagging, 2026-11-24 03:00 UTC | new | `mlinfra up dev dev-data` |

Not managed by Terraform:

- `aws_x.y` `size: 0 -> 1`: ignore\\_changes

In the code, but not applied yet:

- `aws_vpc.a`: create

<details><summary>Left out: 1</summary>

- `aws_s3_bucket.lake` `policy`: shown by another

</details>

## dev-training

**Check failed:**

```text
terraform plan: Error: no such parameter
```


## Resolved since the last run

- dev-data: `aws_x.y tags.Z`

## Expired entries of drift-ignore.yaml

- `aws_eip.* *`: expired on 2026-01-01
"""
    )


def test_the_report_as_json_is_complete() -> None:
    document = json.loads(to_json(a_report(drifted(TAG, SIZE), BROKEN)))
    assert document["exit_code"] == 1
    data, training = document["stacks"]
    assert [each["status"] for each in data["differences"]] == ["drift", "not_managed"]
    assert data["differences"][0]["fingerprint"] == TAG.fingerprint
    assert training["compared"] is False


def test_the_report_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show_report(a_report(drifted(TAG, GONE, SIZE), BROKEN), Console(width=160))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "dev-data",
        "  ~ aws_s3_bucket.lake  tags.Zone: raw -> hot",
        "      revert: mlinfra up dev dev-data",
        "  = aws_sqs_queue.dead  deleted from AWS",
        "      revert: mlinfra up dev dev-data",
        "  · aws_x.y  size: 0 -> 1  (ignore_changes)",
        "",
        "dev-training",
        "  ✗ check failed",
        "    terraform plan: Error: no such parameter",
        "",
        "dev: 2 differences in 2 resources, 1 new; checks failed in dev-training",
        "~ new, = known from earlier runs",
    ]


def test_a_notification_contains_only_new_and_resolved_drift() -> None:
    assert to_message(a_report(drifted(GONE), BROKEN)) == ""
    text = to_message(a_report(drifted(TAG, GONE), resolved=(Resolved("dev-data", ""),)))
    assert text.splitlines()[1:] == [
        "• new in dev-data: aws_s3_bucket.lake: tags.Zone: raw -> hot",
        "• resolved in dev-data: one difference",
    ]


def test_a_long_notification_is_shortened() -> None:
    many = [Difference("dev-data", f"aws_vpc.n{n}", "changed", "tags", "a", "b" * 100) for n in range(100)]
    text = to_message(a_report(drifted(*many)))
    assert len(text) < 3100
    assert text.endswith("more in the report\n")


def test_control_characters_are_not_shown() -> None:
    assert shown("a\x1b[31mb\r\nc") == "a [31mb c"


def test_a_failed_stack_keeps_its_baseline(tmp_path: Path) -> None:
    memory = FileBaseline(tmp_path / "memory.json")
    memory.store({"dev-training": {"1": "x"}, "dev-data": {"2": "y"}})
    store_baseline(a_report(drifted(TAG), BROKEN), memory)
    assert memory.known("dev-training") == {"1": "x"}
    assert memory.known("dev-data") == {TAG.fingerprint: "aws_s3_bucket.lake tags.Zone"}
