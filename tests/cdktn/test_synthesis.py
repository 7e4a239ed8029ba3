"""Stacks of all environments, synthesized with cdktn and compared with those of cdktf."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from ci import JUDGED_ON
from mlinfra.catalog import REMOVED_BY_PROVIDER_6
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.lengthy, pytest.mark.xdist_group("cdktn")]

PROGRAM = """
import json, runpy, sys
runpy.run_path("main.py", run_name="__main__")
import jsii
from mlinfra._cdk import node_package
bindings = [name for name in sys.modules if name.startswith("cdktn_provider_aws.") and "._" not in name]
families = [name for name in ("cdktf", "cdktn", "cdktf_cdktf_provider_aws") if name in sys.modules]
print(json.dumps([families, len(bindings), jsii.sget(node_package._LazyIndex, "outcome")]))
"""


class OnCdktn(NamedTuple):
    """A synthesis with cdktn."""

    out: Path
    families: list[str]
    bindings: int
    outcome: str


@pytest.fixture(scope="module")
def on_cdktn(python_with_cdktn: Path, tmp_path_factory: pytest.TempPathFactory) -> OnCdktn:
    out = tmp_path_factory.mktemp("cdktn") / "cdktf.out"
    variables = {name: value for name, value in os.environ.items() if name not in ("MLINFRA_ENV", "MLINFRA_CDK")}
    ended = subprocess.run(  # the same main.py, without a change
        [python_with_cdktn, "-W", "error", "-c", PROGRAM],
        cwd=ROOT,
        env=variables | {"CDKTF_OUTDIR": str(out), "MLINFRA_TODAY": JUDGED_ON.isoformat(), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return OnCdktn(out, *json.loads(ended.stdout.splitlines()[-1]))


def stacks_in(folder: Path) -> dict[str, Any]:
    """The configurations of all stacks, without the version of the library that wrote each."""
    found = {path.parent.name: json.loads(path.read_text()) for path in sorted(folder.glob("*/cdk.tf.json"))}
    for each in found.values():
        del each["//"]["metadata"]["version"]
    return found


def test_both_families_write_equal_stacks(on_cdktn: OnCdktn, synthesized: Path) -> None:
    expected = stacks_in(synthesized)
    assert len(expected) > 20
    assert stacks_in(on_cdktn.out / "stacks") == expected


def test_both_families_write_the_same_files(on_cdktn: OnCdktn, synthesized: Path) -> None:
    def contents(folder: Path) -> dict[str, bytes]:
        files = (each for each in folder.rglob("*") if each.is_file() and each.name != "cdk.tf.json")
        return {str(each.relative_to(folder)): each.read_bytes() for each in files}

    assert contents(on_cdktn.out / "stacks") == contents(synthesized)


def test_both_families_write_equal_dependencies_of_stacks(on_cdktn: OnCdktn, synthesized: Path) -> None:
    with_cdktn, with_cdktf = (
        json.loads((folder / "manifest.json").read_text())["stacks"] for folder in (on_cdktn.out, synthesized.parent)
    )
    assert with_cdktn == with_cdktf


def test_cdktf_is_not_loaded(on_cdktn: OnCdktn) -> None:
    assert on_cdktn.families == ["cdktn"]


def test_the_bindings_are_loaded_lazily_in_python_and_in_node(on_cdktn: OnCdktn) -> None:
    assert 0 < on_cdktn.bindings < 150
    assert on_cdktn.outcome == "lazy"


def resources_in(stacks: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for stack in stacks.values():
        for type_, named in stack.get("resource", {}).items():
            for name, body in named.items():
                yield type_, name, body


def test_no_resource_has_an_argument_that_provider_6_refuses(synthesized: Path) -> None:
    used = {(type_, argument) for type_, _, body in resources_in(stacks_in(synthesized)) for argument in body}
    assert ("aws_launch_template", "name") in used
    assert not used & {(type_, argument) for type_, removed in REMOVED_BY_PROVIDER_6.items() for argument in removed}


def test_no_resource_has_the_argument_region_a_change_of_which_replaces_it(synthesized: Path) -> None:
    assert [name for _, name, body in resources_in(stacks_in(synthesized)) if "region" in body] == []


def test_images_are_looked_up_with_their_owner_which_provider_6_requires(synthesized: Path) -> None:
    lookups = [
        body for stack in stacks_in(synthesized).values() for body in stack.get("data", {}).get("aws_ami", {}).values()
    ]
    assert lookups
    assert all(each.get("owners") for each in lookups)
