"""Findings as SARIF."""

from __future__ import annotations

import json

from mlinfra.operations.checks import sarif
from tests.unit.operations.checks.reports import REPORT

RUN = json.loads(sarif(REPORT))["runs"][0]


def test_every_check_is_a_rule_once() -> None:
    assert [each["id"] for each in RUN["tool"]["driver"]["rules"]] == ["ACME001", "ACME002"]
    assert [each["ruleIndex"] for each in RUN["results"]] == [0, 1, 0, 0]


def test_what_fails_the_run_is_an_error() -> None:
    assert [each["level"] for each in RUN["results"]] == ["error", "warning", "warning", "error"]


def test_acknowledged_findings_are_suppressed_with_their_reason() -> None:
    assert [each["suppressions"] for each in RUN["results"]] == [
        [],
        [],
        [{"kind": "external", "justification": "Intended."}],
        [],
    ]


def test_the_location_is_the_construct_or_the_stack() -> None:
    names = [each["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] for each in RUN["results"]]
    assert names == ["dev-a/x", "dev-a/y", "dev-b/z", "dev-b"]
