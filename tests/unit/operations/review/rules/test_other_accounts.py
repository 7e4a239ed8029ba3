from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.operations.review.plans import OTHER, OWN, change, rules_of

if TYPE_CHECKING:
    from pathlib import Path

LAYER = f"arn:aws:lambda:us-east-1:{OTHER}:layer:extra:1"
POLICY = '[{{"Rules": [], "Principal": ["arn:aws:iam::{}:role/r"]}}]'


@pytest.mark.parametrize(
    ("kind", "before", "after", "rule"),
    [
        ("lambda_function", {"layers": []}, {"layers": [LAYER]}, "MLR521"),
        ("glue_job", {"command": [{"script_location": "s3://a/x.py"}]},
         {"command": [{"script_location": "s3://b/x.py"}]}, "MLR521"),
        ("lambda_event_source_mapping", None,
         {"function_name": f"arn:aws:lambda:us-east-1:{OTHER}:function:f"}, "MLR701"),
        ("opensearchserverless_access_policy", None, {"name": "p", "policy": POLICY.format(OTHER)}, "MLR701"),
        ("dynamodb_kinesis_streaming_destination", None,
         {"stream_arn": f"arn:aws:kinesis:us-east-1:{OTHER}:stream/s"}, "MLR701"),
    ],
)  # fmt: skip
def test_code_and_targets_of_other_accounts_are_held(
    tmp_path: Path, kind: str, before: dict[str, Any] | None, after: dict[str, Any], rule: str
) -> None:
    assert (rule, "hold") in rules_of(tmp_path, change(f"aws_{kind}.x", before, after))


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        ("lambda_event_source_mapping", {"function_name": f"arn:aws:lambda:us-east-1:{OWN}:function:f"}),
        ("opensearchserverless_access_policy", {"name": "p", "policy": POLICY.format(OWN)}),
    ],
)
def test_targets_of_the_own_account_are_not_held(tmp_path: Path, kind: str, after: dict[str, Any]) -> None:
    assert not [each for each in rules_of(tmp_path, change(f"aws_{kind}.x", None, after)) if each[1] == "hold"]
