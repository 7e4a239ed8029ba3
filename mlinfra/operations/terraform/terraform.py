"""Terraform in the folder of one stack: each command as a method, each failure in Terraform's own words."""

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

    from mlinfra.operations.terraform.state import State
    from mlinfra.variables import Changes

_ALWAYS: Changes = {
    "TF_IN_AUTOMATION": "1",
    "TF_INPUT": "0",
    "CHECKPOINT_DISABLE": "1",
    # One for all stacks, where each has its own.
    "TF_DATA_DIR": None,
    # Another state than the one that the stack's backend names.
    "TF_WORKSPACE": None,
}
_ARGUMENTS = "TF_CLI_ARGS"
"""Begins the names of variables whose values Terraform adds to its arguments, such as `-target` or `-lock=false`."""
_FAILED = 1
_PLAN_DIFFERS = 2
_initializing = threading.Lock()
"""Two at once would write the same files into a cache of providers, which Terraform does not guard:
https://developer.hashicorp.com/terraform/cli/config/config-file#provider-plugin-cache (2026-11)."""


class TerraformError(OperationError):
    """Terraform refused or failed. `details` is what it said."""

    def __init__(self, command: str, directory: Path, details: str, code: int = 1) -> None:
        super().__init__(f"`terraform {command}` failed in {directory}", details=details)
        self.command = command
        self.was_killed = code < 0


@dataclass(frozen=True)
class Terraform:
    """Terraform in one stack's folder.

    Raises:
        TerraformError: from every method, where Terraform fails.
    """

    directory: Path
    executable: Path
    changes: Changes = field(default_factory=dict)
    """What differs in Terraform's environment variables from those of this process."""

    on_line: OnLine | None = None
    """Is given each line that Terraform writes while it plans and applies."""

    pass_fds: Sequence[int] = ()
    """Descriptors that Terraform inherits."""

    def init(self) -> None:
        """Get the providers and use the backend that is configured now, moving nothing into it.

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
            out: the file for the plan. It may hold secrets.
            mode: what to plan for. Default: bring AWS to what the configuration says.
            lock: whether the state is locked meanwhile. Default: True; False needs no right to write, and the
                plan is only to be looked at.
            refresh: whether AWS is asked how each resource is. Default: True; False compares with what the state
                says.

        Returns:
            Whether anything would change.
        """
        options = [] if mode == "normal" else [f"-{mode}"]
        options += [] if lock else ["-lock=false"]
        options += [] if refresh else ["-refresh=false"]
        ended = self._run("plan", "-detailed-exitcode", f"-out={out}", *options, success=(0, _PLAN_DIFFERS))
        return ended.code == _PLAN_DIFFERS

    def try_plan(self, out: Path, *, generated: Path | None = None) -> str:
        """Write to `out` what a plan found, however far it came: Terraform keeps that where it fails, too.

        Args:
            out: the file for the plan. It may hold secrets.
            generated: where to write the configuration of what is imported and not declared. Default: nowhere.

        Returns:
            What was wrong, in Terraform's words; empty where nothing was.
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
        """Do what `plan` says, and nothing else.

        Args:
            plan: what to do.
            log: a file that Terraform writes to. It outlives this process then, should that be killed,
                and finishes, writes the state and releases the lock. Default: Terraform writes to this process.
        """
        self._run("apply", str(plan), log=log)

    def show(self, plan: Path) -> dict[str, Any]:
        """The plan as Terraform's documented JSON."""
        document: dict[str, Any] = json.loads(self.show_text(plan))
        return document

    def show_text(self, plan: Path) -> str:
        """The text of the plan as Terraform's documented JSON, as Terraform writes it."""
        return self._run("show", "-json", str(plan), quiet=True).output

    def show_state(self) -> dict[str, Any]:
        """The state as Terraform's documented JSON."""
        document: dict[str, Any] = json.loads(self._run("show", "-json", quiet=True).output)
        return document

    def validate(self) -> None:
        """Have the configuration checked against the providers' schemas."""
        self._run("validate", quiet=True)

    def outputs(self) -> dict[str, Any]:
        """The values of the stack's outputs, by name; sensitive ones too."""
        document = json.loads(self._run("output", "-json", quiet=True).output)
        return {name: output["value"] for name, output in document.items()}

    def state(self) -> State:
        """What the state holds now."""
        return parse_state(self._run("state pull", quiet=True).output)

    def push_state(self, path: Path) -> None:
        """Write the state in the file `path` to the backend, which has to have none or an older one of its line."""
        self._run("state push", str(path))

    def untaint(self, address: str) -> None:
        """Keep a resource whose creation was interrupted, instead of replacing it at the next apply."""
        self._run("untaint", address)

    def _run(
        self,
        command: str,
        *arguments: str,
        success: Sequence[int] = (0,),
        quiet: bool = False,
        log: Path | None = None,
    ) -> Ended:
        ended = run(
            [str(self.executable), *command.split(), "-no-color", *arguments],
            cwd=self.directory,
            changes={**_without_users_arguments(), **_ALWAYS, **self.changes},
            on_line=None if quiet else self.on_line,
            pass_fds=self.pass_fds,
            log=log,
        )
        if ended.code not in success:
            raise TerraformError(command, self.directory, error_text(ended.errors), ended.code)
        return ended


def _without_users_arguments() -> Changes:
    return {name: None for name in os.environ if name.startswith(_ARGUMENTS)}


def error_text(written: str) -> str:
    """What Terraform wrote about an error, without the warnings around it and the box that it draws."""
    lines = [line.lstrip("╷│╵").removeprefix(" ").rstrip() for line in written.splitlines()]
    kept: list[str] = []
    # Words that are no diagnostic stand alone, or lead up to one.
    in_error = not any(line.startswith("Error:") for line in lines)
    for line in lines:
        if line.startswith(("Error:", "Warning:")):
            in_error = line.startswith("Error:")
        if in_error and (line or (kept and kept[-1])):
            kept.append(line)
    return "\n".join(kept).strip()
