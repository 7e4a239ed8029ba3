"""`mlinfra apply` on a terminal."""

from __future__ import annotations

from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, cast

from rich.console import Console
from rich.text import Text

from mlinfra.cli.presentation import StepsOnConsole
from mlinfra.operations.deploy import after_interruption, apply
from mlinfra.operations.terraform import project_root

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlinfra.operations.deploy import Review


def show_apply(paths: Sequence[Path], *, tag: str | None, allow_dirty: bool, live: bool) -> None:
    """Apply plans in the project around the working directory, and say what is recorded."""
    console = Console(soft_wrap=True)
    try:
        applied = apply(
            paths,
            project_root(),
            StepsOnConsole(console),
            review=_review(),
            today=date.today(),  # noqa: DTZ011  an approval expires where the reader lives
            allow_dirty=allow_dirty,
            live=live,
            tag=tag,
        )
    except (KeyboardInterrupt, SystemExit):
        if said := after_interruption(paths):
            errors = Console(stderr=True, soft_wrap=True)
            errors.print(Text.assemble(("✗ ", "bold red"), (f"Interrupted. {said}", "bold")))
        raise
    console.print()
    for each in applied:
        commit = each.commit[:12] if each.commit else "no commit"
        dirty = " [yellow]with uncommitted changes[/]" if each.dirty else ""
        console.print(f"{each.stack} is {commit}{dirty}, as {each.parameter} says.", highlight=False)
    if tag:
        console.print(f"Tagged {tag}. Share it: [cyan]git push origin {tag}[/]", highlight=False)


def _review() -> Review:
    return cast("Review", import_module("mlinfra.operations.review").review)
