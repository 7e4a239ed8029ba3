from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import DeclarationError
from tests.unit.operations.review.approvals import approved, entry
from tests.unit.operations.review.plans import TODAY

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("finding: MLR101", "approvals/data.yaml: 1 problem\n  - the file contains a _Mapping."),
        ("- [", "approvals/data.yaml: 1 problem\n  - the file is not valid YAML: "),
        ("- 5", "approvals/data.yaml, entry 1: 1 problem\n  - 5 is not an approval. Expected: finding, digest, stack"),
        ("- finding: MLR101\n  finding: MLR102", "duplicate field: finding"),
    ],
)
def test_a_malformed_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(message.replace("_Mapping", "mapping"))):
        approved(tmp_path, text=text)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"until": "soon"}, "until: 'soon' is not a date. Expected: the last day on which the approval is valid"),
        ({"until": datetime(2026, 11, 26, 10, tzinfo=timezone.utc)}, "is not a date"),
        (
            {"until": TODAY + timedelta(days=31)},
            "until: 2026-12-27 is 31 days away. An approval is valid for 30 days at most: until 2026-12-26.",
        ),
        ({"who": None}, "who: required. Expected: the e-mail address of the approver"),
        ({"who": ""}, "who: ''. Expected: the e-mail address"),
        ({"who": "ana"}, "who: 'ana'. Expected: the e-mail address"),
        ({"whom": "x"}, "whom: unknown field. Did you mean 'who'?"),
        ({"stack": None}, "stack: required. Expected: the name of the stack."),
        ({"stack": "dev-*"}, "stack: 'dev-*' has a wildcard. An approval is for one finding."),
        ({"address": "aws_s3_bucket.*"}, "address: 'aws_s3_bucket.*' has a wildcard."),
        ({"digest": None}, "digest: required. Expected: the ten hexadecimal digits after the id in the report"),
        ({"digest": 1234567890}, "digest: 1234567890. Expected: the ten hexadecimal digits"),
        ({"finding": "MLR1O1"}, "finding: 'MLR1O1' is not the id of a rule."),
        ({"finding": "MLR902"}, "finding: MLR902 is a note, and needs no approval. Remove the entry."),
    ],
)
def test_a_malformed_entry_is_refused_with_its_field(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(message)):
        approved(tmp_path, entry(tmp_path, **changes))


def test_a_key_of_for_each_may_contain_a_wildcard(tmp_path: Path) -> None:
    report = approved(tmp_path, entry(tmp_path, address='aws_s3_bucket.x["a*"]'))
    assert [each.id for each in report.findings] == ["MLR101", "MLR902"]
