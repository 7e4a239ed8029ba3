"""A Python with cdktn, which is installed by `make .venv/cdktn/.ready`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def python_with_cdktn() -> Path:
    """The interpreter of the environment with cdktn. Skips the tests without it, unless they are required."""
    python = ROOT / ".venv" / "cdktn" / "bin" / "python"
    if not python.exists():
        message = "cdktn is not installed. Install it: make .venv/cdktn/.ready"
        if os.environ.get("MLINFRA_REQUIRE_CDKTN_TESTS"):
            pytest.fail(message)
        pytest.skip(message)
    return python
