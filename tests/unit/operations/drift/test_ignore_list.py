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


def status(ignored: IgnoreList, *what: str) -> str:
    return ignored.apply(a_difference(*what)).status


def test_drift_is_ignored_with_a_reason_until_the_end_of_the_last_day(tmp_path: Path) -> None:
    judged = a_list(tmp_path, TAGS).apply(a_difference('aws_subnet.private["us-east-1a"]', "tags.Owner"))
    assert judged.status == "ignored"
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
def test_drift_without_an_entry_is_not_ignored(tmp_path: Path, what: tuple[str, ...]) -> None:
    assert status(a_list(tmp_path, TAGS), *what) == "drift"


def test_a_deletion_is_ignored_if_the_entry_names_it(tmp_path: Path) -> None:
    assert status(a_list(tmp_path, TAGS), "aws_sqs_queue.dead", "deleted") == "ignored"


def test_an_expired_entry_has_no_effect_and_is_reported(tmp_path: Path) -> None:
    ignored = a_list(tmp_path, TAGS)
    assert status(ignored, "aws_eip.nat", "public_ip") == "drift"
    assert {entry: str(day) for entry, day in ignored.expired.items()} == {"aws_eip.* *": "2026-11-23"}


def test_a_missing_and_an_empty_file_ignore_nothing(tmp_path: Path) -> None:
    assert IgnoreList.load(tmp_path / "drift-ignore.yaml", today=TODAY).entries == ()
    assert a_list(tmp_path, "# nothing yet\n").entries == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("address: x", "the file contains a dict. Expected: a list of entries"),
        ("- [a", "the file is not valid YAML: "),
        ("- a", "entry 1: 'a' is not an entry. Expected: a list of entries"),
        ("- {address: a, reason: Because it is., expires: soon}", "entry 1, expires: 'soon'. Expected: the last day"),
        ("- {address: a, reason: Because it is., expires: 2027}", "entry 1, expires: 2027. Expected: the last day"),
        ("- {address: a, reason: Because it is.}", "entry 1, expires: required. Expected: the last day"),
        (
            "- {address: a, reason: no, expires: 2027-01-31}",
            "entry 1, reason: False. Expected: the reason why the drift is intended",
        ),
        (
            "- {address: a, reason: x, expires: 2027-01-31}",
            "entry 1, reason: 'x'. Expected: the reason why the drift is intended",
        ),
        ("- {adress: a, reason: Because it is., expires: 2027-01-31}", "entry 1, adress: unknown field."),
        ("- {address: a, address: b, reason: Because it is., expires: 2027-01-31}", "a field is duplicate"),
        ("- {address: a, reason: Because it is., expires: 2027-02-31}", "the file is not valid YAML: "),
    ],
)
def test_an_invalid_list_is_refused_with_file_entry_and_field(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        a_list(tmp_path, text)
    assert str(refused.value).startswith("drift-ignore.yaml: ")
    assert problem in str(refused.value)
