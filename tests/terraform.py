"""Plugin with the Terraform of these tests, attached to running providers, for the fixtures of `mlinfra.testing`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlinfra.local_aws.client_variables import client_variables
from mlinfra.operations import toolchain
from mlinfra.testing.plugin import required_terraform
from mlinfra.testing.terraform import TerraformProgram
from mlinfra.variables import in_force
from tests.conftest import ROOT, TODAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.local_aws.server import LocalAws
    from tests.deploy.attached_provider import Installed


_QUIET_PROVIDER = {
    f"TF_LOG_{part}": "ERROR"
    for part in ("PROVIDER_AWS", "SDK", "SDK_FRAMEWORK", "SDK_HELPER_SCHEMA", "SDK_MUX", "SDK_PROTO")
}
"""A provider logs each call and each response of AWS, also if Terraform discards it: 40 MB in a group of tests.
Variables: https://developer.hashicorp.com/terraform/plugin/log/managing (read 2026-11-30)."""


def _of_all_processes(name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the session, for all of its test processes."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def own_terraform() -> TerraformProgram:
    """Terraform with a provider of its own for each command, as outside of these tests, and no AWS.

    Locks of the state bucket are tested.
    """
    return required_terraform(ROOT, toolchain.OLDEST_TERRAFORM_WITH_NATIVE_LOCK)


@pytest.fixture(scope="session")
def installed(own_terraform: TerraformProgram, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Terraform and the provider, for tests that attach them."""
    from tests.deploy.attached_provider import install

    return install(_of_all_processes("provider", tmp_path_factory), own_terraform.executable, own_terraform.changes)


@pytest.fixture(scope="session")
def mlinfra_terraform(
    own_terraform: TerraformProgram,
    installed: Installed,
    mlinfra_local_aws: LocalAws,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[TerraformProgram]:
    """In place of that of `mlinfra.testing`: Terraform on the same local AWS, attached to a provider that runs."""
    from tests.deploy.attached_provider import attached_providers

    # Terraform and the provider run for seconds, a fifth of which would be garbage collection.
    changes = {**client_variables(mlinfra_local_aws), **own_terraform.changes, "GOGC": "400", **_QUIET_PROVIDER}
    with attached_providers(tmp_path_factory.mktemp("providers"), installed, changes) as attaching:
        yield TerraformProgram(Path(attaching["TERRAFORM_BINARY_NAME"]), {**changes, **attaching})


@pytest.fixture(scope="session")
def kept_syntheses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Environment variables of programs that synthesize equal inputs once in a session, in any of its processes.

    Others are synthesized by a process that has loaded cdktf already.
    """
    folder = _of_all_processes("kept-syntheses", tmp_path_factory)
    program = ROOT / "tests" / "deploy" / "kept_syntheses"
    path = [str(program), *filter(None, [os.environ.get("PYTHONPATH")])]
    variables = {"MLINFRA_TEST_SYNTHESES": str(folder), "PYTHONPATH": os.pathsep.join(path)}
    own = tmp_path_factory.mktemp("synthesis-server")
    with (
        (own / "log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "synthesis_server", own / "socket"],
            cwd=own,
            env={**os.environ, **variables},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        ) as server,
    ):
        yield {**variables, "MLINFRA_TEST_SYNTHESIS_SERVER": str(own / "socket")}
        assert server.stdin is not None
        server.stdin.close()


@pytest.fixture(scope="module")
def deployable(
    mlinfra_terraform: TerraformProgram,
    module_local_aws: LocalAws,  # noqa: ARG001  it is emptied, and used by this process
    kept_syntheses: dict[str, str],
) -> Iterator[Path]:
    """Terraform, in surroundings where the commands of mlinfra use it and an empty local AWS."""
    with in_force({**mlinfra_terraform.changes, **kept_syntheses, "MLINFRA_TODAY": TODAY.isoformat()}):
        yield mlinfra_terraform.executable
