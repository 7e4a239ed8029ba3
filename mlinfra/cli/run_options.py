"""Options of `mlinfra run`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final

import typer

from mlinfra.cli.ranks import RANK_HELP, valid_ranks

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
DEFAULT_WAIT_SECONDS: Final = 30 * 60
DEFAULT_TIMEOUT_SECONDS: Final = 86_400
DEFAULT_OUTPUTS: Final = "outputs"
_CODE, _RUN, _OUTPUT, _QUEUE = "Code and environment", "Run", "Output", "Queue"


def duration(text: str | int) -> int:
    """The seconds in a duration such as 90s, 30m or 2h.

    Raises:
        typer.BadParameter: if it is not one.
    """
    if isinstance(text, int):  # the default
        return text
    found = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if found is None:
        message = f"{text!r} is not a duration. Expected: such as 90s, 30m or 2h."
        raise typer.BadParameter(message)
    return int(found[1]) * _SECONDS[found[2]]


ExperimentName = Annotated[str, typer.Argument(help="The experiment's name.", metavar="EXPERIMENT")]
Command = Annotated[list[str], typer.Argument(help="The command and its arguments, after --.", metavar="COMMAND")]
EnvironmentOption = Annotated[
    str | None,
    typer.Option(
        "--env", "-e", help="The environment. Default: the one that declares the experiment.", show_default=False
    ),
]
RunName = Annotated[
    str | None, typer.Option("--name", help="The name of the run in lists. Default: EXPERIMENT.", show_default=False)
]
Directory = Annotated[
    Path,
    typer.Option(
        "--directory",
        help="The working directory of the command. The git repository that contains it is packed.",
        rich_help_panel=_CODE,
    ),
]
Dirty = Annotated[
    bool,
    typer.Option(
        "--dirty",
        help="Include uncommitted changes and untracked files that are not ignored. They are recorded as a patch.",
        rich_help_panel=_CODE,
    ),
]
NoCode = Annotated[bool, typer.Option("--no-code", help="Pack no code: the image contains it.", rich_help_panel=_CODE)]
ImageName = Annotated[
    str | None,
    typer.Option(
        "--image",
        help="The container image of the command, such as two-tower:2.1. Default: it runs on the node itself.",
        show_default=False,
        rich_help_panel=_CODE,
    ),
]
Lock = Annotated[
    str | None,
    typer.Option(
        "--lock",
        help="The lock file of a virtual environment, which nodes build once: requirements.txt, uv.lock or "
        "pylock.toml, in the working directory.",
        metavar="FILE",
        show_default=False,
        rich_help_panel=_CODE,
    ),
]
Python = Annotated[
    str | None,
    typer.Option(
        "--python",
        help="The Python of the virtual environment, such as 3.11. Default: that of the machine image.",
        show_default=False,
        rich_help_panel=_CODE,
    ),
]
Variables = Annotated[
    list[str] | None,
    typer.Option(
        "--variable",
        help="An environment variable of the command; may be given several times. It is recorded: no secrets.",
        metavar="NAME=VALUE",
        rich_help_panel=_CODE,
    ),
]
Outputs = Annotated[
    str,
    typer.Option(
        "--outputs", help="The directory that is uploaded at the end, also after a failure.", rich_help_panel=_RUN
    ),
]
Checkpoints = Annotated[
    str | None,
    typer.Option(
        "--checkpoints",
        help="The directory that is uploaded while the command runs, and restored for a retry.",
        show_default=False,
        rich_help_panel=_RUN,
    ),
]
Retries = Annotated[
    int,
    typer.Option(
        "--retries",
        help="The number of further attempts after the loss of a node, a spot interruption or a hardware fault. A "
        "command that fails is not repeated.",
        min=0,
        max=10,
        rich_help_panel=_RUN,
    ),
]
Keep = Annotated[
    int | None,
    typer.Option(
        "--keep",
        help="Keep the cluster for this time after the run. Default: the environment's vacant_minutes or "
        "pause_minutes.",
        metavar="MINUTES",
        min=0,
        max=1440,
        show_default=False,
        rich_help_panel=_RUN,
    ),
]
Data = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        help="A prefix of the data lake and the version that the command reads, for the record; may be given several "
        "times.",
        metavar="PREFIX=VERSION",
        rich_help_panel=_RUN,
    ),
]
Wait = Annotated[
    int,
    typer.Option(
        "--wait",
        help="The longest wait for the nodes. After it, the run ends, and a cluster that was stopped before is stopped "
        "again. Before, the same time for the capacity of all nodes together, while nothing is billed.",
        metavar="DURATION",
        parser=duration,
        show_default="30m",
        rich_help_panel=_RUN,
    ),
]
Concurrent = Annotated[
    bool,
    typer.Option(
        "--concurrent", help="Run although another run occupies the cluster, on the same GPUs.", rich_help_panel=_RUN
    ),
]
InTurn = Annotated[
    bool,
    typer.Option(
        "--in-turn",
        help="Run after the runs that occupy the cluster, in the order of submission.",
        rich_help_panel=_RUN,
    ),
]
Ranks = Annotated[
    str,
    typer.Option(
        "--rank",
        help=RANK_HELP,
        parser=valid_ranks,
        rich_help_panel=_OUTPUT,
    ),
]
Detach = Annotated[
    bool,
    typer.Option("--detach", help="Return once the run is submitted. Its nodes start it.", rich_help_panel=_OUTPUT),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Show the code, the cluster and its price. Nothing is changed.", rich_help_panel=_OUTPUT
    ),
]
QueueName = Annotated[
    str | None,
    typer.Option(
        "--queue",
        help="Run in this queue of AWS Batch instead of the cluster; requires --image.",
        show_default=False,
        rich_help_panel=_QUEUE,
    ),
]
QueueNodes = Annotated[
    int | None,
    typer.Option(
        "--nodes", help="The number of nodes in the queue. Default: 1.", show_default=False, rich_help_panel=_QUEUE
    ),
]
ArraySize = Annotated[
    int | None,
    typer.Option(
        "--array",
        help="The number of independent copies of the command, which read AWS_BATCH_JOB_ARRAY_INDEX. Default: one.",
        show_default=False,
        rich_help_panel=_QUEUE,
    ),
]
QueueGpus = Annotated[
    int | None,
    typer.Option(
        "--gpus", help="The GPUs of a node. Default: all of them.", show_default=False, rich_help_panel=_QUEUE
    ),
]
QueueTeam = Annotated[
    str | None,
    typer.Option(
        "--team",
        help="The team whose share of the queue is used. Default: the only one.",
        show_default=False,
        rich_help_panel=_QUEUE,
    ),
]
OnSpot = Annotated[
    bool | None,
    typer.Option(
        "--spot/--on-demand",
        help="The capacity in the queue. Default: spot for one node.",
        show_default=False,
        rich_help_panel=_QUEUE,
    ),
]
QueueTimeout = Annotated[
    int | None,
    typer.Option(
        "--timeout",
        help="The longest time of an attempt in the queue. Default: 1d.",
        metavar="DURATION",
        parser=duration,
        show_default=False,
        rich_help_panel=_QUEUE,
    ),
]
