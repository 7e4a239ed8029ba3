"""Modules with annotations as text behave as those with evaluated ones."""

from __future__ import annotations

import importlib
import sys
import typing
from typing import TYPE_CHECKING

import pytest

from mlinfra._cdk.aws import s3_bucket
from mlinfra._cdk.late_annotations import Finder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOURCE = """
import typing

def joined(names: typing.Sequence[str]) -> str:
    return "-".join(names)
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package `bindings`, with one module, which is loaded by a finder of its own."""
    (tmp_path / "bindings").mkdir()
    (tmp_path / "bindings" / "__init__.py").touch()
    (tmp_path / "bindings" / "names.py").write_text(SOURCE)
    monkeypatch.setattr(sys, "meta_path", [Finder(["bindings"]), *sys.meta_path])
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "bindings"
    for each in ("bindings", "bindings.names"):
        sys.modules.pop(each, None)


@pytest.mark.usefixtures("package")
def test_annotations_are_text_until_they_are_used() -> None:
    names = importlib.import_module("bindings.names")
    assert names.joined.__annotations__ == {"names": "typing.Sequence[str]", "return": "str"}
    assert typing.get_type_hints(names.joined) == {"names": typing.Sequence[str], "return": str}


def test_bytecode_is_written_beside_that_of_stock_python(package: Path) -> None:
    importlib.import_module("bindings.names")
    (written,) = (package / "__pycache__").glob("names.*")
    assert written.name.endswith(".late-annotations.pyc")


def test_changed_sources_are_compiled_again(package: Path) -> None:
    importlib.import_module("bindings.names")
    del sys.modules["bindings.names"]
    (package / "names.py").write_text(SOURCE.replace('"-"', '" and "'))
    assert importlib.import_module("bindings.names").joined(["a", "b"]) == "a and b"


def test_other_packages_are_loaded_by_python(package: Path) -> None:
    assert Finder(["bindings"]).find_spec("bindings_of_others", [str(package)]) is None


def test_the_bindings_of_the_provider_are_loaded_this_way() -> None:
    annotation = s3_bucket.S3Bucket.__init__.__annotations__["scope"]
    assert annotation.strip("'") == "_constructs_77d1e7e8.Construct"  # in cdktn, the source has it as text


def test_a_wrong_argument_is_refused_with_the_message_of_typeguard() -> None:
    with pytest.raises(TypeError, match="type of argument storage_class must be str; got int instead"):
        s3_bucket.S3BucketLifecycleRuleTransition(storage_class=1)  # type: ignore[arg-type]
