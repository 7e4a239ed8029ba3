"""AWS providers that run for as long as a test process, for Terraform to attach to.

Terraform starts a provider for each `validate`, `plan`, `apply` and `show`, and reads the schemas of all its resource
types. This is nearly all of their CPU time on a small stack. Here a provider runs already, behind a proxy that gives
Terraform the schemas of the resource types that tests use (schema_proxy.py).
Programs that tests kill or interrupt run without it: `with_own_provider`.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mlinfra.operations.terraform.schema_providers import UNTIL_INPUT_ENDS, WRITTEN_ADDRESSES
from mlinfra.operations.terraform.terraform import Terraform
from mlinfra.variables import changed
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.variables import Changes

ATTACHED_TERRAFORM = Path(__file__).with_name("attached_terraform.sh")
_PROVIDERS = 2
"""Concurrent Terraform runs that attach in one test process; another one waits."""


@dataclass(frozen=True)
class Installed:
    """The executables of Terraform and of the AWS provider."""

    terraform: Path
    provider: Path


def install(folder: Path, terraform: Path, changes: Changes) -> Installed:
    """The executables, with the provider that `terraform init` installs for this project.

    Args:
        folder: of all test processes: the first one installs the provider, since `terraform init` computes its hash for
            a second.
        terraform: the real Terraform.
        changes: changes to the environment variables of this process.
    """
    found = folder / "executable"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not found.exists():
            wanted = {"aws": {"source": "hashicorp/aws"}}
            (folder / "main.tf.json").write_text(json.dumps({"terraform": {"required_providers": wanted}}))
            (folder / ".terraform.lock.hcl").write_text((ROOT / ".terraform.lock.hcl").read_text())
            Terraform(folder, terraform, changes=changes).init()
            (executable,) = folder.glob(".terraform/providers/*/hashicorp/aws/*/*/terraform-provider-aws*")
            found.symlink_to(executable.resolve())
    return Installed(terraform, found.resolve())


def with_own_provider() -> dict[str, str]:
    """Variables of a program whose Terraform starts a provider for each command, as outside of tests."""
    return {name: value for name, value in os.environ.items() if name != "MLINFRA_TEST_PROVIDERS"}


@contextmanager
def attached_providers(folder: Path, installed: Installed, changes: Changes) -> Iterator[dict[str, str]]:
    """Run AWS providers until the end of the block.

    Args:
        folder: an empty folder, for sockets and logs.
        installed: the real Terraform and provider.
        changes: changes to the environment variables of this process for the providers, `AWS_*` among them.

    Yields:
        Environment variables for which mlinfra, cdktf and tests run a Terraform that attaches to the providers.
    """
    variables = changed(changes)
    for_aws = sorted(f"{name}={value}" for name, value in variables.items() if name.startswith("AWS_"))
    with _serving(installed.provider, folder, variables):
        (folder / "variables").write_text("\n".join(for_aws))
        yield _attaching(folder, installed.terraform)


@contextmanager
def provider_on_request(folder: Path, installed: Installed, changes: Changes) -> Iterator[dict[str, str]]:
    """Run AWS providers for the `AWS_*` variables of the first Terraform, from then until the end of the block.

    For programs that start a local AWS or a session of their own. Arguments and variables are those of
    `attached_providers`.
    """
    others = {name: value for name, value in changed(changes).items() if not name.startswith("AWS_")}
    ended = threading.Event()

    def wait() -> None:
        while not (folder / "variables").exists():
            if ended.wait(0.05):
                return
        for_aws = dict(line.split("=", 1) for line in (folder / "variables").read_text().splitlines())
        with _serving(installed.provider, folder, {**others, **for_aws}):
            ended.wait()

    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(wait)
        try:
            yield _attaching(folder, installed.terraform)
        finally:
            ended.set()
        waiting.result()


def _attaching(folder: Path, terraform: Path) -> dict[str, str]:
    return {
        "TERRAFORM_BINARY_NAME": str(ATTACHED_TERRAFORM),
        "MLINFRA_TEST_TERRAFORM": str(terraform),
        "MLINFRA_TEST_PROVIDERS": str(folder),
    }


@contextmanager
def _serving(executable: Path, folder: Path, variables: dict[str, str]) -> Iterator[None]:
    with ExitStack() as running:
        for number in range(_PROVIDERS):
            running.enter_context(_running(executable, folder / str(number), variables))
        running.enter_context(_proxied(folder))
        yield


@contextmanager
def _running(executable: Path, folder: Path, variables: dict[str, str]) -> Iterator[None]:
    (folder / "cwd").mkdir(parents=True)
    with (
        # For the sockets, whose paths may have 104 characters on some systems. A killed provider does not remove them.
        TemporaryDirectory(prefix="mlinfra-") as sockets,
        (folder / "log").open("w") as log,
        subprocess.Popen(
            ["/bin/sh", "-c", UNTIL_INPUT_ENDS, "sh", executable],
            cwd=folder / "cwd",
            env={**variables, "TMPDIR": sockets},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as provider,
    ):
        try:
            assert provider.stdout is not None
            for line in provider.stdout:
                if found := WRITTEN_ADDRESSES.search(line):
                    (folder / "direct").write_text(found[1])
                    break
            else:
                message = f"the AWS provider did not start: {(folder / 'log').read_text()}"
                raise AssertionError(message)
            yield
        finally:
            assert provider.stdin is not None
            provider.stdin.close()


@contextmanager
def _proxied(folder: Path) -> Iterator[None]:
    (folder / "types").mkdir()
    command = [sys.executable, "-m", "tests.deploy.schema_proxy", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as proxy:
        assert proxy.stdout is not None
        assert proxy.stdin is not None
        try:
            assert proxy.stdout.readline() == "serving\n", "the proxy did not start; `make setup` installs grpcio"
            yield
        finally:
            proxy.stdin.close()
