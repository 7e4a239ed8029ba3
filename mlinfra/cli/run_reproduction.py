"""`mlinfra runs reproduce`: output, and the start of a run with the code of an earlier one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from mlinfra.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import RenderableType

    from mlinfra.operations.runs import Reproduction, RunDescription, RunTable
    from mlinfra.operations.terraform import Repository

_STYLES: Mapping[str, str] = {"missing": "red", "differs": "yellow", "unknown": "yellow", "same": "green"}
_WAIT_SECONDS = 1800


def reproduction(plan: Reproduction) -> Iterator[RenderableType]:
    """The parts of the output: the conclusion, and each part of the run."""
    from rich.table import Table
    from rich.text import Text

    yield Text(f"{plan.run_id} {_conclusion(plan)}", style="bold")
    made = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 2))
    made.add_column(no_wrap=True)
    made.add_column(no_wrap=True)
    made.add_column(overflow="fold")
    for each in sorted(plan.parts, key=lambda part: list(_STYLES).index(part.outcome)):
        made.add_row(Text(each.outcome, style=_STYLES[each.outcome]), Text(each.part), Text(each.reason))
    yield made


def start_again(
    table: RunTable,
    description: RunDescription,
    plan: Reproduction,
    repository: Repository,
    *,
    team: str | None,
    detach: bool,
    as_json: bool,
) -> None:
    """Run the command of an earlier run again, with its code.

    Raises:
        OperationError: if it can no longer be had, or the run cannot be started.
    """
    from mlinfra.cli.run import run as run_command
    from mlinfra.operations.runs import code_again, is_same_code, queue_again, request_again

    spec = description.specification
    if spec is None or not plan.is_possible:
        message = f"The run {plan.run_id} cannot be started again: {_conclusion(plan)}. Nothing was started."
        raise OperationError(message)
    size = queue_again(spec) if spec.queue is not None else None
    with code_again(table.account, spec, plan, repository) as folder:
        request = request_again(spec, folder, has_commit=plan.has_commit)
        same = "is" if is_same_code(request, spec) else "is NOT"
        typer.echo(f"The code {same} that of {plan.run_id}, byte for byte.", err=True)
        run_command(
            spec.experiment,
            list(request.command),
            environment=spec.environment,
            name=request.name,
            directory=request.folder,
            dirty=request.dirty,
            no_code=not request.has_code,
            image=request.image,
            lock=request.lock,
            python=request.python,
            variable=[f"{name}={value}" for name, value in request.variables.items()],
            outputs=request.outputs,
            checkpoints=request.checkpoints,
            retries=request.retries,
            keep=request.keep_minutes,
            data=[f"{name}={value}" for name, value in request.data.items()],
            wait=_WAIT_SECONDS,
            queue=spec.queue,
            nodes=size.nodes if size else None,
            array=size.array_size if size else None,
            gpus=size.gpus if size else None,
            spot=size.is_spot if size else None,
            team=team,
            detach=detach,
            as_json=as_json,
        )


def _conclusion(plan: Reproduction) -> str:
    if not plan.is_possible:
        missing = ", ".join(each.part for each in plan.parts if each.outcome == "missing")
        return f"cannot be reproduced, because of: {missing}"
    if plan.is_exact:
        return "can be reproduced: everything that was checked is unchanged"
    return "can be reproduced with differences"
