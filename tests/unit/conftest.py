"""Fixtures of the unit tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci.synthesis import synthesize_all
from tests.local_aws import client, clients, local_aws, own_folders, running_local_aws

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["client", "clients", "local_aws", "own_folders", "running_local_aws"]


@pytest.fixture(scope="session")
def synthesized_stacks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stacks of all environments of this repository."""
    return synthesize_all(tmp_path_factory.mktemp("cdktf.out"))
