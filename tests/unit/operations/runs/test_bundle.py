"""The runner archive, executed alone."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from mlinfra.operations.runs import bundle
from mlinfra.operations.runs.bundle import SERVICES, build_runner
from tests.conftest import ROOT

_SCRIPT = """
import importlib, json, pkgutil, sys
sys.path.insert(0, sys.argv[1])
import mlinfra.job, mlinfra.runner
for package in (mlinfra.runner, mlinfra.job):
    for each in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if not each.name.endswith("__main__"):
            importlib.import_module(each.name)
import boto3
session = boto3.session.Session(region_name="us-east-1")
for service in json.loads(sys.argv[2]):
    session.client(service)
session.resource("dynamodb")
outside = sorted(
    name for name, each in sys.modules.items()
    if name.split(".")[0] in {"mlinfra", "boto3", "botocore", "six", "urllib3", "dateutil", "jmespath", "s3transfer"}
    and not str(getattr(each, "__file__", None) or sys.argv[1]).startswith(sys.argv[1])
)
print(outside)
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bundle.RunnerArchive:
    return build_runner(tmp_path_factory.mktemp("runner") / "runner.tar.gz")


@pytest.fixture(scope="module")
def folder(archive: bundle.RunnerArchive) -> Path:
    target = archive.archive.path.parent / "extracted"
    with tarfile.open(archive.archive.path) as tar:
        tar.extractall(target, filter="data")
    return target


def _run_alone(python: str, folder: Path) -> str:
    services = str(sorted(SERVICES)).replace("'", '"')
    command = [python, "-I", "-B", "-S", "-c", _SCRIPT, str(folder), services]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, check=True).stdout.strip()


def test_all_modules_of_the_runner_and_of_jobs_run_from_the_archive_alone(folder: Path) -> None:
    assert _run_alone(sys.executable, folder) == "[]"


def test_the_oldest_supported_version_of_python_runs_it(archive: bundle.RunnerArchive, folder: Path) -> None:
    installed = [str(each) for each in Path.home().glob(f".pyenv/versions/{archive.python}.*/bin/python")]
    for python in filter(None, [*installed, shutil.which(f"python{archive.python}")]):
        # A shim of pyenv exists for versions that it does not run.
        if subprocess.run([python, "-c", "import ssl"], capture_output=True, check=False).returncode == 0:
            assert _run_alone(python, folder) == "[]"
            return
    pytest.skip(f"there is no Python {archive.python} on this machine")


def test_the_same_packages_give_the_same_bytes(archive: bundle.RunnerArchive, tmp_path: Path) -> None:
    assert build_runner(tmp_path / "again.tar.gz").archive.sha256 == archive.archive.sha256


def test_the_archive_contains_no_description_of_other_services(folder: Path) -> None:
    described = {path.name for path in (folder / "botocore" / "data").iterdir() if path.is_dir()}
    assert described == SERVICES
    assert not list(folder.rglob("examples-1.json"))
    assert not [*folder.rglob("*.pyc"), *folder.rglob("*.so")]
    assert sum(path.stat().st_size for path in folder.rglob("*")) < 12 * 1024**2


def test_every_called_service_is_described() -> None:
    called: set[str] = set()
    for package in ("runner", "job"):
        for module in (ROOT / "mlinfra" / package).rglob("*.py"):
            for node in ast.walk(ast.parse(module.read_bytes())):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr in {"client", "resource"}
                    and node.args
                    and isinstance(node.args[0], ast.Constant)
                ):
                    called.add(node.args[0].value)
    assert called
    assert called <= SERVICES


def test_packages_of_mlinfra_that_only_contain_modules_are_empty(folder: Path) -> None:
    assert (folder / "mlinfra" / "__init__.py").read_bytes() == b""
    assert not (folder / "mlinfra" / "declarations").exists()
    assert not (folder / "mlinfra" / "_cdk").exists()


def test_the_licences_of_all_packages_are_contained(folder: Path) -> None:
    found = {path.name for path in (folder / "licences").iterdir()}
    assert found >= {"boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3"}


def test_the_oldest_python_is_that_of_the_packages(archive: bundle.RunnerArchive, folder: Path) -> None:
    assert re.fullmatch(r"3\.\d+", archive.python)
    assert (folder / bundle.PYTHON_FILE).read_text() == f"{archive.python}\n"
