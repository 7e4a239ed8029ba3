"""Recordings of the terminal for the documentation, as SVG: `python -m ci.recordings [NAME...]`.

Each is the real output of a command. The demo takes minutes, and the others seconds, so a test repeats the others.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "images"
COLUMNS = 104

_FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g></g></svg>
"""
"""Rich's own format without its fonts, which a reader's browser would load from another host."""


class Recording(NamedTuple):
    """A command whose output is shown in the documentation."""

    command: tuple[str, ...]
    """The arguments of mlinfra."""
    shown: str
    """The command as a user types it."""
    is_quick: bool = True
    """True if a test repeats it."""


RECORDINGS = {
    "catalog": Recording(("catalog", "--gpu", "A10G"), "mlinfra catalog --gpu A10G"),
    "demo": Recording(("demo",), "make demo", is_quick=False),
}


def image(recording: Recording, output: str) -> str:
    """The output as SVG, without the lines with which steps begin."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    text = Text.from_ansi("\n".join(line for line in output.splitlines() if not line.startswith("· ")))
    text.highlight_regex(r"(?m)^✓", "green")
    console.print(text, soft_wrap=False)
    made = console.export_svg(title=recording.shown, theme=MONOKAI, code_format=_FORMAT, unique_id="terminal")
    return "\n".join(line.rstrip() for line in made.splitlines() if line.strip()) + "\n"


def words(svg: str) -> list[str]:
    """The words of a recording, without their places and colors."""
    lines = re.findall(r"<text[^>]*>(.*?)</text>", svg)
    return unescape(" ".join(lines)).replace("\xa0", " ").split()


def record(recording: Recording) -> str:
    """Run the command, and write its output as SVG.

    Raises:
        subprocess.CalledProcessError: the command failed.
    """
    ended = subprocess.run(  # noqa: S603  our own command
        [str(Path(sys.executable).with_name("mlinfra")), *recording.command],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": str(COLUMNS), "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    return image(recording, _without_own_folders(ended.stdout))


def _without_own_folders(text: str) -> str:
    """The output with folders that a user has, instead of those of the recording machine."""
    return re.sub(r"(?<=Find the AWS provider  )\S+", "~/.terraform.d/plugins", text.replace(str(Path.home()), "~"))


if __name__ == "__main__":
    for name in sys.argv[1:] or RECORDINGS:
        (FOLDER / f"{name}.svg").write_text(record(RECORDINGS[name]), encoding="utf-8")
