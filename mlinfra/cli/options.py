"""Arguments, options and exit codes that several commands share."""

from __future__ import annotations

from enum import Enum, IntEnum
from pathlib import Path
from typing import Annotated

import typer


class ExitCode(IntEnum):
    """The exit codes of every command."""

    SUCCESS = 0
    ERROR = 1
    DIFFERENCE = 2
    """Something differs, as in `terraform plan -detailed-exitcode`: drift, a plan with changes, a newer image;
    or declared capacity cannot be had."""
    HELD = 3
    """A finding of the review requires an approval that is not recorded."""
    INTERRUPTED = 130
    """Ctrl-C."""


class Format(str, Enum):
    """The format of a report."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    JSON = "json"


AsJson = Annotated[
    bool, typer.Option("--json", help="Write JSON to standard output, and progress and remarks to standard error.")
]
EnvironmentName = Annotated[str, typer.Argument(help="The environment, such as dev.", metavar="ENV")]
StackPatterns = Annotated[
    list[str] | None,
    typer.Argument(
        help="Stacks or patterns, such as dev-data or 'dev-*'. Default: all stacks of the AWS account in use.",
        metavar="STACK",
        show_default=False,
    ),
]
Synthesized = Annotated[
    Path | None,
    typer.Option(
        "--synthesized",
        help="The folder that `mlinfra synth` wrote. Default: the stacks are synthesized.",
        metavar="FOLDER",
        show_default=False,
    ),
]
Parallelism = Annotated[
    int | None,
    typer.Option(
        "--parallelism",
        help="The number of stacks that are processed at the same time. Default: two for each processor, as far as "
        "memory is free, and at most 16.",
        min=1,
        max=32,
        show_default=False,
    ),
]
