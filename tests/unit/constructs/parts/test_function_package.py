"""The package of the functions: the same bytes everywhere, and enough to run in Lambda."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra._cdk import App
from mlinfra.constructs.parts import function_package
from mlinfra.constructs.parts.function_package import FunctionPackage, modules, packed
from mlinfra.stack import MlStack
from tests.conftest import ROOT, an_environment

if TYPE_CHECKING:
    from collections.abc import Callable

LIBRARY = ROOT / "mlinfra"
HANDLERS = ("janitor", "job_finished", "idle", "interruption", "model_approval", "node_unhealthy", "unused_endpoints")
LAMBDA_HAS = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six.py", "urllib3")
"""What AWS's runtime brings along, and nothing else."""


def copy_of_library(folder: Path) -> Path:
    library = folder / "mlinfra"
    shutil.copytree(LIBRARY / "functions", library / "functions")
    (library / "catalog").mkdir()
    shutil.copyfile(LIBRARY / "catalog" / "prices.zip", library / "catalog" / "prices.zip")
    return library


def names(package: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return archive.namelist()


def test_it_holds_the_functions_and_the_prices_and_no_package_of_the_library() -> None:
    inside = names(packed())
    assert {f"mlinfra/functions/{name}.py" for name in HANDLERS} <= set(inside)
    assert "mlinfra/catalog/prices.zip" in inside
    assert "mlinfra/__init__.py" not in inside
    assert {name.rpartition(".")[2] for name in inside} == {"py", "zip"}
    assert inside == sorted(inside)


def test_two_checkouts_make_the_same_bytes(tmp_path: Path) -> None:
    """Another path with a space, other times, other rights, other line ends, compiled files about, another umask."""
    here, there = copy_of_library(tmp_path / "a"), copy_of_library(tmp_path / "a checkout of Ana's")
    for path in (each for each in there.rglob("*") if each.is_file()):
        if path.suffix != ".zip":
            path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
        path.chmod(0o600)
        os.utime(path, (1_000_000_000, 1_000_000_000))
    (there / "functions" / "__pycache__").mkdir(exist_ok=True)
    (there / "functions" / "__pycache__" / "janitor.cpython-399.pyc").write_bytes(b"x")
    (there / "functions" / ".janitor.py.swp").write_bytes(b"x")
    before = os.umask(0o077)
    try:
        other = packed(there)
    finally:
        os.umask(before)
    assert packed(here) == other == packed()


def test_entries_have_a_fixed_time_and_mode() -> None:
    with zipfile.ZipFile(io.BytesIO(packed())) as archive:
        marks = {
            (each.date_time, each.external_attr, each.create_system, each.compress_type) for each in archive.infolist()
        }
    assert marks == {((1980, 1, 1, 0, 0, 0), 0o100644 << 16, 3, zipfile.ZIP_STORED)}


def test_another_content_is_another_package(tmp_path: Path) -> None:
    library = copy_of_library(tmp_path)
    (library / "functions" / "janitor.py").write_text("changed = True\n")
    assert packed(library) != packed()


def test_a_folder_that_is_not_the_library_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Expected: the folder of the library mlinfra"):
        packed(tmp_path)


def test_a_package_over_the_size_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = copy_of_library(tmp_path)
    monkeypatch.setattr(function_package, "MOST_BYTES", 250_000)
    (library / "functions" / "generated.py").write_text("#" * 250_000)
    expected = r"has \d+ bytes\. Expected: at most 250000\. Its largest file is functions/generated\.py\."
    with pytest.raises(ValueError, match=expected):
        packed(library)


def test_lambda_can_import_each_handler_which_knows_prices(tmp_path: Path) -> None:
    """A Python without site-packages, with the package and boto3 alone; a process for each handler."""
    task, runtime = tmp_path / "task", tmp_path / "runtime"
    with zipfile.ZipFile(io.BytesIO(packed())) as archive:
        archive.extractall(task)
    runtime.mkdir()
    installed = Path(sys.modules["pytest"].__file__ or "").resolve().parent.parent
    for each in LAMBDA_HAS:
        (runtime / each).symlink_to(installed / each)
    # boto3 is imported once.
    program = (
        f"import sys; sys.path[:0] = [{str(task)!r}, {str(runtime)!r}]; sys.dont_write_bytecode = True\n"
        f"import boto3, importlib, os\n"
        f"for name in {HANDLERS}:\n"
        f"    child = os.fork()\n"
        f"    if not child:\n"
        f"        assert callable(importlib.import_module(f'mlinfra.functions.{{name}}').handler)\n"
        f"        import mlinfra, mlinfra.functions.prices as prices\n"
        f"        assert prices.on_demand_prices()['m5.large'] > 0\n"
        f"        assert list(mlinfra.__path__) == [{str(task / 'mlinfra')!r}]\n"
        f"        assert not {{'cdktf', 'pydantic', 'mlinfra.constructs'}} & set(sys.modules)\n"
        f"        print(name)\n"
        f"        break\n"
        f"    assert os.waitpid(child, 0)[1] == 0, name\n"
    )
    ended = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == list(HANDLERS)


def test_modules_are_those_that_can_be_imported_from_it() -> None:
    assert {f"mlinfra.functions.{name}" for name in HANDLERS} <= modules()
    assert "mlinfra.constructs.parts.function" not in modules()


def synthesized(outdir: Path) -> tuple[bytes, FunctionPackage]:
    app = App(outdir=str(outdir))
    stack = MlStack(app, an_environment(), "test")
    package = FunctionPackage.of(stack)
    assert FunctionPackage.of(stack) is package
    app.synth()
    return (outdir / "stacks" / "dev-test" / package.path).read_bytes(), package


@pytest.fixture
def made_anew() -> Any:
    """As in another process: the package is written to another temporary folder."""
    forget: Callable[[], None] = function_package._written.cache_clear  # noqa: SLF001
    forget()
    yield forget
    forget()


def test_it_lies_beside_the_stack_under_a_path_that_only_its_content_decides(
    tmp_path: Path, made_anew: Callable[[], None]
) -> None:
    content, here = synthesized(tmp_path / "cdktf.out")
    made_anew()
    same, there = synthesized(tmp_path / "a checkout with spaces")
    assert content == same == packed()
    assert here.path == there.path
    assert not Path(here.path).is_absolute()
    assert hashlib.sha256(content).hexdigest()[:32] in here.path
