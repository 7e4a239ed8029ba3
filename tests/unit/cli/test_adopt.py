"""The JSON of `mlinfra adopt`."""

from __future__ import annotations

from pathlib import Path

from mlinfra.cli.adopt import _as_json
from mlinfra.declarations import Adopted
from mlinfra.operations.adopt import Adoption, Proposal
from mlinfra.operations.adopt.planned_imports import AttributeChange, Import
from tests.conftest import TODAY


def test_the_json_contains_proposals_changes_and_the_record() -> None:
    adopted = Adopted(
        type="aws_s3_bucket",
        id="legacy",
        name="legacy",
        owner="ana@example.com",
        since=TODAY,
        arguments={"bucket": "legacy"},
    )
    planned = Import(adopted.address, "changed", (AttributeChange("tags.a", '"b"', '"c"'),))
    proposal = Proposal(adopted, {"policy": "deprecated"}, planned, "DataLake.")
    assert _as_json(Adoption([proposal], ["aws_sqs_queue.q: update"], Path("environments/dev.adopted.json"))) == {
        "resources": [
            {
                "address": "aws_s3_bucket.legacy",
                "id": "legacy",
                "arguments": {"bucket": "legacy"},
                "left_out": {"policy": "deprecated"},
                "outcome": "changed",
                "changes": [{"path": "tags.a", "before": '"b"', "after": '"c"'}],
                "next_step": "DataLake.",
            }
        ],
        "other_changes": ["aws_sqs_queue.q: update"],
        "written": "environments/dev.adopted.json",
    }
