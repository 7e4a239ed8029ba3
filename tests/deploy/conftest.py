"""What deploy tests run with: the real Terraform, the real AWS provider, and a local AWS."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from mlinfra.errors import OperationError
from mlinfra.local_aws.client_variables import client_variables
from mlinfra.operations import toolchain
from mlinfra.operations.terraform.providers import ProviderSource, provider_source
from mlinfra.variables import in_force
from tests.conftest import ROOT, TODAY
from tests.deploy.attached_provider import attached_providers
from tests.local_aws import running_local_aws

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlinfra.local_aws.server import LocalAws
    from mlinfra.variables import Changes

__all__ = ["running_local_aws"]

_ONLY_STATE = '''
"""The state stack alone, without the lifecycle rules that the AWS provider waits a minute for."""

import os
from pathlib import Path

from mlinfra import load_environments
from mlinfra.app import MlApp
from mlinfra.stacks.state import StateStack

root = Path(__file__).resolve().parent
app = MlApp(root)
for environment in load_environments(root, only=os.environ.get("MLINFRA_ENV")):
    stack = StateStack(app, environment)
    stack.bucket.node.try_remove_child("lifecycle")
app.synth()
'''


@pytest.fixture(scope="session")
def source() -> ProviderSource:
    """Where the AWS provider comes from. Skips what needs it where it cannot be had."""
    try:
        toolchain.find_terraform(toolchain.OLDEST_TERRAFORM_WITH_NATIVE_LOCK)
        return provider_source(ROOT)
    except OperationError as error:
        if os.environ.get("MLINFRA_REQUIRE_DEPLOY_TESTS"):
            pytest.fail(f"deploy tests have to run here, and cannot: {error}")
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def attached(
    source: ProviderSource, running_local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Changes]:
    """Environment variables of programs that use the local AWS, and of a Terraform that attaches to a provider."""
    # Terraform and the provider run for seconds, a fifth of which would be garbage collection.
    changes = {**client_variables(running_local_aws), **source.changes, "GOGC": "400"}
    terraform = toolchain.find_terraform().path
    with attached_providers(tmp_path_factory.mktemp("providers"), terraform, changes) as attaching:
        yield {**changes, **attaching}


@pytest.fixture(scope="module")
def deployable(
    attached: Changes, running_local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Terraform, in surroundings where all that is started talks to an empty local AWS.

    Where mlinfra keeps state, caches and logs is a folder of the test's own.
    """
    own = tmp_path_factory.mktemp("own")
    folders = {f"XDG_{kind}_HOME": str(own / kind.lower()) for kind in ("STATE", "CACHE", "DATA", "CONFIG")}
    running_local_aws.reset()
    with in_force({**attached, **folders, "MLINFRA_TODAY": TODAY.isoformat()}):
        yield toolchain.find_terraform().path


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this project, whose declarations can be changed."""
    root = tmp_path_factory.mktemp("project")
    for name in ("main.py", "cdktf.json", ".terraform.lock.hcl"):
        shutil.copyfile(ROOT / name, root / name)
    shutil.copytree(ROOT / "environments", root / "environments")
    return root


@pytest.fixture(scope="module")
def state_project(project: Path) -> Path:
    """A project of state stacks alone, which are bootstrapped within seconds. Locked in both ways."""
    (project / "main.py").write_text(_ONLY_STATE)
    declaration = project / "environments" / "local.py"
    declaration.write_text(declaration.read_text().replace("emulated=True", "emulated=True, native_state_lock=True"))
    return project
