"""Environment variables of tests that use a local AWS."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mlinfra.local_aws.client_variables import client_variables

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from mlinfra.local_aws.server import LocalAws


def folders_below(folder: Path) -> dict[str, str]:
    """Variables with which mlinfra and other programs keep their state, caches, data and settings below `folder`."""
    return {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("STATE", "CACHE", "DATA", "CONFIG")}


def use(server: LocalAws, folder: Path, variables: pytest.MonkeyPatch) -> None:
    """Use an empty `server` in this process and its programs until `variables` are restored.

    Args:
        server: a local AWS, whose resources are removed.
        folder: a folder for the state, caches, data and settings of programs.
        variables: restores the environment variables. It must be the one with which the tests change them: another one
            would restore, after a test, the values of that test.
    """
    server.reset()
    for name, value in {**client_variables(server, present=os.environ), **folders_below(folder)}.items():
        if value is None:
            variables.delenv(name, raising=False)
        else:
            variables.setenv(name, value)
