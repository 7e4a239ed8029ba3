"""The page as one file: data, libraries and policy."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

import pytest

from ci import report_assets
from mlinfra.operations.report.page import _LIBRARIES, embedded, page
from tests.conftest import ROOT

EMPTY: dict[str, Any] = {"project": "recsys", "sections": {}, "environments": []}
HOSTILE = "</script><script>alert(1)</script><!-- & \u2028 \u2029"


def data_of(text: str) -> Any:
    (found,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    return json.loads(found)


def test_the_data_is_unchanged() -> None:
    data = {**EMPTY, "sections": {"audit": {"name": HOSTILE}}}
    assert data_of(page(data)) == data


def test_no_value_can_end_the_element_of_the_data() -> None:
    text = embedded({"tag": HOSTILE})
    assert not set(text) & set("<>&\u2028\u2029")


def test_a_value_cannot_replace_a_part_of_the_page() -> None:
    made = page({**EMPTY, "sections": {"audit": {"name": "{{scripts}} {{policy}}"}}})
    assert data_of(made)["sections"]["audit"]["name"] == "{{scripts}} {{policy}}"
    assert made.count("<script>") == len(_LIBRARIES) + 1


def test_the_title_is_escaped() -> None:
    assert "<title>&lt;b&gt;: cost and ownership</title>" in page({**EMPTY, "project": "<b>"})


def test_a_figure_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        page({**EMPTY, "sections": {"cost": float("nan")}})


def test_the_policy_allows_the_scripts_and_styles_of_the_page_alone() -> None:
    made = page(EMPTY)
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', made)
    directives = dict(each.split(" ", 1) for each in policy.split("; "))
    scripts = re.findall(r"<script>(.*?)</script>", made, re.DOTALL)
    assert directives["script-src"].split() == [digest(each) for each in scripts]
    (style,) = re.findall(r"<style>(.*?)</style>", made, re.DOTALL)
    assert digest(style) in directives["style-src"]
    assert directives["default-src"] == directives["connect-src"] == directives["base-uri"] == "'none'"
    assert "unsafe" not in policy


def test_only_a_served_page_may_call_its_server() -> None:
    assert "connect-src 'self'" in page({**EMPTY, "refresh": True})


def test_the_page_refers_to_no_other_file() -> None:
    shell = re.sub(r"<script>.*?</script>|<style>.*?</style>", "", page(EMPTY), flags=re.DOTALL)
    assert not re.findall(r"""(?:src|href)=["'](?!#)""", shell)


def test_the_libraries_are_those_of_their_record() -> None:
    recorded = json.loads(report_assets.RECORD.read_text())
    assert tuple(each["file"] for each in recorded) == _LIBRARIES
    for each in recorded:
        content = (report_assets.FOLDER / each["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == each["sha256"], each["file"]
        assert list((report_assets.FOLDER / "licenses").glob(f"{each['package']}-LICENSE.txt"))


def test_the_libraries_are_those_of_the_npm_packages() -> None:
    if not (ROOT / "node_modules" / "echarts").is_dir():
        pytest.skip("node_modules is not installed: make setup")
    assert json.loads(report_assets.RECORD.read_text()) == report_assets.record(), "run `python -m ci.report_assets`"


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
