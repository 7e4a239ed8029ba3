"""Sections with and without data."""

from __future__ import annotations

from mlinfra.operations.report.section import Section


def test_a_section_without_data_has_a_reason_and_a_command() -> None:
    assert Section(reason="Drift was not checked.", command="mlinfra drift").as_json() == {
        "available": False, "reason": "Drift was not checked.", "command": "mlinfra drift", "remarks": [], "data": None,
    }  # fmt: skip


def test_a_section_with_empty_data_is_available() -> None:
    assert Section({}, remarks=("prod was skipped.",)).as_json() == {
        "available": True, "reason": "", "command": "", "remarks": ["prod was skipped."], "data": {},
    }  # fmt: skip
