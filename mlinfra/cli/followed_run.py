"""Following of a run on the terminal: its output, its state, Ctrl-C, and the summary at its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from mlinfra.cli.options import ExitCode
from mlinfra.command import own_command

if TYPE_CHECKING:
    from collections.abc import Collection

    from rich.console import Console

    from mlinfra.operations.runs import FailedNode, Launch, LogLine, Run
    from mlinfra.runner import RunSpecification

CANCEL_SECONDS: Final = 3.0
"""The time after Ctrl-C in which a second one cancels the run, in seconds."""
_COLOURS: Final = ("cyan", "magenta", "green", "yellow", "blue", "red")
_CANCEL_STEPS: Final = 15


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


def followed(
    launch: Launch, spec: RunSpecification, *, wait_seconds: int, ranks: Collection[int] | None, as_json: bool
) -> int:
    """Wait for the nodes of a submitted run, start it, and follow it to its end. Returns the exit code."""
    from mlinfra.cli.presentation import error_console, output_console, progress
    from mlinfra.operations.runs import Following, read_submitted, start_on_nodes

    console = error_console()
    # With --json, standard output holds only the result.
    display = RunOnTerminal(
        console,
        console if as_json else output_console(),
        has_prefix=spec.nodes > 1 and (ranks is None or len(ranks) > 1),
    )
    try:
        delivery = start_on_nodes(launch, spec, wait_seconds=wait_seconds, progress=progress())
        if delivery and delivery.not_reached:
            left = ", ".join(delivery.not_reached)
            display.status(f"Not connected to Systems Manager: {left}. Their guards start the run within a minute.")
        run = read_submitted(launch.table, spec)
        following = Following(launch.table, run, spec.log_group, display, ranks=ranks)
        run = following.to_end()
        failed = following.failed_node()
    except KeyboardInterrupt:
        return _interrupted(launch, spec, console)
    _conclude(launch, spec, run, failed, as_json=as_json)
    return exit_code(run)


def detached(launch: Launch, spec: RunSpecification, *, as_json: bool) -> None:
    """Leave a submitted run to its nodes."""
    from mlinfra.cli.presentation import error_console, print_json
    from mlinfra.operations.runs import read_submitted, start_on_ready_nodes

    start_on_ready_nodes(launch, spec)
    if as_json:
        print_json(run_facts(launch, spec, read_submitted(launch.table, spec)))
        return
    print(spec.run_id)  # noqa: T201  the result
    error_console().print(f"Its nodes start it. {_ways_back(spec.run_id)}", markup=False)


def exit_code(run: Run) -> int:
    """The exit code of `mlinfra run` for a run that has ended: that of its command, if it has one."""
    if run.status == "succeeded":
        return ExitCode.SUCCESS
    # A run that was lost or cancelled has none, and a failed preparation neither.
    return run.exit_code or ExitCode.ERROR


def run_facts(launch: Launch, spec: RunSpecification, run: Run) -> dict[str, Any]:
    """A run as JSON, as far as its user needs to continue."""
    return {
        "run_id": run.run_id,
        "environment": launch.environment.name,
        "experiment": spec.experiment,
        "status": run.status,
        "exit_code": run.exit_code,
        "reason": run.reason,
        "attempts": run.attempt,
        "failed_rank": run.failed_rank,
        "failed_instance": run.failed_instance,
        "seconds": run.duration.total_seconds() if run.duration else None,
        "nodes": spec.nodes,
        "instance_type": spec.instance_type,
        "commit": spec.provenance.commit,
        "outputs": f"s3://{spec.bucket}/{spec.run_object('outputs/')}",
    }


def _interrupted(launch: Launch, spec: RunSpecification, console: Console) -> int:
    """Detach; a second Ctrl-C within 3 seconds cancels the run."""
    console.print(
        Text(f"\nDetached. The run goes on. To cancel it: Ctrl-C again within {CANCEL_SECONDS:.0f} seconds.", "bold")
    )
    try:
        time.sleep(CANCEL_SECONDS)
    except KeyboardInterrupt:
        return _cancelled(launch, spec, console)
    console.print(_ways_back(spec.run_id), markup=False)
    return ExitCode.SUCCESS


def _cancelled(launch: Launch, spec: RunSpecification, console: Console) -> int:
    from mlinfra.operations.runs import cancel_run

    cancellation = cancel_run(launch.environment, spec.run_id, force=True)
    count = cancellation.nodes
    nodes = (
        "" if not count else f" {count} node{'' if count == 1 else 's'} stop{'s' if count == 1 else ''} its command."
    )
    console.print(f"The run {spec.run_id} is cancelled.{nodes} {_ways_back(spec.run_id)}", markup=False)
    return ExitCode.INTERRUPTED


def _conclude(launch: Launch, spec: RunSpecification, run: Run, failed: FailedNode | None, *, as_json: bool) -> None:
    from mlinfra.cli.presentation import error_console, print_json

    console = error_console()
    if failed is not None:
        _show_failed(console, failed)
    mark, style = ("✓", "green") if run.status == "succeeded" else ("✗", "red")
    summary = f"{run.run_id} {run.status}{_duration(run)}{_cost(launch, run)}"
    reason = f": {run.reason}" if run.reason and run.status != "succeeded" else ""
    console.print(Text.assemble((f"{mark} ", f"bold {style}"), (f"{summary}{reason}", "bold")))
    console.print(f"  Outputs: s3://{spec.bucket}/{spec.run_object('outputs/')}", markup=False)
    console.print(f"  Details: {own_command()} runs show {run.run_id}", markup=False)
    if as_json:
        print_json(run_facts(launch, spec, run))


def _show_failed(console: Console, failed: FailedNode) -> None:
    where = f" ({failed.instance_id})" if failed.instance_id else ""
    code = f" with exit code {failed.exit_code}" if failed.exit_code is not None else ""
    console.print(Text(f"Rank {failed.rank}{where} failed first{code}.", "bold red"))
    for each in failed.last_lines:
        console.print(Text(f"  {failed.rank} | {each}"))


def _duration(run: Run) -> str:
    if run.duration is None:
        return ""
    minutes, seconds = divmod(int(run.duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f" after {hours} h {minutes:02} min" if hours else f" after {minutes} min {seconds:02} s"


def _cost(launch: Launch, run: Run) -> str:
    del launch, run
    return ""


def _ways_back(run_id: str) -> str:
    mlinfra = own_command()
    return f"To follow it: {mlinfra} runs logs {run_id}. To cancel it: {mlinfra} runs cancel {run_id}"
