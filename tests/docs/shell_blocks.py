"""Commands in blocks of shell and of terminal sessions on the pages."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

from tests.docs.pages import Block, of_language

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENDS = {"|", ">", ">>", "&&", "||", ";", "2>", "&"}
_INNER = re.compile(r'"?\$\((?P<command>[^()]+)\)"?')


class Command(NamedTuple):
    """A command line of a block."""

    block: Block
    line: int
    words: tuple[str, ...]
    output: str
    """What a terminal session shows after it."""

    @property
    def text(self) -> str:
        return shlex.join(self.words)

    @property
    def place(self) -> str:
        return f"{self.block.page}:{self.block.line + self.line}"

    @property
    def program(self) -> str:
        """The name of the program, without its folder and without `npx`."""
        names = [each.rpartition("/")[2] for each in self.words]
        return names[1] if names[0] == "npx" else names[0]


def commands(block: Block) -> Iterator[Command]:
    """The commands of a block, in their order. A comment begins with two spaces, or is a line of its own."""
    for line, text, output in _lines(block):
        for part in _parts(text):
            yield Command(block, line, part, output)


def _lines(block: Block) -> Iterator[tuple[int, str, str]]:
    """Each command line with its number in the block and its output."""
    text = re.sub(r"\\\n\s*", lambda found: " " * len(found[0]), block.text)  # the number of characters stays
    is_session = block.language == "console"
    current: tuple[int, str] | None = None
    output: list[str] = []
    position = 0
    for line in text.splitlines(keepends=True):
        number = block.text.count("\n", 0, position) + 1
        position += len(line)
        content = line.strip()
        if is_session and not content.startswith("$ "):
            output.append(line)
            continue
        if current:
            yield (*current, "".join(output))
        current, output = None, []
        if content and not content.startswith("#"):
            current = number, content.removeprefix("$ ")
    if current:
        yield (*current, "".join(output))


def _parts(text: str) -> Iterator[tuple[str, ...]]:
    """The commands of a line: joined by `&&`, in a pipe, or in `$(...)`."""
    text = re.split(r"\s#\s", text)[0]
    if " && " in text:
        for each in text.split(" && "):
            yield from _parts(each)
        return
    for inner in _INNER.finditer(text):
        yield from _parts(inner["command"])
    words = list(shlex.split(_INNER.sub("VALUE", text)))
    part: list[str] = []
    skipped = False
    for word in words:
        if word in _ENDS:
            if named := _without_variables(part):
                yield tuple(named)
            part, skipped = [], word in {">", ">>", "2>"}
            continue
        if not skipped:
            part.append(word)
    if named := _without_variables(part):
        yield tuple(named)


def _without_variables(words: list[str]) -> list[str]:
    """The words from the name of the program on: `A=1 program` without `A=1`."""
    first = next((index for index, each in enumerate(words) if not re.match(r"\w+=", each)), len(words))
    return words[first:]


COMMANDS = [each for block in of_language("bash", "console") for each in commands(block)]
"""All commands in blocks of all pages."""
