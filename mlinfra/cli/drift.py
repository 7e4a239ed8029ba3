"""`mlinfra drift`: differences between AWS and the state of Terraform."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003  Typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.options import AsJson, ExitCode, Format, Parallelism, StackPatterns
from mlinfra.cli.questions import confirmed
from mlinfra.functions.counting import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.declarations import Environment
    from mlinfra.operations.drift import Baseline, Difference, Report

_WIDE = 160


def drift(
    stacks: StackPatterns = None,
    *,
    environment: Annotated[
        str | None,
        typer.Option(
            "--env",
            help="The environment. Default: that of the stacks, or the only one in the AWS account in use.",
            metavar="ENV",
            show_default=False,
        ),
    ] = None,
    pending: Annotated[
        bool, typer.Option("--pending", help="Also report changes in the code that are not applied yet.")
    ] = False,
    who: Annotated[
        bool, typer.Option("--who", help="Look up in CloudTrail which principals made the changes.")
    ] = False,
    format_: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="The format of the report. Default: by the suffix of --out, else terminal.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the report to this file, such as drift.md or drift.json.", metavar="FILE", show_default=False
        ),
    ] = None,
    memory: Annotated[
        Path | None,
        typer.Option(
            help="Store reported drift in this file. Later runs send no notification of it.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    remember: Annotated[
        bool,
        typer.Option("--remember", help="Store reported drift in SSM parameters, which requires write permission."),
    ] = False,
    sns: Annotated[
        bool, typer.Option("--sns", help="Publish new and resolved drift to the alert topic of the environment.")
    ] = False,
    revert: Annotated[
        bool,
        typer.Option(
            "--revert",
            help="Remove unmanaged policies, rules, routes and statements, which no plan removes. Asks first.",
        ),
    ] = False,
    parallelism: Parallelism = None,
    as_json: AsJson = False,
) -> None:
    """Report differences between AWS and the state of Terraform. Needs read access only, except for --revert.

    The exit code is 0 without drift, 2 with drift, and 1 if a check failed; drift that was found nevertheless is
    reported. If MLINFRA_SLACK_WEBHOOK is set, new and resolved drift is sent to Slack.
    """
    from mlinfra.cli.presentation import error_console, progress
    from mlinfra.errors import OperationError
    from mlinfra.operations.drift import Options, check_drift, notifiers
    from mlinfra.operations.terraform import project_root

    if memory and remember:
        message = "--memory and --remember exclude each other. Use one of them."
        raise OperationError(message)
    if as_json and out is None and format_ not in {None, Format.JSON}:
        message = f"--json and --format {format_.value} both set the format of standard output. Use one of them."
        raise OperationError(message)
    root = project_root()
    chosen = _environment(root, environment, stacks or ())
    with on_interruption(
        "Nothing was changed in AWS, and no state was locked. Unless all notifications were already sent, the drift of "
        "this run is reported as new by the next one."
    ):
        checked = check_drift(
            chosen,
            root,
            progress(),
            options=Options(stacks=stacks or (), pending=pending, who=who, parallelism=parallelism),
            baseline=_baseline(chosen, memory, remember=remember),
            notify=notifiers(chosen, sns=sns),
            publish=lambda report: _write(report, format_, out, as_json=as_json),
        )
    for problem in checked.undelivered:
        error_console().print(f"! {problem}", markup=False)
    if revert:
        _revert(checked.report, chosen, is_complete=not stacks)
        return
    if checked.report.exit_code:
        raise typer.Exit(checked.report.exit_code)


def _revert(report: Report, environment: Environment, *, is_complete: bool) -> None:
    """Remove unmanaged parts, and list the drift that an apply reverts."""
    from rich.markup import escape

    from mlinfra.cli.presentation import error_console
    from mlinfra.operations.aws import account_of
    from mlinfra.operations.drift import revert as operation

    result = operation(report, account_of(environment), is_complete=is_complete, confirm=_confirmed)
    console = error_console()
    for each in result.removed:
        console.print(f"[green]✓[/] removed from {escape(each.address)}: {escape(each.attribute)}")
    for each, error in result.failed:
        console.print(f"[red]✗[/] {escape(each.address)}: {escape(each.attribute)}: {escape(error)}")
    if result.remaining:
        names = " ".join(dict.fromkeys(each.stack for each in result.remaining))
        console.print(f"An apply reverts the other drift: [cyan]mlinfra up {environment.name} {names}[/]")
    if result.failed:
        raise typer.Exit(ExitCode.ERROR)


def _confirmed(parts: Sequence[Difference]) -> bool:
    from rich.markup import escape

    from mlinfra.cli.presentation import error_console

    console = error_console()
    console.print("\nRemove from AWS:")
    for each in parts:
        console.print(f"  {escape(each.address)}: {escape(each.attribute)}  [dim]{escape(str(each.removal))}[/]")
    return confirmed(f"Remove {counted(len(parts), 'part')} that no stack manages?", "Nothing was removed.")


def _environment(root: Path, name: str | None, stacks: Sequence[str]) -> Environment:
    """The environment called `name`. Default: that of `stacks`, or the only one in the AWS account in use."""
    from mlinfra.declarations import load_environments
    from mlinfra.errors import OperationError
    from mlinfra.operations.aws import reachable

    if name:
        (environment,) = load_environments(root, only=name, judged=False)
        return environment
    declared = load_environments(root, judged=False)
    found = [_of_stack(each, declared) for each in stacks] if stacks else list(reachable(declared))
    names = sorted({each.name for each in found})
    if len(names) > 1:
        message = f"One run checks one environment, but {', '.join(names)} match. Select one: --env {names[0]}."
        raise OperationError(message)
    return found[0]


def _of_stack(stack: str, declared: Sequence[Environment]) -> Environment:
    from mlinfra.errors import OperationError
    from mlinfra.operations.deploy import environments_of

    found = environments_of(stack, declared)
    if not found:
        names = ", ".join(each.name for each in declared)
        message = (
            f"The stack {stack!r} belongs to no environment. Expected: ENV-COMPONENT, such as dev-training. "
            f"Environments: {names}."
        )
        raise OperationError(message)
    return found[0]


def _baseline(environment: Environment, file: Path | None, *, remember: bool) -> Baseline | None:
    from mlinfra.operations.aws import account_of
    from mlinfra.operations.drift import FileBaseline, ParameterBaseline

    if file:
        return FileBaseline(file)
    return ParameterBaseline(account_of(environment), environment) if remember else None


def _write(report: Report, format_: Format | None, out: Path | None, *, as_json: bool) -> None:
    """Write the report to standard output, and also to `out` if that is given."""
    from rich.console import Console

    from mlinfra.cli.drift_report import show_report
    from mlinfra.errors import OperationError
    from mlinfra.operations.drift import to_json, to_markdown

    writers = {Format.MARKDOWN: to_markdown, Format.JSON: to_json}
    if out:
        by_suffix = {".md": Format.MARKDOWN, ".json": Format.JSON}.get(out.suffix, Format.TERMINAL)
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            with out.open("w", encoding="utf-8") as file:
                writer = writers.get(format_ or by_suffix)
                if writer:
                    file.write(writer(report))
                else:
                    show_report(report, Console(file=file, width=_WIDE))
        except OSError as error:
            message = f"The report cannot be written to {out}: {error.strerror}."
            raise OperationError(message) from error
    on_stdout = Format.JSON if as_json else Format.TERMINAL if out else format_
    if on_stdout in writers:
        typer.echo(writers[on_stdout](report), nl=False)
        return
    # Pipes get whole lines.
    show_report(report, Console(soft_wrap=True, width=None if sys.stdout.isatty() else _WIDE))
