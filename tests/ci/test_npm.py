"""The npm package of this repository that replaces one of cdktf's in node_modules."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from mlinfra.operations.toolchain import find_node
from tests.conftest import ROOT

REPLACED, REAL = "@cdktf/hcl2cdk", "hcl2cdk-at-first-use"


def evaluated(expression: str) -> Any:
    """The value of an expression of JavaScript in this repository."""
    program = f"console.log(JSON.stringify({expression}))"
    ended = subprocess.run([str(find_node().path), "-e", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(ended.stdout.splitlines()[0])  # the package writes warnings of Terraform into the next ones


def test_the_package_has_all_names_of_the_replaced_one() -> None:
    names = f"[{REPLACED!r}, {REAL!r}].map((each) => Object.keys(require(each)).sort())"
    replacing, real = evaluated(names)
    assert replacing == real
    assert "convert" in real


def test_the_replaced_package_is_loaded_when_it_is_first_used() -> None:
    loaded = f"Object.keys(require.cache).some((each) => each.includes('/{REAL}/'))"
    assert evaluated(f"[require({REPLACED!r}), {loaded}][1]") is False
    assert evaluated(f"[require({REPLACED!r}).CODE_MARKER, {loaded}][1]") is True


def test_the_versions_are_equal() -> None:
    replacing, real = (evaluated(f"require('{each}/package.json').version") for each in (REPLACED, REAL))
    assert replacing == real
