"""Output of the AWS CLI."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from mlinfra.local_aws.nodes.programs.aws_output import as_json, as_text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "None\n"),
        (True, "True\n"),
        ("a b", "a b\n"),
        (["a", "b"], "a\tb\n"),
        ([["2", "i-1 i-2"], ["3", "i-3"]], "2\ti-1 i-2\n3\ti-3\n"),
        ({"b": 2, "a": 1}, "1\t2\n"),
        ([{"b": 2, "a": 1}, {"b": 4, "a": 3}], "1\t2\n3\t4\n"),
        ({"Tags": [{"Key": "a"}, {"Key": "b"}]}, "TAGS\ta\nTAGS\tb\n"),
    ],
)
def test_text_has_tabs_and_lines(value: Any, expected: str) -> None:
    assert as_text(value) == expected


def test_json_has_times_as_text_and_nothing_for_an_empty_answer() -> None:
    assert as_json({"a": datetime(2026, 11, 30, tzinfo=timezone.utc)}) == '{\n    "a": "2026-11-30T00:00:00+00:00"\n}\n'
    assert as_json({}) == ""
    assert as_json(None) == "null\n"
