"""The stacks of the examples that are projects, each synthesized once."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest

from ci.synthesis import synthesize_example

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def stacks_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder with a folder for each stack of a project."""

    @functools.cache
    def synthesized(project: str) -> Path:
        return synthesize_example(project, tmp_path_factory.mktemp(project) / "cdktf.out")

    return synthesized
