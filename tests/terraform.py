"""Plugin with the fixtures of tests that run the real Terraform and the real AWS provider on a local AWS."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mlinfra.errors import OperationError
from mlinfra.local_aws.client_variables import client_variables
from mlinfra.operations import toolchain
from mlinfra.operations.terraform.providers import ProviderSource, provider_source
from mlinfra.variables import in_force
from tests.conftest import ROOT, TODAY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlinfra.local_aws.server import LocalAws
    from mlinfra.variables import Changes


_QUIET_PROVIDER = {
    f"TF_LOG_{part}": "ERROR"
    for part in ("PROVIDER_AWS", "SDK", "SDK_FRAMEWORK", "SDK_HELPER_SCHEMA", "SDK_MUX", "SDK_PROTO")
}
"""A provider logs each call and each response of AWS, also if Terraform discards it: 40 MB in a group of tests.
Variables: https://developer.hashicorp.com/terraform/plugin/log/managing (read 2026-11-30)."""


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
    from tests.deploy.attached_provider import attached_providers

    # Terraform and the provider run for seconds, a fifth of which would be garbage collection.
    changes = {**client_variables(running_local_aws), **source.changes, "GOGC": "400", **_QUIET_PROVIDER}
    terraform = toolchain.find_terraform().path
    with attached_providers(tmp_path_factory.mktemp("providers"), terraform, changes) as attaching:
        yield {**changes, **attaching}


@pytest.fixture(scope="session")
def kept_syntheses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Environment variables of programs that synthesize equal inputs once in a session, in any of its processes.

    Others are synthesized by a process that has loaded cdktf already.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "kept-syntheses"
    folder.mkdir(exist_ok=True)
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
    attached: Changes,
    running_local_aws: LocalAws,
    kept_syntheses: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Path]:
    """Terraform, in surroundings where all that is started talks to an empty local AWS.

    Where mlinfra keeps state, caches and logs is a folder of the test's own.
    """
    own = tmp_path_factory.mktemp("own")
    folders = {f"XDG_{kind}_HOME": str(own / kind.lower()) for kind in ("STATE", "CACHE", "DATA", "CONFIG")}
    running_local_aws.reset()
    with in_force({**attached, **folders, **kept_syntheses, "MLINFRA_TODAY": TODAY.isoformat()}):
        yield toolchain.find_terraform().path
    running_local_aws.reset()
