"""Installation of locked packages, by uv or else by pip. Both are stand-ins that record runs."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

RECORDING = """#!/bin/sh
if [ "$1" = config ]; then echo "$PIP_CONFIGURATION"; exit; fi
echo "${0##*/} $*" >>"$RECORD"
case "$*" in *uv.txt) cp "$0" "${0%pip}uv" ;; esac
"""


@dataclass
class Machine:
    """A machine with an empty virtual environment."""

    folder: Path

    def has(self, program: str, text: str = RECORDING) -> None:
        path = self.folder / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def installs(self, *, pip_configuration: str = "") -> list[str]:
        """The commands of an installation."""
        record = self.folder / "record"
        record.touch()
        subprocess.run(
            [ROOT / "ci" / "install.sh", self.folder / "venv", "locked.txt"],
            env={
                "PATH": str(self.folder / "path"),
                "RECORD": str(record),
                "PIP_CONFIGURATION": pip_configuration,
            },
            check=True,
        )
        return [line.replace(f"{self.folder}/", "") for line in record.read_text().splitlines()]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.has("venv/bin/pip")
    (tmp_path / "path").mkdir()
    for each in ("bash", "cp", "dirname", "env", "grep", "sh"):
        (tmp_path / "path" / each).symlink_to(str(shutil.which(each)))
    return made


WITH_UV = "uv pip install --quiet --python venv/bin/python --require-hashes -r locked.txt"
WITH_PIP = "pip install --quiet --no-compile --require-hashes -r locked.txt"


def test_uv_of_the_path_installs(machine: Machine) -> None:
    machine.has("path/uv")
    assert machine.installs() == [WITH_UV]


def test_pip_installs_the_locked_uv_if_there_is_none(machine: Machine) -> None:
    first, second = machine.installs(pip_configuration="global.extra-index-url='https://packages.example.com'")
    assert first.startswith("pip install --quiet --require-hashes -r ")
    assert first.endswith("requirements/uv.txt")
    assert second == WITH_UV


def test_pip_installs_if_uv_fails(machine: Machine) -> None:
    machine.has("path/uv", "#!/bin/sh\nexit 1\n")
    assert machine.installs() == [WITH_PIP]


@pytest.mark.parametrize("name", ["global.index-url", ":env:.index-url"])
def test_pip_installs_from_the_index_that_it_is_configured_with(machine: Machine, name: str) -> None:
    machine.has("path/uv")
    assert machine.installs(pip_configuration=f"{name}='https://packages.example.com'") == [WITH_PIP]
