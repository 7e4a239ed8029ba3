"""Following of a run on the terminal: its output, its state, Ctrl-C, and the summary at its end."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.options import ExitCode
from mlinfra.cli.units import short_duration
from mlinfra.command import own_command
from mlinfra.runner import RunStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from rich.console import Console

    from mlinfra.operations.runs import Delivery, FailedNode, LogLine, Run, RunTable
    from mlinfra.runner import RunSpecification

CANCEL_SECONDS: Final = 3.0
"""The time after Ctrl-C in which a second one cancels the run, in seconds."""
_COLOURS: Final = ("cyan", "magenta", "green", "yellow", "blue", "red")


class RunOnTerminal:
    """Lines of a run on standard output, with the rank if there are several; its state on standard error."""

    def __init__(self, console: Console, output: Console, *, has_prefix: bool) -> None:
        """Show a run.

        Args:
            console: the console for its state.
            output: the console for its lines.
            has_prefix: True: each line begins with its rank.
        """
        self._console = console
        self._output = output
        self._has_prefix = has_prefix

    def line(self, line: LogLine) -> None:
        """Show a line."""
        if self._has_prefix and self._output.is_terminal:
            prefix = Text(f"{line.rank} | ", style=_COLOURS[line.rank % len(_COLOURS)])
            self._output.print(prefix, end="")
        elif self._has_prefix:
            self._output.file.write(f"{line.rank} | ")
        # As the command wrote it: long lines are not wrapped, and nothing in them is markup.
        self._output.file.write(f"{line.text}\n")
        self._output.file.flush()

    def status(self, text: str) -> None:
        """Show a change of the state."""
        self._console.print(Text(f"· {text}", style="dim"))


@dataclass(frozen=True)
class SubmittedRun:
    """A submitted run, on the terminal."""

    table: RunTable
    spec: RunSpecification
    as_json: bool

    def follow(self, ranks: Collection[int] | None, *, start: Callable[[], Delivery | None] = lambda: None) -> int:
        """Start the run on its nodes, and follow it to its end. Returns the exit code.

        Args:
            ranks: the ranks whose output is shown. None: all.
            start: waits for the nodes, and starts the run on them. Default: they start it without it.
        """
        from mlinfra.cli.presentation import error_console, output_console
        from mlinfra.operations.runs import Following, read_submitted

        console = error_console()
        has_prefix = self.spec.ranks > 1 and (ranks is None or len(ranks) > 1)
        # With --json, standard output holds only the result.
        display = RunOnTerminal(console, console if self.as_json else output_console(), has_prefix=has_prefix)
        with on_interruption(f"The run goes on. {self._ways_back}"):
            try:
                delivery = start()
                if delivery and delivery.not_reached:
                    left = ", ".join(delivery.not_reached)
                    display.status(
                        f"Not connected to Systems Manager: {left}. Their guards start the run within a minute."
                    )
                run = read_submitted(self.table, self.spec)
                following = Following(self.table, run, self.spec.log_group, display, ranks=ranks)
                run = following.to_end()
                failed = following.failed_node()
            except KeyboardInterrupt:
                return self._interrupted(console)
        self._conclude(console, run, failed)
        return exit_code(run)

    def show_detached(self) -> None:
        """Show how to come back to a run that its nodes start."""
        from mlinfra.cli.presentation import error_console, print_json
        from mlinfra.operations.runs import read_submitted

        if self.as_json:
            print_json(self._facts(read_submitted(self.table, self.spec)))
            return
        print(self.spec.run_id)  # noqa: T201  the result
        error_console().print(f"Its nodes start it. {self._ways_back}", markup=False)

    def _facts(self, run: Run) -> dict[str, Any]:
        from mlinfra.cli.run_details import run_facts
        from mlinfra.operations.runs import run_figures

        return run_facts(run, run_figures(self.table.environment, run)) | {"outputs_uri": self._outputs}

    @property
    def _outputs(self) -> str:
        return f"s3://{self.spec.bucket}/{self.spec.run_object('outputs/')}"

    @property
    def _ways_back(self) -> str:
        mlinfra, run_id = own_command(), self.spec.run_id
        return f"To follow it: {mlinfra} runs logs {run_id}. To cancel it: {mlinfra} runs cancel {run_id}"

    def _interrupted(self, console: Console) -> int:
        """Detach; a second Ctrl-C within 3 seconds cancels the run."""
        seconds = f"{CANCEL_SECONDS:.0f} seconds"
        console.print(Text(f"\nDetached: the run goes on. To cancel it, press Ctrl-C again within {seconds}.", "bold"))
        try:
            time.sleep(CANCEL_SECONDS)
        except KeyboardInterrupt:
            return self._cancelled(console)
        console.print(self._ways_back, markup=False)
        return ExitCode.SUCCESS

    def _cancelled(self, console: Console) -> int:
        from mlinfra.operations.runs import cancel_run

        count = cancel_run(self.table.environment, self.spec.run_id, force=True).nodes
        nodes = f" {count} node{'s stop' if count > 1 else ' stops'} its command." if count else ""
        outcome = f"The run {self.spec.run_id} is cancelled.{nodes}"
        console.print(f"{outcome} To see its end: {own_command()} runs show {self.spec.run_id}", markup=False)
        return ExitCode.INTERRUPTED

    def _conclude(self, console: Console, run: Run, failed: FailedNode | None) -> None:
        from mlinfra.cli.presentation import print_json
        from mlinfra.operations.runs import run_figures

        if failed is not None:
            _show_failed(console, failed)
        figures = run_figures(self.table.environment, run)
        mark, style = ("✓", "green") if run.status == RunStatus.SUCCEEDED else ("✗", "red")
        facts = [f"{run.run_id} {run.status}"]
        if run.duration is not None:
            facts.append(f"{short_duration(run.duration)} on {self.spec.nodes} x {self.spec.instance_type}")
        if figures.usd_known:
            facts.append(f"{figures.usd_known:.2f} USD")
        reason = f". {run.reason}" if run.reason and run.status != RunStatus.SUCCEEDED else ""
        console.print(Text.assemble((f"{mark} ", f"bold {style}"), (", ".join(facts) + reason, "bold")))
        console.print(f"  Outputs: {self._outputs}", markup=False)
        console.print(f"  Details: {own_command()} runs show {run.run_id}", markup=False)
        if self.as_json:
            print_json(self._facts(run))


def exit_code(run: Run) -> int:
    """The exit code of `mlinfra run` for a run that has ended: that of its command, if it has one."""
    if run.status == RunStatus.SUCCEEDED:
        return ExitCode.SUCCESS
    # A run that was lost or cancelled has none, and a failed preparation neither.
    return run.exit_code or ExitCode.ERROR


def _show_failed(console: Console, failed: FailedNode) -> None:
    where = f" ({failed.instance_id})" if failed.instance_id else ""
    code = f" with exit code {failed.exit_code}" if failed.exit_code is not None else ""
    console.print(Text(f"Rank {failed.rank}{where} failed first{code}.", "bold red"))
    for each in failed.last_lines:
        console.print(Text(f"  {failed.rank} | {each}"))
