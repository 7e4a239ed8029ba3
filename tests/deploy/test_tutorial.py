"""`docs/tutorial.md`, followed literally: its commands in their order, with the answer yes, and the output it shows."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations import toolchain
from tests.conftest import ROOT
from tests.deploy.attached_provider import provider_on_request
from tests.docs.pages import blocks_of
from tests.programs import MLINFRA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.testing.terraform import TerraformProgram
    from tests.deploy.attached_provider import Installed

pytestmark = [
    pytest.mark.deploy,
    pytest.mark.lengthy,
    pytest.mark.timeout(3600),  # the whole page is executed for the first test
    pytest.mark.xdist_group("tutorial"),
]

_ANA = (("NAME", ""), ("EMAIL", "@example.com"))
PAGE = ROOT / "docs" / "tutorial.md"
WIDTH = 112
"""The columns of the terminal whose output the page shows."""


class Step(NamedTuple):
    """A block of commands or a change of a file, with the output that the page shows."""

    place: str
    script: str
    exit_code: int
    shown: str


def steps() -> list[Step]:
    """The steps of the page. `# exit code 2` after a command is its exit code, otherwise 0."""
    found: list[Step] = []
    for block in blocks_of(PAGE.read_text(encoding="utf-8"), "docs/tutorial.md"):
        if block.language == "diff":
            apply = f"git apply --recount --unidiff-zero - <<'CHANGE'\n{block.text}CHANGE\n"
            found.append(Step(block.place, apply, 0, ""))
        elif block.language == "sh":
            code = re.search(r"# exit code (\d)\n\Z", block.text)
            found.append(Step(block.place, block.text, int(code[1]) if code else 0, ""))
        elif block.language == "text":
            found[-1] = found[-1]._replace(shown=block.text)
    return found


STEPS = steps()


class Ended(NamedTuple):
    """The result of a step."""

    exit_code: int
    output: str


@pytest.fixture(scope="module")
def followed(
    tmp_path_factory: pytest.TempPathFactory, own_terraform: TerraformProgram, installed: Installed
) -> Iterator[dict[str, Ended]]:
    """The steps that were reached, in one shell: the last one may have failed."""
    try:
        toolchain.require_tools(toolchain.find_terraform, toolchain.find_node)
    except OperationError as reason:
        pytest.skip(str(reason))
    folder = tmp_path_factory.mktemp("tutorial")
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MLINFRA_"))},
        **{name: value for name, value in own_terraform.changes.items() if value is not None},
        **{f"XDG_{kind}_HOME": str(folder / kind) for kind in ("STATE", "CONFIG", "DATA")},
        **{f"GIT_{role}_{part}": f"ana{at}" for role in ("AUTHOR", "COMMITTER") for part, at in _ANA},
        "TMPDIR": str(folder),
        "COLUMNS": str(WIDTH),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    attached = folder / "providers"
    attached.mkdir()
    try:
        with provider_on_request(attached, installed, own_terraform.changes) as attaching:
            yield _followed({**variables, **attaching})
    finally:
        subprocess.run([MLINFRA, "local", "down"], env=variables, check=True, capture_output=True)


def _followed(variables: dict[str, str]) -> dict[str, Ended]:
    """Run the steps in one shell, which keeps variables and the folder, up to one with another exit code."""
    script = "".join(
        f"printf '\\n@@ %s\\n' '{each.place}'\n{each.script}code=$?\nprintf '\\n@@ %s %s\\n' exit $code\n"
        f"[ $code = {each.exit_code} ] || exit 0\n"
        for each in STEPS
    )
    terminal, inner = pty.openpty()
    try:
        os.write(terminal, b"y\n" * 20)
        ended = subprocess.run(
            [shutil.which("bash") or "/bin/bash", "--norc", "-c", script],
            cwd=ROOT,
            env=variables,
            stdin=inner,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=3600,
            check=False,
        )
    finally:
        os.close(terminal)
        os.close(inner)
    found = re.findall(r"^@@ (\S+:\d+)\n(.*?)^@@ exit (\d+)$", ended.stdout, re.DOTALL | re.MULTILINE)
    return {place: Ended(int(code), output) for place, output, code in found}


def plain(line: str) -> str:
    """A line without what differs each time: ids, numbers, durations and the width of columns."""
    line = re.sub(r"\b[0-9a-f]{4,}\b", "#", line)
    line = re.sub(r"\d[\d.,]*", "#", line)
    return " ".join(re.sub(r"(#m )?#s\b", "#s", line).split())


@pytest.mark.parametrize("step", STEPS, ids=[each.place for each in STEPS])
def test_a_step_ends_and_prints_as_the_page_says(step: Step, followed: dict[str, Ended]) -> None:
    assert step.place in followed, f"not reached: {list(followed)[-1]} ended with another exit code"
    ended = followed[step.place]
    assert ended.exit_code == step.exit_code, ended.output
    printed = {plain(line) for line in ended.output.splitlines()}
    missing = [
        line for line in step.shown.splitlines() if line.strip() not in {"", "..."} and plain(line) not in printed
    ]
    assert missing == [], ended.output
