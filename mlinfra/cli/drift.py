"""`mlinfra drift`: what differs in AWS from what was applied, and who made it so."""

from __future__ import annotations

import os
import sys
from enum import Enum
from pathlib import Path  # noqa: TC003  Typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.declarations import Environment
    from mlinfra.operations.drift import Memory, Report

_WIDE = 160


class Format(str, Enum):
    """How a report is written."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    JSON = "json"


def drift(
    stacks: Annotated[
        list[str] | None,
        typer.Argument(
            help="The stacks, such as dev-training, or 'dev-*'. Default: all of the environment.",
            metavar="STACK",
            show_default=False,
        ),
    ] = None,
    *,
    environment: Annotated[
        str | None,
        typer.Option(
            "--env",
            help="The environment. Default: that of the stacks, or the only one of the account at hand.",
            show_default=False,
        ),
    ] = None,
    pending: Annotated[
        bool, typer.Option("--pending", help="Tell also what the code says and was not applied yet.")
    ] = False,
    who: Annotated[bool, typer.Option("--who", help="Ask CloudTrail which principal it was.")] = False,
    format_: Annotated[
        Format | None,
        typer.Option(
            "--format", help="How to write the report. Default: as --out is called, or terminal.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the report to this file, such as drift.md or drift.json.")
    ] = None,
    memory: Annotated[
        Path | None, typer.Option(help="The file that remembers drift, so that it is told once.", show_default=False)
    ] = None,
    remember: Annotated[
        bool, typer.Option("--remember", help="Remember it in SSM parameters. Needs the right to write them.")
    ] = False,
    sns: Annotated[bool, typer.Option("--sns", help="Tell the environment's alert topic what is new.")] = False,
    parallelism: Annotated[int, typer.Option(help="How many stacks to compare at once.", min=1, max=32)] = 4,
) -> None:
    """Show what differs in AWS from what was applied. Nothing is written, and read-only credentials will do.

    The exit code is 0 without drift, 2 with drift, and 1 after an error; drift that was found in spite of an
    error is shown all the same. Where MLINFRA_SLACK_WEBHOOK is set, Slack is told what is new.
    """
    from rich.console import Console

    from mlinfra.cli.presentation import StepsOnConsole
    from mlinfra.errors import OperationError
    from mlinfra.operations.drift import Options, detect_drift, remember as remember_drift
    from mlinfra.operations.terraform import project_root

    if memory and remember:
        message = "--memory and --remember are two memories. Choose one."
        raise OperationError(message)
    root = project_root()
    chosen = _environment(root, environment, stacks or ())
    keeper = _memory(chosen, memory, remember=remember)
    report = detect_drift(
        chosen,
        root,
        StepsOnConsole(Console(stderr=True, soft_wrap=True)),
        options=Options(stacks=stacks or (), pending=pending, who=who, parallelism=parallelism),
        memory=keeper,
    )
    _write(report, format_, out)
    for problem in (problems := _tell(report, chosen, sns=sns)):
        typer.echo(f"! {problem}", err=True)
    if keeper and not problems:
        # What nobody was told of is still new next time.
        remember_drift(report, keeper)
    if report.exit_code:
        raise typer.Exit(report.exit_code)


def _environment(root: Path, name: str | None, stacks: Sequence[str]) -> Environment:
    """The environment called `name`; without a name, that of `stacks`, or the only one that can be asked."""
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
        message = f"One environment at a time: {', '.join(names)}. Choose one, such as --env {names[0]}."
        raise OperationError(message)
    return found[0]


def _of_stack(stack: str, declared: Sequence[Environment]) -> Environment:
    from mlinfra.errors import OperationError
    from mlinfra.operations.deploy import environments_of

    found = environments_of(stack, declared)
    if not found:
        names = ", ".join(each.name for each in declared)
        message = f"The stack {stack!r} is of no environment. Expected: such as dev-training. Declared: {names}."
        raise OperationError(message)
    return found[0]


def _memory(environment: Environment, file: Path | None, *, remember: bool) -> Memory | None:
    from mlinfra.operations.aws import account_of
    from mlinfra.operations.drift import FileMemory, ParameterMemory

    if file:
        return FileMemory(file)
    return ParameterMemory(account_of(environment), environment) if remember else None


def _write(report: Report, format_: Format | None, out: Path | None) -> None:
    """Write the report to standard output, and to `out` where that is given."""
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
            message = f"{out} cannot be written: {error}"
            raise OperationError(message) from error
    elif format_ in writers:
        typer.echo(writers[format_](report), nl=False)
        return
    # What is read from a pipe is read in whole lines.
    show_report(report, Console(soft_wrap=True, width=None if sys.stdout.isatty() else _WIDE))


def _tell(report: Report, environment: Environment, *, sns: bool) -> list[str]:
    """Tell people what is new or gone. Returns what went wrong with that."""
    from mlinfra.operations.aws import account_of
    from mlinfra.operations.drift import WEBHOOK_VARIABLE, tell_slack, tell_sns, to_message

    text = to_message(report)
    if not text:
        return []
    problems = []
    if url := os.environ.get(WEBHOOK_VARIABLE):
        problems.append(tell_slack(url, text))
    if sns:
        subject = f"Drift in {report.environment}"
        problems.append(tell_sns(account_of(environment), environment.names.alerts_topic_arn, subject, text))
    return [each for each in problems if each]
