"""Findings as JUnit XML, which CI systems show as tests: one test for each check and stack."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.operations.checks.finding import CheckFinding, CheckReport


def junit(report: CheckReport, titles: Mapping[str, str]) -> str:
    """The report as JUnit XML.

    A finding that fails the run is a failure of its test. Others are its output, with the reason of an
    acknowledgement.

    Args:
        report: the report.
        titles: the titles of all checks, by id: one without findings is a test that passes.
    """
    known = {**titles, **{each.check: each.title for each in report.findings}}
    suites = ET.Element("testsuites", name="mlinfra checks")
    for stack in report.stacks:
        found = [each for each in report.findings if each.stack == stack]
        suite = ET.SubElement(suites, "testsuite", name=stack, tests=str(len(known)))
        suite.set("failures", str(len({each.check for each in found if each.fails})))
        for check, title in known.items():
            case = ET.SubElement(suite, "testcase", classname=stack, name=f"{check}: {title}")
            _describe(case, [each for each in found if each.check == check])
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True)


def _describe(case: ET.Element, findings: list[CheckFinding]) -> None:
    failing = [each for each in findings if each.fails]
    if failing:
        failure = ET.SubElement(case, "failure", message=failing[0].title)
        failure.text = "\n".join(each.text for each in failing)
    others = [
        each.text if each.acknowledged is None else f"{each.text} Acknowledged: {each.acknowledged}"
        for each in findings
        if not each.fails
    ]
    if others:
        ET.SubElement(case, "system-out").text = "\n".join(others)
