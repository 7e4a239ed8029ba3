"""A page of reference for each command, from its own options and arguments."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

import typer.main
from typer.core import TyperCommand, TyperGroup

from mlinfra.cli.main import app
from mlinfra.cli.options import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

_OWN_OPTIONS = frozenset({"help", "install_completion", "show_completion"})
"""Options of every command, which one sentence describes."""

_ROOT = typer.main.get_group(app)
_CONTEXT = typer.Context(_ROOT)


def command_pages() -> dict[str, str]:
    """The pages in MyST Markdown, by file name without suffix: `index`, and one for each command of the help."""
    commands = {name: each for name, each in _commands(_ROOT) if not each.hidden}
    pages = {name: _page(name, command) for name, command in commands.items()}
    return {"index": _index(commands), **pages}


def _commands(group: TyperGroup) -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    context = typer.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, TyperCommand | TyperGroup):
            yield name, command


def _index(commands: dict[str, TyperCommand | TyperGroup]) -> str:
    """The list of all commands by panel, and the exit codes."""
    parts = ["# Commands\n\n", "`mlinfra COMMAND --help`, or `-h`, prints the text of these pages on a terminal.\n"]
    panels: dict[str, list[str]] = {}
    for name, command in commands.items():
        panels.setdefault(str(command.rich_help_panel), []).append(name)
    for panel, names in panels.items():
        parts.append(f"\n## {panel}\n\n| command | purpose |\n|---|---|\n")
        parts += [f"| [`mlinfra {name}`]({name}.md) | {_first_paragraph(commands[name])} |\n" for name in names]
    parts.append("\n## Exit codes\n\n| code | meaning |\n|---|---|\n")
    parts += [f"| {code.value} | {_meaning(code)} |\n" for code in ExitCode]
    parts.append("\n```{toctree}\n:hidden:\n\n" + "\n".join(commands) + "\n```\n")
    return "".join(parts)


def _page(name: str, command: TyperCommand | TyperGroup) -> str:
    return f"# mlinfra {name}\n\n{_body(f'mlinfra {name}', command, level=2)}"


def _body(path: str, command: TyperCommand | TyperGroup, *, level: int) -> str:
    """The description of one command, and of its subcommands."""
    usage = " ".join(command.collect_usage_pieces(typer.Context(command)))
    parts = [f"{_description(command)}\n\n```text\n{path} {usage}\n```\n"]
    given = [each for each in command.params if not getattr(each, "hidden", False) and each.name not in _OWN_OPTIONS]
    for kind in ("argument", "option"):
        found = [each.get_help_record(_CONTEXT) for each in given if each.param_type_name == kind]
        if records := [each for each in found if each]:
            parts.append(f"\n| {kind} | description |\n|---|---|\n")
            parts += [f"| `{_cell(names)}` | {_cell(text)} |\n" for names, text in records]
    for name, each in _commands(command) if isinstance(command, TyperGroup) else ():
        heading = f"{path} {name}"
        parts.append(f"\n{'#' * level} {heading}\n\n{_body(heading, each, level=level + 1)}")
    return "".join(parts)


def _description(command: TyperCommand | TyperGroup) -> str:
    return inspect.cleandoc(command.help or "")


def _first_paragraph(command: TyperCommand | TyperGroup) -> str:
    return _cell(_description(command).partition("\n\n")[0])


def _cell(text: str | None) -> str:
    """A text as a cell of a table."""
    return " ".join((text or "").split()).replace("|", "\\|")


def _meaning(code: ExitCode) -> str:
    """The text below a member of the enumeration."""
    source = inspect.getsource(ExitCode)
    found = re.search(rf'\b{code.name} = \d+\n\s+"""(.*?)"""', source, re.DOTALL)
    return _cell(found[1]) if found else code.name.lower().capitalize() + "."
