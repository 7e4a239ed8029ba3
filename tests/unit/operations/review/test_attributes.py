from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from mlinfra.cli.main import app
from mlinfra.operations.review import to_json, to_markdown
from mlinfra.operations.review.attributes import Attribute
from tests.unit.operations.review.plans import change, reviewed

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

BEFORE = {"name": "q", "delay_seconds": 0, "tags_all": {"a": "1"}, "arn": "x"}


def test_changed_attributes_are_reported_from_what_to_what(tmp_path: Path) -> None:
    report = reviewed(tmp_path, change("aws_sqs_queue.x", BEFORE, {**BEFORE, "delay_seconds": 5, "tags_all": {}}))
    assert report.stacks[0].changes[0].attributes == (Attribute("delay_seconds", "0", "5"),)
    assert "- `delay_seconds`: from `0` to `5`" in to_markdown(report)
    (changed,) = json.loads(to_json(report))["stacks"][0]["changes"]
    assert changed["attributes"] == [{"name": "delay_seconds", "before": "0", "after": "5"}]


def test_attributes_of_a_new_resource_leave_out_what_is_not_set(tmp_path: Path) -> None:
    after = {"name": "q", "policy": None, "fifo_queue": False, "tags": {}}
    report = reviewed(tmp_path, change("aws_sqs_queue.x", None, after, unknown={"arn": True}))
    assert report.stacks[0].changes[0].attributes == (Attribute("name", "(not set)", "q"),)


def test_of_scripts_in_base64_the_lines_that_differ_are_reported(tmp_path: Path) -> None:
    def attributes(before: str, after: str) -> tuple[Attribute, ...]:
        old, new = ({"user_data": base64.b64encode(each.encode()).decode()} for each in (before, after))
        return reviewed(tmp_path, change("aws_launch_template.x", old, new)).stacks[0].changes[0].attributes

    script = "#!/bin/bash\nNODES=2\nstart\n"
    assert attributes(script, script.replace("2", "1")) == (Attribute("user_data", "NODES=2", "NODES=1"),)
    assert attributes(script, f"{script}curl x\n") == (Attribute("user_data", "(no other lines)", "curl x"),)
    assert attributes("a\nb", "b\na") == (Attribute("user_data", "a\nb", "b\na"),)


def test_values_of_scripts_that_cannot_be_decoded_are_reported_unchanged(tmp_path: Path) -> None:
    for before, after in ((None, "echo 1"), ("echo 1", "echo 2"), ("H4sI/w==", "H4sI/g==")):
        report = reviewed(tmp_path, change("aws_instance.x", {"user_data": before}, {"user_data": after}))
        expected = Attribute("user_data", before or "(not set)", after)
        assert report.stacks[0].changes[0].attributes == (expected,)


def test_sensitive_scripts_are_masked(tmp_path: Path) -> None:
    before, after = ({"user_data": f"TOKEN=hunter{each}"} for each in (1, 2))
    report = reviewed(tmp_path, change("aws_instance.x", before, after, sensitive={"user_data": True}))
    assert "hunter" not in to_json(report)


def test_sensitive_attributes_are_masked(tmp_path: Path) -> None:
    before, after = ({"name": "p", "value": each} for each in ("hunter1", "hunter2"))
    report = reviewed(tmp_path, change("aws_ssm_parameter.x", before, after, sensitive={"value": True}))
    assert report.stacks[0].changes[0].attributes == (Attribute("value", "(sensitive)", "(sensitive)"),)
    for written in (to_markdown(report), to_json(report)):
        assert "hunter" not in written


def test_a_value_that_becomes_unknown_is_reported(tmp_path: Path) -> None:
    changed = change("aws_sqs_queue.x", {"kms_master_key_id": "k"}, {}, unknown={"kms_master_key_id": True})
    report = reviewed(tmp_path, changed)
    assert report.stacks[0].changes[0].attributes == (Attribute("kms_master_key_id", "k", "(known after apply)"),)


def test_long_values_are_folded_and_escaped_in_markdown(tmp_path: Path) -> None:
    after = {**BEFORE, "policy": "<b>@all " + "x" * 200}
    written = to_markdown(reviewed(tmp_path, change("aws_sqs_queue.x", BEFORE, after)))
    assert "- <details><summary>policy</summary>from " in written
    assert "<b>" not in written
    assert "@all" not in written


def test_the_terminal_shows_changed_attributes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reviewed(tmp_path, change("aws_sqs_queue.x", BEFORE, {**BEFORE, "delay_seconds": 5}))
    monkeypatch.chdir(tmp_path)
    assert "      delay_seconds: 0 → 5\n" in CliRunner().invoke(app, ["review", "dev-data.json"]).stdout
