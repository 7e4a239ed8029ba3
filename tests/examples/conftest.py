"""The stacks of the examples that are projects, each synthesized once."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest

from ci.examples import EXAMPLES
from tests import programs
from tests.conftest import TODAY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def stacks_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder with a folder for each stack of a project."""

    @functools.cache
    def synthesized(project: str) -> Path:
        program = EXAMPLES / project / "main.py"
        outdir = tmp_path_factory.mktemp(project) / "cdktf.out"
        ended = programs.synthesize(program, outdir, cwd=program.parent, MLINFRA_TODAY=TODAY.isoformat())
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return outdir / "stacks"

    return synthesized
