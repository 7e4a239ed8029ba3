"""Environment variables of tests that use a local AWS."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlinfra.testing.surroundings import folders_below, use

if TYPE_CHECKING:
    from mlinfra.local_aws.server import LocalAws


def test_programs_keep_their_files_below_the_folder() -> None:
    assert folders_below(Path("/own")) == {
        "XDG_STATE_HOME": "/own/state",
        "XDG_CACHE_HOME": "/own/cache",
        "XDG_DATA_HOME": "/own/data",
        "XDG_CONFIG_HOME": "/own/config",
    }


def test_a_server_is_used_until_the_variables_are_restored(
    mlinfra_local_aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "prod")
    before = dict(os.environ)
    with pytest.MonkeyPatch.context() as variables:
        use(mlinfra_local_aws, tmp_path, variables)
        assert os.environ["AWS_ENDPOINT_URL"] == mlinfra_local_aws.endpoint
        assert os.environ["XDG_STATE_HOME"] == str(tmp_path / "state")
        assert "AWS_PROFILE" not in os.environ
    assert dict(os.environ) == before
