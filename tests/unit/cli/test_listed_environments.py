"""The environments of a command that lists what runs, on a local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import mlinfra.declarations
import mlinfra.operations.terraform
from mlinfra.cli.listed_environments import listed_environments
from tests.conftest import an_environment

if TYPE_CHECKING:
    from pathlib import Path

LOCAL = an_environment(name="local", account_id="123456789012", emulated=True)
DEV = an_environment(account_id="123456789012")
PROD = an_environment(name="prod", account_id="222222222222")


@pytest.fixture(autouse=True)
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mlinfra.declarations, "load_environments", lambda *_, **__: (LOCAL, DEV, PROD))
    monkeypatch.setattr(mlinfra.operations.terraform, "project_root", lambda: tmp_path)


@pytest.mark.usefixtures("local_aws")
def test_environments_that_are_not_emulated_are_named_once_and_not_in_the_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert listed_environments(None) == (LOCAL,)
    assert capsys.readouterr() == ("", "Skipped: dev, prod, not on the local AWS in use\n")


def test_nothing_is_left_out_if_environments_are_given(capsys: pytest.CaptureFixture[str]) -> None:
    assert listed_environments(["dev"]) == (DEV,)
    assert capsys.readouterr().err == ""
