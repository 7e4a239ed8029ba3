"""Terraform commands in the folder of one stack, with Terraform's own error texts."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mlinfra.errors import OperationError
from mlinfra.operations.terraform.process import Ended, OnLine, run
from mlinfra.operations.terraform.state import parse_state

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlinfra.operations.terraform.schema_providers import SchemaProviders
    from mlinfra.operations.terraform.state import State
    from mlinfra.variables import Changes

_ALWAYS: Changes = {
    "TF_IN_AUTOMATION": "1",
    "TF_INPUT": "0",
    "CHECKPOINT_DISABLE": "1",
    # A data folder would be shared by all stacks.
    "TF_DATA_DIR": None,
    # A workspace would select another state than that of the stack's backend.
    "TF_WORKSPACE": None,
}
_DEFAULTS: Changes = {"GOGC": "200"}
"""Terraform and the AWS provider collect garbage half as often as Go does by default: a plan takes 15 % less processor
time and 13 % more memory (benchmarks/README.md). Source: https://go.dev/doc/gc-guide#GOGC (read 2026-11-30)."""
_ARGUMENTS = "TF_CLI_ARGS"
"""The prefix of variables whose values Terraform adds to its arguments, such as `-target` or `-lock=false`."""
_FAILED = 1
_PLAN_DIFFERS = 2
_initializing = threading.Lock()
"""Two runs at the same time would write the same files into the provider cache, which Terraform does not lock:
https://developer.hashicorp.com/terraform/cli/config/config-file#provider-plugin-cache (2026-11)."""


class TerraformError(OperationError):
    """A failed Terraform command, with Terraform's error as `details`."""

    def __init__(self, command: str, directory: Path, details: str, code: int = 1) -> None:
        super().__init__(f"`terraform {command}` failed in {directory}", details=details)
        self.command = command
        self.was_killed = code < 0


@dataclass(frozen=True)
class Terraform:
    """Terraform in one stack's folder.

    Raises:
        TerraformError: from every method, if Terraform fails.
    """

    directory: Path
    executable: Path
    changes: Changes = field(default_factory=dict)
    """Changes to the environment variables of this process."""

    on_line: OnLine | None = None
    """Receives each output line of plan and apply."""

    pass_fds: Sequence[int] = ()
    """Descriptors that Terraform inherits."""

    schema_providers: SchemaProviders | None = None
    """Running providers for `show`. Default: Terraform starts its own."""

    def init(self) -> None:
        """Install the providers and configure the backend, without migrating a state.

        One at a time in a process.
        """
        with _initializing:
            self._run("init", "-reconfigure")

    def plan(
        self,
        out: Path,
        *,
        mode: Literal["normal", "refresh-only", "destroy"] = "normal",
        lock: bool = True,
        refresh: bool = True,
    ) -> bool:
        """Write the plan to `out`.

        Args:
            out: the file for the plan, which may contain secrets.
            mode: the kind of plan. Default: changes of AWS to match the configuration.
            lock: True: lock the state meanwhile. False requires no write permission, and the plan must not be applied.
                Default: True.
            refresh: True: read each resource from AWS. False: compare with the state. Default: True.

        Returns:
            True if the plan contains changes.
        """
        options = [] if mode == "normal" else [f"-{mode}"]
        options += [] if lock else ["-lock=false"]
        options += [] if refresh else ["-refresh=false"]
        ended = self._run("plan", "-detailed-exitcode", f"-out={out}", *options, success=(0, _PLAN_DIFFERS))
        return ended.code == _PLAN_DIFFERS

    def try_plan(self, out: Path, *, generated: Path | None = None) -> str:
        """Write a plan to `out`, even an incomplete one: Terraform saves it if planning fails.

        Args:
            out: the file for the plan, which may contain secrets.
            generated: the file for the generated configuration of imported resources without one. Default: none.

        Returns:
            Terraform's error; empty if there was none.
        """
        options = [] if generated is None else [f"-generate-config-out={generated}"]
        ended = self._run("plan", f"-out={out}", *options, success=(0, _FAILED))
        return error_text(ended.errors) if ended.code else ""

    def resource_schemas(self) -> dict[str, Any]:
        """The schemas of the resource types of all providers in use, by type."""
        document = json.loads(self._run("providers schema", "-json", quiet=True).output)
        providers = document.get("provider_schemas", {}).values()
        return {name: schema for each in providers for name, schema in each.get("resource_schemas", {}).items()}

    def apply(self, plan: Path, *, log: Path | None = None) -> None:
        """Apply `plan`, and nothing else.

        Args:
            plan: the file of the plan.
            log: a file for Terraform's output. With it, Terraform completes, writes the state and releases the lock
                even if this process is killed. Default: none, Terraform writes to this process.
        """
        self._run("apply", str(plan), log=log)

    def show(self, plan: Path) -> dict[str, Any]:
        """The plan as JSON, in Terraform's documented format."""
        document: dict[str, Any] = json.loads(self.show_text(plan))
        return document

    def show_text(self, plan: Path) -> str:
        """The plan as JSON text, as Terraform writes it."""
        running = self.schema_providers.changes(self.directory) if self.schema_providers else {}
        return self._run("show", "-json", str(plan), quiet=True, changes=running).output

    def show_state(self) -> dict[str, Any]:
        """The state as JSON, in Terraform's documented format."""
        document: dict[str, Any] = json.loads(self._run("show", "-json", quiet=True).output)
        return document

    def validate(self) -> None:
        """Validate the configuration against the providers' schemas."""
        self._run("validate", quiet=True)

    def outputs(self) -> dict[str, Any]:
        """The values of the stack's outputs, including sensitive ones, by name."""
        document = json.loads(self._run("output", "-json", quiet=True).output)
        return {name: output["value"] for name, output in document.items()}

    def state(self) -> State:
        """The current state."""
        return parse_state(self._run("state pull", quiet=True).output)

    def push_state(self, path: Path) -> None:
        """Write the state in the file `path` to the backend, which must be empty or older, with the same lineage."""
        self._run("state push", str(path))

    def import_resource(self, address: str, identifier: str) -> None:
        """Add an existing resource to the state. Nothing in AWS is changed."""
        self._run("import", address, identifier)

    def untaint(self, address: str) -> None:
        """Keep a resource whose creation was interrupted, so that the next apply does not replace it."""
        self._run("untaint", address)

    def _run(
        self,
        command: str,
        *arguments: str,
        success: Sequence[int] = (0,),
        quiet: bool = False,
        log: Path | None = None,
        changes: Changes | None = None,
    ) -> Ended:
        ended = run(
            [str(self.executable), *command.split(), "-no-color", *arguments],
            cwd=self.directory,
            changes={
                **_unless_set(_DEFAULTS),
                **_without_users_arguments(),
                **_ALWAYS,
                **self.changes,
                **(changes or {}),
            },
            on_line=None if quiet else self.on_line,
            pass_fds=self.pass_fds,
            log=log,
        )
        if ended.code not in success:
            raise TerraformError(command, self.directory, error_text(ended.errors), ended.code)
        return ended


def _unless_set(defaults: Changes) -> Changes:
    return {name: value for name, value in defaults.items() if name not in os.environ}


def _without_users_arguments() -> Changes:
    return {name: None for name in os.environ if name.startswith(_ARGUMENTS)}


def error_text(written: str) -> str:
    """The errors in Terraform's output, without warnings and box characters."""
    lines = [line.lstrip("╷│╵").removeprefix(" ").rstrip() for line in written.splitlines()]
    kept: list[str] = []
    # Text outside of a diagnostic is kept if there is no diagnostic.
    in_error = not any(line.startswith("Error:") for line in lines)
    for line in lines:
        if line.startswith(("Error:", "Warning:")):
            in_error = line.startswith("Error:")
        if in_error and (line or (kept and kept[-1])):
            kept.append(line)
    return "\n".join(kept).strip()
