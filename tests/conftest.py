"""Fixtures and helpers that many tests use: an environment, and synthesis of a stack."""

from __future__ import annotations

import functools
import gc
import itertools
import re
import signal
import subprocess
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
import hypothesis
import pytest
import typer.main
from xdist.scheduler import LoadGroupScheduling

from ci.synthesis import synthesize_all
from mlinfra import Environment, Experiment
from mlinfra.testing.declarations import pinned_images

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.catalog.image_lock import ImageLock

pytest_plugins = ["tests.local_aws", "tests.terraform"]
"""Fixtures as plugins: imported by the conftest.py of several folders, each would start servers of its own."""

TODAY = date(2026, 11, 24)
ROOT = Path(__file__).resolve().parent.parent


def an_experiment(**changes: Any) -> Experiment:
    """A valid experiment, with `changes`."""
    values = {"name": "two-tower-v2", "owner": "ana@example.com", "expires": date(2026, 12, 18)} | changes
    return Experiment(**values)


def an_environment(**changes: Any) -> Environment:
    """A valid environment, with `changes`."""
    values = {
        "name": "dev",
        "project": "recsys",
        "account_id": "111111111111",
        "region": "us-east-1",
        "team": "ml-platform",
        "cost_center": "ml-1234",
        "repository": "gitlab.example.com/ml/platform",
        "monthly_spend_limit_usd": 15_000,
        "image_lock": image_lock(),
    } | changes
    return Environment(**values)


def image_lock() -> ImageLock:
    """A pin of every image family in every region, in AWS and in the local AWS."""
    return pinned_images(date(2026, 9, 7))


_numbers = itertools.count()


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder of the test's own. pytest's fixture lists the folders of all earlier tests to number one."""
    name = re.sub(r"\W", "_", request.node.name)[:25]
    path = tmp_path_factory.getbasetemp() / "t" / f"{name}{next(_numbers)}"
    path.mkdir(parents=True, mode=0o700)
    return path


@pytest.fixture
def mlinfra_environment() -> Environment:
    """The environment of stacks for which a test names none."""
    return an_environment()


@pytest.fixture(scope="session")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stacks of all environments of this repository. Two folders up, `output` holds what main.py wrote."""
    folder = tmp_path_factory.mktemp("synthesized")
    with (folder / "output").open("w", encoding="utf-8") as output:
        try:
            return synthesize_all(folder / "cdktf.out", output=output)
        except subprocess.CalledProcessError:
            pytest.fail((folder / "output").read_text(encoding="utf-8"))


def pytest_configure() -> None:
    """Handle signals that a shell ignores for background processes, so that programs started by tests receive them.

    Also read the options of each command once: Typer reads those of all commands at each run of one, in 70 ms.
    Sessions of boto3 share what it has read of endpoints and services, which takes 0.1 s in each.
    Random examples may take any time: with eight processes on two processors, each takes four times as long.
    """
    for each in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(each) is signal.SIG_IGN:
            signal.signal(each, lambda *_: None)  # unlike what is ignored, a handler is not inherited
    typer.main.get_params_from_function = functools.cache(typer.main.get_params_from_function)
    botocore.session.create_loader = functools.cache(botocore.session.create_loader)
    hypothesis.settings.register_profile(
        "any time", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("any time")


class _FilesAndGroups(LoadGroupScheduling):
    """Work units of parallel runs: a group of tests, and of the other tests a file.

    Of single tests, each would be assigned by a message, and each process would have the fixtures of each module.
    """

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        return scope.partition("::")[0]


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadGroupScheduling | None:
    """Schedule tests of `--dist loadgroup`."""
    return _FilesAndGroups(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Import the tests without garbage collection, and exempt their modules from it.

    Imported modules are not garbage. Collecting among them was a quarter of the CPU time of the imports.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def pytest_unconfigure() -> None:
    """Collect garbage once, and exempt the rest: pytest then collects five times, in a second of each process."""
    gc.collect()
    gc.freeze()


START_ORDER = (
    "tutorial",
    "training-pipeline",
    "stacks",
    "two-regions",
    "conformance-operations",
    "demo",
    "plan-and-apply",
    "browser",
    "synthesized",
    "training-queue",
    "adopt",
    "conformance-data",
    "bootstrap",
    "pipeline-permissions",
    "conformance-compute",
    "training",
    "recover",
    "up",
    "conformance-sagemaker",
    "local-node-runs",
    "local-nodes",
    "runner",
    "restored-state",
    "models-and-images",
    "shutdown",
    "review-services",
    "serving",
    "destroy",
    "changed-clusters",
    "validation",
)
"""Groups of tests in the order in which they start: a long group that starts last would run alone at the end.
Groups that compute are among those that wait for Terraform or a server, so that no processor is idle. Other groups
follow, which run servers or wait, then the files of short tests, which fill the remaining time evenly."""


_SYNTHESES = {"synth", "synthesized"}
"""Fixtures of tests that synthesize, or read what was synthesized."""

_GAPS = Path(__file__).parent / "unit" / "local_aws" / "gaps"


def _start(item: pytest.Item) -> int:
    marker = item.get_closest_marker("xdist_group")
    group = marker.args[0] if marker else ""
    if group in START_ORDER:
        return START_ORDER.index(group)
    return len(START_ORDER) if group else len(START_ORDER) + 1


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what talks to a local AWS, and keep together what shares something in a process.

    One process has the files with tests that synthesize: it loads the JavaScript of cdktf once, and writes all
    environments once. Tests of gaps keep the resources of earlier ones, and others empty the local AWS.
    """
    synthesizing = {item.path for item in items if not _SYNTHESES.isdisjoint(getattr(item, "fixturenames", ()))}
    for item in items:
        if "mlinfra_local_aws" in getattr(item, "fixturenames", ()):
            item.add_marker("local_aws")
        if item.path in synthesizing and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group("synthesized"))
        if _GAPS in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("gaps"))
    items.sort(key=_start)
