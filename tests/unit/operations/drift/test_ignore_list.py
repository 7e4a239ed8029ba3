from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlinfra.errors import DeclarationError
from mlinfra.operations.drift.ignore_list import IgnoreList
from mlinfra.operations.drift.report import Difference
from tests.conftest import TODAY

if TYPE_CHECKING:
    from pathlib import Path

TAGS = """
- address: aws_subnet.private["us-east-1a"]
  attribute: tags.*
  reason: The network team writes its own tags.
  expires: 2026-11-24
- {address: "aws_eip.*", reason: Bought and let go by hand., expires: 2026-11-23}
- {address: "aws_sqs_queue.*", attribute: deleted, stack: dev-data, reason: Being taken down., expires: 2027-01-31}
"""


def a_list(folder: Path, text: str) -> IgnoreList:
    path = folder / "drift-ignore.yaml"
    path.write_text(text)
    return IgnoreList.load(path, today=TODAY)


def a_difference(address: str, attribute: str, stack: str = "dev-data") -> Difference:
    kind = "deleted" if attribute == "deleted" else "changed"
    return Difference(stack, address, kind, attribute, "a", "b")


def standing(ignored: IgnoreList, *what: str) -> str:
    return ignored.judge(a_difference(*what)).standing


def test_what_an_entry_covers_is_ignored_with_its_reason_on_its_last_day_too(tmp_path: Path) -> None:
    judged = a_list(tmp_path, TAGS).judge(a_difference('aws_subnet.private["us-east-1a"]', "tags.Owner"))
    assert judged.standing == "ignored"
    assert judged.reason == "The network team writes its own tags. (until 2026-11-24)"


@pytest.mark.parametrize(
    "what",
    [
        ('aws_subnet.private["us-east-1b"]', "tags.Owner"),
        ('aws_subnet.private["us-east-1a"]', "cidr_block"),
        ('aws_subnet.private["us-east-1a"]', "deleted"),
        ("aws_sqs_queue.dead", "deleted", "dev-training"),
        ("aws_sqs_queue.dead", "policy"),
    ],
)
def test_other_drift_is_not(tmp_path: Path, what: tuple[str, ...]) -> None:
    assert standing(a_list(tmp_path, TAGS), *what) == "drift"


def test_that_a_resource_is_gone_is_ignored_where_it_is_named(tmp_path: Path) -> None:
    assert standing(a_list(tmp_path, TAGS), "aws_sqs_queue.dead", "deleted") == "ignored"


def test_an_expired_entry_ignores_nothing_and_is_said(tmp_path: Path) -> None:
    ignored = a_list(tmp_path, TAGS)
    assert standing(ignored, "aws_eip.nat", "public_ip") == "drift"
    assert {entry: str(day) for entry, day in ignored.expired.items()} == {"aws_eip.* *": "2026-11-23"}


def test_no_file_and_an_empty_one_ignore_nothing(tmp_path: Path) -> None:
    assert IgnoreList.load(tmp_path / "drift-ignore.yaml", today=TODAY).entries == ()
    assert a_list(tmp_path, "# nothing yet\n").entries == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("address: x", "it holds a dict. Expected: a list of entries"),
        ("- [a", "it is not sound YAML: "),
        ("- a", "entry 1: 'a' is no entry. Expected: a list of entries"),
        ("- {address: a, reason: Because it is., expires: soon}", "entry 1, expires: 'soon'. Expected: the last day"),
        ("- {address: a, reason: Because it is., expires: 2027}", "entry 1, expires: 2027. Expected: the last day"),
        ("- {address: a, reason: Because it is.}", "entry 1, expires: missing. Expected: the last day"),
        ("- {address: a, reason: no, expires: 2027-01-31}", "entry 1, reason: False. Expected: why the drift is meant"),
        ("- {address: a, reason: x, expires: 2027-01-31}", "entry 1, reason: 'x'. Expected: why the drift is meant"),
        ("- {adress: a, reason: Because it is., expires: 2027-01-31}", "entry 1, adress: there is no such field."),
        ("- {address: a, address: b, reason: Because it is., expires: 2027-01-31}", "a field is given twice"),
        ("- {address: a, reason: Because it is., expires: 2027-02-31}", "it is not sound YAML: "),
    ],
)
def test_a_list_that_is_not_sound_is_refused_with_file_entry_and_field(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        a_list(tmp_path, text)
    assert str(refused.value).startswith("drift-ignore.yaml: ")
    assert problem in str(refused.value)
