"""`mlinfra run`: one command on all nodes of an experiment's cluster, from the working tree to the result."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from mlinfra.cli.options import AsJson  # noqa: TC001  Typer reads the annotations

if TYPE_CHECKING:
    from collections.abc import Collection

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_WHERE, _HOW, _OUTPUT = "Code and environment", "Run", "Output"


def _duration(text: str | int) -> int:
    """The seconds in a duration such as 90s, 30m or 2h."""
    if isinstance(text, int):  # the default
        return text
    found = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if found is None:
        message = f"{text!r} is not a duration. Expected: such as 90s, 30m or 2h."
        raise typer.BadParameter(message)
    return int(found[1]) * _SECONDS[found[2]]


def _ranks(text: str) -> str:
    if text != "all" and not re.fullmatch(r"\d{1,4}(,\d{1,4})*", text):
        message = f"{text!r} is not a rank. Expected: a number from 0, several separated by commas, or all."
        raise typer.BadParameter(message)
    return text


def run(
    experiment: Annotated[str, typer.Argument(help="The experiment's name.", metavar="EXPERIMENT")],
    command: Annotated[list[str], typer.Argument(help="The command and its arguments, after --.", metavar="COMMAND")],
    *,
    environment: Annotated[
        str | None,
        typer.Option(
            "--env", "-e", help="The environment. Default: the one that declares the experiment.", show_default=False
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", help="The name of the run in lists. Default: EXPERIMENT.", show_default=False),
    ] = None,
    directory: Annotated[
        Path,
        typer.Option(
            "--directory",
            help="The working directory of the command. The git repository that contains it is packed.",
            rich_help_panel=_WHERE,
        ),
    ] = Path(),
    dirty: Annotated[
        bool,
        typer.Option(
            "--dirty",
            help="Include uncommitted changes and untracked files that are not ignored. They are recorded as a patch.",
            rich_help_panel=_WHERE,
        ),
    ] = False,
    no_code: Annotated[
        bool, typer.Option("--no-code", help="Pack no code: the image contains it.", rich_help_panel=_WHERE)
    ] = False,
    image: Annotated[
        str | None,
        typer.Option(
            "--image",
            help="The container image of the command, such as two-tower:2.1. Default: it runs on the node itself.",
            show_default=False,
            rich_help_panel=_WHERE,
        ),
    ] = None,
    lock: Annotated[
        str | None,
        typer.Option(
            "--lock",
            help="The lock file of a virtual environment, which nodes build once: requirements.txt, uv.lock or "
            "pylock.toml, in the working directory.",
            metavar="FILE",
            show_default=False,
            rich_help_panel=_WHERE,
        ),
    ] = None,
    python: Annotated[
        str | None,
        typer.Option(
            "--python",
            help="The Python of the virtual environment, such as 3.11. Default: that of the machine image.",
            show_default=False,
            rich_help_panel=_WHERE,
        ),
    ] = None,
    variable: Annotated[
        list[str] | None,
        typer.Option(
            "--variable",
            help="An environment variable of the command; may be given several times. It is recorded: no secrets.",
            metavar="NAME=VALUE",
            rich_help_panel=_WHERE,
        ),
    ] = None,
    outputs: Annotated[
        str,
        typer.Option(
            "--outputs", help="The directory that is uploaded at the end, also after a failure.", rich_help_panel=_HOW
        ),
    ] = "outputs",
    checkpoints: Annotated[
        str | None,
        typer.Option(
            "--checkpoints",
            help="The directory that is uploaded while the command runs, and restored for a retry.",
            show_default=False,
            rich_help_panel=_HOW,
        ),
    ] = None,
    retries: Annotated[
        int,
        typer.Option(
            "--retries",
            help="The number of further attempts after the loss of a node, a spot interruption or a hardware fault. A "
            "command that fails is not repeated.",
            min=0,
            max=10,
            rich_help_panel=_HOW,
        ),
    ] = 0,
    keep: Annotated[
        int | None,
        typer.Option(
            "--keep",
            help="Keep the cluster for this time after the run. Default: the environment's pause_minutes.",
            metavar="MINUTES",
            min=0,
            max=1440,
            show_default=False,
            rich_help_panel=_HOW,
        ),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data",
            help="A prefix of the data lake and the version that the command reads, for the record; may be given "
            "several times.",
            metavar="PREFIX=VERSION",
            rich_help_panel=_HOW,
        ),
    ] = None,
    wait: Annotated[
        int,
        typer.Option(
            "--wait",
            help="The longest wait for the nodes. After it, the run ends, and a cluster that was stopped before is "
            "stopped again.",
            metavar="DURATION",
            parser=_duration,
            show_default="30m",
            rich_help_panel=_HOW,
        ),
    ] = 1800,
    concurrent: Annotated[
        bool,
        typer.Option(
            "--concurrent",
            help="Run although another run occupies the cluster, on the same GPUs.",
            rich_help_panel=_HOW,
        ),
    ] = False,
    rank: Annotated[
        str,
        typer.Option(
            "--rank",
            help="The ranks whose output is shown: a number, several separated by commas, or all.",
            parser=_ranks,
            rich_help_panel=_OUTPUT,
        ),
    ] = "0",
    detach: Annotated[
        bool,
        typer.Option("--detach", help="Return once the run is submitted. Its nodes start it.", rich_help_panel=_OUTPUT),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Show the code, the cluster and its price. Nothing is changed.", rich_help_panel=_OUTPUT
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run a command on all nodes of an experiment's cluster, and follow it to its end.

    The cluster is started if it is stopped. The code is the git repository of the working directory, at its commit.

    The exit code is that of the command. Ctrl-C detaches: the run goes on. A second Ctrl-C within 3 seconds cancels it.
    """
    from mlinfra.cli.followed_run import detached, followed
    from mlinfra.cli.presentation import error_console, progress
    from mlinfra.cli.run_plan import show_plan
    from mlinfra.operations.runs import (
        RunRequest,
        RunTable,
        check_launch,
        launch,
        parse_pairs,
        prepared,
        select_experiment,
    )
    from mlinfra.operations.terraform import project_root

    request = RunRequest(
        command=tuple(command),
        folder=directory.resolve(),
        name=name,
        has_code=not no_code,
        dirty=dirty,
        image=image,
        lock=lock,
        python=python,
        variables=parse_pairs("--variable", variable or ()),
        outputs=outputs,
        checkpoints=checkpoints,
        retries=retries,
        keep_minutes=keep,
        data=parse_pairs("--data", data or ()),
    )
    chosen, declared = select_experiment(project_root(), experiment, environment=environment)
    console = error_console()
    with prepared(request, progress()) as prepared_run:
        for note in prepared_run.code.notes if prepared_run.code else ():
            console.print(f"  {note}", markup=False, style="yellow")
        ready = check_launch(RunTable(chosen), declared, is_shared=concurrent)
        if ready.cluster.activity:
            console.print(f"  The cluster is in use: {ready.cluster.activity}.", markup=False, style="yellow")
        if dry_run:
            show_plan(ready, prepared_run, as_json=as_json)
            return
        spec = launch(ready, prepared_run, wait_seconds=wait, progress=progress())
    if detach:
        detached(ready, spec, as_json=as_json)
        return
    raise typer.Exit(followed(ready, spec, wait_seconds=wait, ranks=_chosen_ranks(rank), as_json=as_json))


def _chosen_ranks(text: str) -> Collection[int] | None:
    return None if text == "all" else tuple(sorted({int(each) for each in text.split(",")}))
