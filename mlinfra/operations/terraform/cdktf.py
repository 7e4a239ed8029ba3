"""The command of cdktf or cdktn for synthesized stacks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlinfra.errors import OperationError
from mlinfra.operations.terraform.process import OnLine, run
from mlinfra.operations.terraform.terraform import error_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from mlinfra.operations.terraform.project import SynthesizedStack
    from mlinfra.variables import Changes

_ALWAYS: Changes = {
    "CHECKPOINT_DISABLE": "1",
    "CI": "1",
    "DISABLE_VERSION_CHECK": "1",
    "FORCE_COLOR": "0",
}
_STYLING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class Cdktf:
    """cdktf or cdktn in a project, with the stacks in a separate folder.

    Raises:
        OperationError: from every method, with Terraform's error, if cdktf fails.
    """

    executable: Path
    root: Path
    out: Path
    """The folder of the synthesized stacks."""

    def diff(self, stack: SynthesizedStack, *, on_line: OnLine) -> str:
        """Plan `stack`.

        Args:
            stack: the stack.
            on_line: receives each output line of cdktf and Terraform.

        Returns:
            Terraform's summary, such as `31 to add, 0 to change, 0 to destroy`.
        """
        written = self._run("diff", [stack], on_line)
        return _summary(r"Plan: (.*)\.", written[stack.name])

    def deploy(self, stacks: Sequence[SynthesizedStack], *, on_line: OnLine) -> dict[str, str]:
        """Deploy `stacks` without confirmation, independent ones at the same time.

        Args:
            stacks: the stacks. Their dependencies must be deployed already, or be among them.
            on_line: receives each output line of cdktf and Terraform.

        Returns:
            Terraform's summary by stack, such as `31 added, 0 changed, 0 destroyed`.
        """
        written = self._run("deploy", stacks, on_line, "--auto-approve", "--ignore-missing-stack-dependencies")
        return {stack.name: _summary(r"Apply complete! Resources: (.*)\.", written[stack.name]) for stack in stacks}

    def _run(
        self, command: str, stacks: Sequence[SynthesizedStack], on_line: OnLine, *options: str
    ) -> dict[str, list[str]]:
        """Run a command. Returns the output lines of each stack."""
        names = [stack.name for stack in stacks]
        ended = run(
            [str(self.executable), command, *names, "--skip-synth", "--output", str(self.out), *options],
            cwd=self.root,
            changes=_ALWAYS,
            on_line=lambda line: on_line(_STYLING.sub("", line)),
        )
        lines = [_STYLING.sub("", line) for line in f"{ended.output}\n{ended.errors}".splitlines()]
        if ended.code:
            message = f"`{self.executable.name} {command} {' '.join(names)}` failed"
            raise OperationError(message, details=_errors(lines, names))
        return _by_stack(lines, names)


def _by_stack(lines: Iterable[str], names: Sequence[str]) -> dict[str, list[str]]:
    """The lines of Terraform, by stack.

    cdktf writes the stack's name before the first line of a block of output, and indents the others. Other lines
    without indentation are cdktf's own, and repeat Terraform's errors.
    """
    written: dict[str, list[str]] = {name: [] for name in names}
    stack: str | None = None
    for line in lines:
        label, _, rest = line.partition(" ")
        if label in written:
            stack = label
            written[label].append(rest.strip())
        elif line and not line.startswith(" "):
            stack = None
        elif stack:
            written[stack].append(line.strip())
    return written


def _summary(pattern: str, lines: Sequence[str]) -> str:
    """Terraform's summary of the changes. cdktf does not always pass on the last lines of Terraform."""
    written = "\n".join(lines)
    if found := re.search(pattern, written):
        return found[1]
    return "nothing to change" if "No changes." in written else "no summary from Terraform"


def _errors(lines: Sequence[str], names: Sequence[str]) -> str:
    """Terraform's errors in the output of cdktf; without errors, the last lines of the output."""
    text = "\n".join(line for each in _by_stack(lines, names).values() for line in each)
    return error_text(text) if "Error:" in text else "\n".join(lines[-20:])
