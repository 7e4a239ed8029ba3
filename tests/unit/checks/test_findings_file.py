"""The file with the findings of a synth."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

from mlinfra.checks import Check, Problem, StackConfiguration
from mlinfra.checks.evaluation import evaluate
from mlinfra.checks.findings_file import FINDINGS_FILE, append_findings

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

CHECK = Check(id="ACME001", title="t", fix="f", find=lambda _: (Problem("It is wrong.", "dev-test/one"),))
RESULTS = evaluate(StackConfiguration("dev-test", {}), [CHECK], today=date(2026, 11, 30))


def test_nothing_is_written_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FINDINGS_FILE, raising=False)
    assert append_findings("dev-test", RESULTS, ()) is False


def test_each_stack_appends_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(FINDINGS_FILE, str(tmp_path / "found.jsonl"))
    assert append_findings("dev-test", RESULTS, ())
    assert append_findings("dev-other", (), ())
    first, second = (json.loads(line) for line in (tmp_path / "found.jsonl").read_text().splitlines())
    assert (first["stack"], first["results"][0]["check"], first["results"][0]["path"]) == (
        "dev-test",
        "ACME001",
        "dev-test/one",
    )
    assert (second["stack"], second["results"]) == ("dev-other", [])
