"""The npm package of this repository that replaces one of cdktf's in node_modules."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from mlinfra.operations.toolchain import find_node
from tests.conftest import ROOT

REPLACED, REAL = "@cdktf/hcl2cdk", "hcl2cdk-at-first-use"

_LOADED = f"Object.keys(require.cache).some((each) => each.includes('/{REAL}/'))"
PROGRAM = f"""
const replacing = require('{REPLACED}');
const loadedAtFirst = {_LOADED};
replacing.CODE_MARKER;
const loadedByUse = {_LOADED};
const names = [replacing, require('{REAL}')].map((each) => Object.keys(each).sort());
const versions = ['{REPLACED}', '{REAL}'].map((each) => require(each + '/package.json').version);
console.log(JSON.stringify({{ names, versions, loadedAtFirst, loadedByUse }}));
"""


@pytest.fixture(scope="module")
def packages() -> dict[str, Any]:
    """Properties of the two packages. To load the real one takes a second."""
    node = str(find_node().path)
    ended = subprocess.run([node, "-e", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[0])  # warnings of Terraform follow in the next lines
    return found


def test_the_package_has_all_names_of_the_replaced_one(packages: dict[str, Any]) -> None:
    replacing, real = packages["names"]
    assert replacing == real
    assert "convert" in real


def test_the_replaced_package_is_loaded_when_it_is_first_used(packages: dict[str, Any]) -> None:
    assert packages["loadedAtFirst"] is False
    assert packages["loadedByUse"] is True


def test_the_versions_are_equal(packages: dict[str, Any]) -> None:
    replacing, real = packages["versions"]
    assert replacing == real
