"""The pytest plugin, which pytest finds automatically where mlinfra is installed.

It imports the parts of mlinfra that a test uses when the test uses them, so that other tests start as fast as before.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion

    from mlinfra.declarations import Environment
    from mlinfra.local_aws.server import LocalAws
    from mlinfra.testing.synthesis import Synth
    from mlinfra.testing.terraform import StackTerraform

REQUIRED = "MLINFRA_REQUIRE_DEPLOY_TESTS"
"""The environment variable with which tests fail instead of being skipped if Terraform is missing."""


@pytest.fixture
def mlinfra_environment() -> Environment:
    """The environment of stacks whose test names none. Override the fixture to use another one."""
    from mlinfra.testing.declarations import example_environment

    return example_environment()


@pytest.fixture
def synth(tmp_path: Path, request: pytest.FixtureRequest, mlinfra_environment: Environment) -> Synth:
    """Synthesize stacks as they are deployed: `synth(MyStack, environment)`, `synth.constructs(build)`."""
    from mlinfra.testing.synthesis import Synth

    return Synth(tmp_path / "synth", _project(request.path), mlinfra_environment)


@pytest.fixture(scope="session")
def mlinfra_local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """One local AWS for all tests of a process. Requires the extra `local`."""
    from mlinfra.local_aws.server import serving

    with serving(log=tmp_path_factory.mktemp("local-aws") / "log") as server:
        yield server


@pytest.fixture
def local_aws(mlinfra_local_aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    """An empty local AWS that boto3 and all programs use during the test."""
    from mlinfra.local_aws.client_variables import client_variables

    for kind in ("STATE", "CACHE", "DATA", "CONFIG"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    mlinfra_local_aws.reset()
    # With the fixture that tests use too: restored by another one, variables that a test changes would get back, after
    # its end, the values that they had during it.
    for name, value in client_variables(mlinfra_local_aws, present=os.environ).items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    return mlinfra_local_aws


@pytest.fixture
def terraform(local_aws: LocalAws, tmp_path: Path, request: pytest.FixtureRequest) -> StackTerraform:
    """The real Terraform and AWS provider on a local AWS: `validate`, `plan`, `apply` and `destroy` a template.

    Without Terraform or the provider the test is skipped with the reason; it fails if MLINFRA_REQUIRE_DEPLOY_TESTS is
    set, as pipelines should.
    """
    from mlinfra.errors import OperationError
    from mlinfra.local_aws.client_variables import client_variables
    from mlinfra.operations.terraform import find_terraform, provider_source
    from mlinfra.testing.terraform import StackTerraform

    try:
        found, source = find_terraform(), provider_source(_project(request.path))
    except OperationError as error:
        if os.environ.get(REQUIRED):
            pytest.fail(f"{error}")
        pytest.skip(f"{error}")
    changes = {**client_variables(local_aws), **source.changes}
    return StackTerraform(found.path, changes, tmp_path / "terraform")


@pytest.fixture
def template_snapshot(request: pytest.FixtureRequest) -> SnapshotAssertion:
    """A snapshot of a template: `assert template == template_snapshot`. Requires syrupy; update: --snapshot-update."""
    try:
        from mlinfra.testing.snapshots import TemplateSnapshot
    except ImportError:
        pytest.fail("template_snapshot requires syrupy: pip install 'mlinfra-cdktf[testing]'")
    snapshot: SnapshotAssertion = request.getfixturevalue("snapshot")
    return snapshot.use_extension(TemplateSnapshot)


def _project(path: Path) -> Path:
    """The nearest folder above a test with a provider lock file; else that of the test."""
    from mlinfra.errors import OperationError
    from mlinfra.operations.terraform import project_root

    try:
        return project_root(path.parent)
    except OperationError:
        return path.parent
