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
    from mlinfra.operations.terraform import Version
    from mlinfra.testing.synthesis import Synth
    from mlinfra.testing.terraform import StackTerraform, TerraformProgram

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


@pytest.fixture(scope="module")
def module_synth(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Synth:
    """As `synth`, for fixtures of a module. Stacks without an environment get that of a local AWS."""
    from mlinfra.testing.declarations import local_environment
    from mlinfra.testing.synthesis import Synth

    return Synth(tmp_path_factory.mktemp("synth"), _project(request.path), local_environment())


@pytest.fixture(scope="session")
def mlinfra_local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """One local AWS for all tests of a process. Requires the extra `local`."""
    from mlinfra.local_aws.server import serving

    with serving(log=tmp_path_factory.mktemp("local-aws") / "log") as server:
        yield server


@pytest.fixture
def local_aws(mlinfra_local_aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    """An empty local AWS that boto3 and all programs use during the test."""
    from mlinfra.testing.surroundings import use

    use(mlinfra_local_aws, tmp_path, monkeypatch)
    return mlinfra_local_aws


@pytest.fixture(scope="module")
def module_local_aws(mlinfra_local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """A local AWS that boto3 and all programs use during the tests of a module. It is empty before the first one."""
    from mlinfra.testing.surroundings import use

    with pytest.MonkeyPatch.context() as variables:
        use(mlinfra_local_aws, tmp_path_factory.mktemp("local-aws"), variables)
        yield mlinfra_local_aws
    mlinfra_local_aws.reset()  # its functions would run on


@pytest.fixture(scope="module")
def mlinfra_terraform(mlinfra_local_aws: LocalAws, request: pytest.FixtureRequest) -> TerraformProgram:
    """The Terraform that tests run, with the variables of the local AWS. Override the fixture to use another one.

    Without Terraform or the provider the tests are skipped with the reason; they fail if MLINFRA_REQUIRE_DEPLOY_TESTS
    is set, as pipelines should.
    """
    from mlinfra.local_aws.client_variables import client_variables
    from mlinfra.testing.terraform import TerraformProgram

    found = required_terraform(_project(request.path))
    return TerraformProgram(found.executable, {**client_variables(mlinfra_local_aws), **found.changes})


@pytest.fixture
def terraform(
    mlinfra_terraform: TerraformProgram,
    local_aws: LocalAws,  # noqa: ARG001  it is emptied
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> StackTerraform:
    """The real Terraform and AWS provider on an empty local AWS: `validate`, `plan`, `apply`, `destroy` a template."""
    from mlinfra.testing.terraform import StackTerraform

    return StackTerraform(mlinfra_terraform, tmp_path / "terraform", _project(request.path))


@pytest.fixture(scope="module")
def module_terraform(
    mlinfra_terraform: TerraformProgram,
    module_local_aws: LocalAws,  # noqa: ARG001  it is emptied
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> StackTerraform:
    """As `terraform`, for all tests of a module: one test sees what another one, or a fixture, has applied."""
    from mlinfra.testing.terraform import StackTerraform

    return StackTerraform(mlinfra_terraform, tmp_path_factory.mktemp("terraform"), _project(request.path))


def required_terraform(project: Path, oldest: Version | None = None) -> TerraformProgram:
    """The Terraform and the AWS provider of a project. Ends the test if either is missing: skipped, or failed.

    Args:
        project: the folder of the project.
        oldest: the minimum version of Terraform. Default: that of mlinfra.
    """
    from mlinfra.errors import OperationError
    from mlinfra.testing.terraform import TerraformProgram

    try:
        return TerraformProgram.find(project, oldest)
    except OperationError as error:
        if os.environ.get(REQUIRED):
            pytest.fail(f"{REQUIRED} is set, and the test cannot run: {error}")
        pytest.skip(f"{error}")


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
