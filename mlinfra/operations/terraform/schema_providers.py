"""Providers that answer several `terraform show`, each of which starts one otherwise.

To show a plan, Terraform needs only the schemas of its providers: `show` configures none and calls nothing else. They
are the executables that `terraform init` has installed and verified, in the mode for debuggers, in which Terraform
connects to a provider that runs: https://developer.hashicorp.com/terraform/plugin/debugging (read 2026-11-30).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from contextlib import ExitStack
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from mlinfra.variables import changed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typing_extensions import Self

    from mlinfra.variables import Changes

_START_SECONDS = 60.0
"""The time for a provider to start. The AWS provider takes a second on an idle machine."""

UNTIL_INPUT_ENDS = """
exec 3<&0
"$1" -debug </dev/null 3<&- &
provider=$!
{ cat <&3; kill -KILL "$provider"; } >/dev/null 2>&1 &
wait "$provider"
"""
"""Runs a provider until standard input ends: with this process, even if that is killed. It has nothing to lose."""

_REATTACH = "TF_REATTACH_PROVIDERS"
"""The variable with the addresses of running providers, by source address."""

WRITTEN_ADDRESSES = re.compile(rf"{_REATTACH}='(.+)'")
"""The line with the addresses that a provider writes."""

_Address = dict[str, Any]
"""The address of a running provider. Only Terraform reads it."""


class _Installed(NamedTuple):
    """A provider that `terraform init` has installed for a stack."""

    folder: str
    """Such as `registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64`. Its first three parts are the source address.

    All stacks with it have the same schemas, also if each has a copy of its own.
    """
    executable: Path


class SchemaProviders:
    """Providers that run from their first use until the end of the block, for any number of threads.

    Example:
        with SchemaProviders() as providers:
            terraform = replace(terraform, schema_providers=providers)
    """

    def __init__(self) -> None:
        self._until_end = ExitStack()
        self._starting = threading.Lock()
        self._addresses: dict[str, _Address | None] = {}
        """By folder; None if the provider did not start."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._until_end.close()

    def changes(self, directory: Path) -> Changes:
        """Changes to the environment variables of a `terraform show` in the folder of a stack.

        Without changes, Terraform starts the providers itself: if none is installed, or one does not start.
        """
        if _REATTACH in os.environ:  # a provider is being debugged
            return {}
        found = {each.folder.rsplit("/", 2)[0]: self._address(each) for each in _installed(directory)}
        running = {source: address for source, address in found.items() if address is not None}
        return {_REATTACH: json.dumps(running)} if running else {}

    def _address(self, installed: _Installed) -> _Address | None:
        with self._starting:
            if installed.folder not in self._addresses:
                self._addresses[installed.folder] = self._start(installed.executable)
            return self._addresses[installed.folder]

    def _start(self, executable: Path) -> _Address | None:
        sockets = self._until_end.enter_context(TemporaryDirectory(prefix="mlinfra-"))
        try:
            program = subprocess.Popen(  # noqa: S603  the executable that Terraform starts
                ["/bin/sh", "-c", UNTIL_INPUT_ENDS, "sh", str(executable)],
                env=changed({"TMPDIR": sockets}),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                # Ctrl-C must not end it before the Terraform that uses it.
                start_new_session=True,
            )
        except OSError:
            return None
        self._until_end.callback(_end, program)
        return _written_address(program)


def _end(program: subprocess.Popen[str]) -> None:
    with program:
        _end_input(program)


def _end_input(program: subprocess.Popen[str]) -> None:
    assert program.stdin is not None  # noqa: S101  it is a pipe
    program.stdin.close()


def _written_address(program: subprocess.Popen[str]) -> _Address | None:
    """The address that the provider writes; None if it ends before, or takes too long."""
    assert program.stdout is not None  # noqa: S101  it is a pipe
    limit = threading.Timer(_START_SECONDS, _end_input, [program])
    limit.start()
    try:
        for line in program.stdout:
            if found := WRITTEN_ADDRESSES.search(line):
                address: _Address
                (address,) = json.loads(found[1]).values()
                return address
    except ValueError:
        return None
    finally:
        limit.cancel()
    return None


def _installed(directory: Path) -> Iterator[_Installed]:
    """The providers in `.terraform/providers/HOST/NAMESPACE/NAME/VERSION/PLATFORM`, where Terraform installs them."""
    folder = directory / ".terraform" / "providers"
    for executable in sorted(folder.glob("*/*/*/*/*/terraform-provider-*")):
        yield _Installed(executable.parent.relative_to(folder).as_posix(), executable.resolve())
