"""The table of changes from AWS provider 5 to 6, compared with the schemas of both.

That of 5.100.0 is printed by the provider; that of 6.69.1 is in the JavaScript of the bindings for cdktn.
"""

from __future__ import annotations

import re
import tarfile
from typing import TYPE_CHECKING, NamedTuple

import pytest

from ci.taggable_types import locked_schemas
from mlinfra.catalog import REMOVED_BY_PROVIDER_6, is_added_by_provider_6
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlinfra.testing.terraform import TerraformProgram

pytestmark = [pytest.mark.deploy, pytest.mark.lengthy, pytest.mark.xdist_group("cdktn")]

_CLASS = re.compile(
    r'^class \w+ extends cdktn\.TerraformResource \{.*?tfResourceType = "(\w+)";(.*)', re.DOTALL | re.MULTILINE
)
_READ = re.compile(r"""(?:Attribute\(['"]|(?:OutputReference|List|Map)\(this, ['"])(\w+)""")
_WRITTEN = re.compile(r"synthesizeAttributes\(\) \{(.*?)\n    \}", re.DOTALL)
_ARGUMENT = re.compile(r"^ +(\w+): ", re.MULTILINE)


class Names(NamedTuple):
    """Attributes of a resource type, and blocks."""

    arguments: frozenset[str]
    computed: frozenset[str]
    """Attributes that cannot be set."""

    @property
    def all(self) -> frozenset[str]:
        """Both."""
        return self.arguments | self.computed


@pytest.fixture(scope="module")
def of_provider_6(python_with_cdktn: Path) -> Mapping[str, Names]:
    (package,) = python_with_cdktn.parents[1].glob("lib/python*/site-packages/cdktn_provider_aws/_jsii/*.tgz")
    used = re.findall(r"^        (\w+) as \1,$", (ROOT / "mlinfra" / "_cdk" / "aws.py").read_text(), re.MULTILINE)
    files = {f"package/lib/{each.replace('_', '-')}/index.js" for each in (*used, "instance")}
    found = {}
    with tarfile.open(package) as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.name in files else None
            text = stream.read().decode() if stream else ""
            if match := _CLASS.search(text):
                written = _WRITTEN.search(match[2])
                assert written
                arguments = frozenset(_ARGUMENT.findall(written[1]))
                found[match[1]] = Names(arguments, frozenset(_READ.findall(match[2])) - arguments)
    assert len(found) > 80
    return found


@pytest.fixture(scope="module")
def of_provider_5(
    own_terraform: TerraformProgram, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, frozenset[str]]:
    assert own_terraform
    schemas = locked_schemas(tmp_path_factory.mktemp("schemas"))
    return {
        type_: frozenset({**each["block"].get("attributes", {}), **each["block"].get("block_types", {})})
        for type_, each in schemas.items()
    }


def test_the_removed_arguments_are_those_of_the_table(
    of_provider_5: Mapping[str, frozenset[str]], of_provider_6: Mapping[str, Names]
) -> None:
    removed = {type_: of_provider_5[type_] - names.all for type_, names in of_provider_6.items()}
    assert {type_: names for type_, names in removed.items() if names} == {
        type_: frozenset(names) for type_, names in REMOVED_BY_PROVIDER_6.items()
    }


def test_the_arguments_that_replace_them_exist(of_provider_6: Mapping[str, Names]) -> None:
    for type_, removed in REMOVED_BY_PROVIDER_6.items():
        assert {each for each in removed.values() if each} <= of_provider_6[type_].all


def test_added_attributes_that_cannot_be_set_are_in_the_table(
    of_provider_5: Mapping[str, frozenset[str]], of_provider_6: Mapping[str, Names]
) -> None:
    missing = {
        f"{type_}.{name}"
        for type_, names in of_provider_6.items()
        for name in names.computed - of_provider_5[type_]
        if not is_added_by_provider_6(type_, name)
    }
    assert missing == set()
