"""Commands on the pages, in blocks and in the text, have the arguments and options that the program knows."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import typer.main

from mlinfra.cli.main import app
from tests.conftest import ROOT
from tests.docs.pages import PAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDS = {"|", ">", ">>", "&&", "||", ";", "2>", "&"}
USAGE_ERROR: Any = typer.BadParameter.__base__
ROOT_COMMAND = typer.main.get_command(app)
PLACEHOLDER = re.compile(r"[A-Z][A-Z_-]+\.*|\.\.\.|<.*>|\[.*")


class Command(NamedTuple):
    """A command line of a page."""

    page: str
    text: str


def blocks_in(text: str, *languages: str) -> Iterator[str]:
    for language, block in re.findall(r"^[ ]*```(\w*)\n(.*?)^[ ]*```", text, re.DOTALL | re.MULTILINE):
        if language in languages:
            yield block


def commands() -> Iterator[Command]:
    """Command lines that begin with mlinfra, in blocks and in the text."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        name = page.relative_to(ROOT).as_posix()
        for block in blocks_in(text, "", "sh", "bash", "console", "shell"):
            for line in re.split(r'\n|&& |eval "\$\(|\)"', block.replace("\\\n", " ")):
                found = re.match(r"(?:\$ |\S*/)?mlinfra (.*)", line)
                if found and not line.startswith("mlinfra demo:"):
                    yield Command(name, found[1])
        for code in re.findall(r"(?<!`)`mlinfra ([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
            yield Command(name, code)


def problem(text: str) -> str | None:
    """The reason why a command line cannot be run, or None."""
    words = shlex.split(text.partition("  #")[0])
    words = words[: next((index for index, word in enumerate(words) if word in ENDS), len(words))]
    command: Any = ROOT_COMMAND
    while words and hasattr(command, "get_command") and not words[0].startswith("-"):
        if PLACEHOLDER.fullmatch(words[0]):
            return None
        inner = command.get_command(typer.Context(command), words[0])
        if inner is None and command.name != "cost":
            return f"there is no command {words[0]!r}"
        if inner is None:
            break
        command, words = inner, words[1:]
    if command.name == "cost":  # `mlinfra cost --by owner` is `mlinfra cost estimate --by owner`
        command = command.get_command(typer.Context(command), "estimate")
    context = typer.Context(command)
    try:
        command.make_parser(context).parse_args([word.replace("...", "x") for word in words])
    except USAGE_ERROR as error:
        # In the text, an option is named without its value.
        return None if f"{words[-1]}' requires" in str(error) else str(error)
    return None


def test_every_command_of_the_pages_exists_with_its_options() -> None:
    found = list(commands())
    assert len(found) > 150
    wrong = [f"{each.page}: mlinfra {each.text}: {why}" for each in found if (why := problem(each.text))]
    assert wrong == []


@pytest.mark.parametrize("text", ["uo dev", "up dev --no-such-option", "clusters halt dev", "runs lst"])
def test_a_wrong_command_is_found(text: str) -> None:
    assert problem(text)
