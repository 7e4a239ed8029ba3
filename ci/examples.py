"""Write the outputs and pictures in the READMEs of the examples: `python -m ci.examples`.

Each line of a `console` block after `$` is a command. `mlinfra cost` reads the stacks of the project, and `python` runs
in a copy of its folder.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ci import JUDGED_ON
from ci.example_pictures import picture
from ci.synthesis import ROOT, synthesize_example

EXAMPLES = ROOT / "examples"
PROJECTS = ("canary_endpoint", "llm_fine_tune", "recommender_project", "second_region", "studio", "training_queue")
"""The examples that are projects: folders that can be copied."""

_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LEFT_OUT = shutil.ignore_patterns(
    "__pycache__", ".pytest_cache", ".venv", "outputs", "checkpoints", "models", "cdktf.out"
)


def copy_project(project: str, folder: Path) -> Path:
    """Copy a project to a new folder, without what running it has written.

    Args:
        project: the name of its folder.
        folder: the new folder.
    """
    return shutil.copytree(EXAMPLES / project, folder, ignore=_LEFT_OUT)


def current_readme(project: str, stacks: Path, folder: Path) -> str:
    """The README of a project with the present outputs of its commands.

    Args:
        project: the name of its folder.
        stacks: the folder with a folder for each of its stacks.
        folder: a copy of the project, in which its commands run one after the other.

    Raises:
        subprocess.CalledProcessError: if a command fails.
    """

    def with_outputs(block: re.Match[str]) -> str:
        commands = re.findall(r"^\$ (.*)$", block[1], re.MULTILINE)
        return "```console\n" + "".join(f"$ {each}\n{_output(each, stacks, folder)}" for each in commands) + "```"

    return _CONSOLE.sub(with_outputs, (EXAMPLES / project / "README.md").read_text(encoding="utf-8"))


def _output(command: str, stacks: Path, folder: Path) -> str:
    program, *arguments = shlex.split(command, comments=True)
    if program == "mlinfra":
        arguments = ["-m", "mlinfra", *arguments, "--synthesized", str(stacks.parent)]
    left_out = ("PYTEST_", "MLINFRA_", "COLUMNS")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    variables |= {"MLINFRA_TODAY": JUDGED_ON.isoformat(), "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(  # noqa: S603
        [sys.executable, *arguments], cwd=folder, env=variables, capture_output=True, text=True, check=True
    )
    # Of an estimate, its first table: the parts and remarks follow.
    output = ended.stdout.partition("\n\n")[0] if program == "mlinfra" else ended.stdout
    return "".join(f"{line.rstrip()}\n" for line in output.splitlines())


def main() -> None:
    """Write all READMEs."""
    for project in PROJECTS:
        with tempfile.TemporaryDirectory() as folder:
            stacks = synthesize_example(project, Path(folder, "cdktf.out"))
            text = current_readme(project, stacks, copy_project(project, Path(folder, "copy")))
            drawing = picture(project, stacks)
        (EXAMPLES / project / "README.md").write_text(text, encoding="utf-8")
        (EXAMPLES / project / "picture.svg").write_text(drawing, encoding="utf-8")


if __name__ == "__main__":
    main()
