"""Findings as JUnit XML."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from mlinfra.operations.checks import junit
from tests.unit.operations.checks.reports import REPORT

SUITES = ET.fromstring(junit(REPORT, {"MLC101": "Several constructs."}))  # noqa: S314  our own output


def test_each_stack_is_a_suite_with_a_test_for_each_check() -> None:
    assert [(each.get("name"), each.get("tests"), each.get("failures")) for each in SUITES] == [
        ("dev-a", "3", "1"),
        ("dev-b", "3", "1"),
    ]


def test_what_fails_the_run_is_a_failure_with_its_text() -> None:
    assert [each.text for each in SUITES.iter("failure")] == ["x is <wrong>.", "w is wrong."]


def test_warnings_and_reasons_are_output() -> None:
    assert [each.text for each in SUITES.iter("system-out")] == ["y is odd.", "z is wrong. Acknowledged: Intended."]
