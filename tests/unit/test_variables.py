from __future__ import annotations

import os
import subprocess

import pytest

from mlinfra.variables import changed, in_force, shell_lines


def test_changes_are_in_force_inside_the_block_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLINFRA_TEST_GOES", "there")
    monkeypatch.delenv("MLINFRA_TEST_COMES", raising=False)
    with in_force({"MLINFRA_TEST_GOES": None, "MLINFRA_TEST_COMES": "new"}):
        assert "MLINFRA_TEST_GOES" not in os.environ
        assert os.environ["MLINFRA_TEST_COMES"] == "new"
    assert os.environ["MLINFRA_TEST_GOES"] == "there"
    assert "MLINFRA_TEST_COMES" not in os.environ


def test_changes_are_undone_after_an_error() -> None:
    before = dict(os.environ)
    with pytest.raises(KeyError), in_force({"MLINFRA_TEST": "1"}):
        raise KeyError
    assert dict(os.environ) == before


def test_a_child_gets_the_changes_and_this_process_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLINFRA_TEST", "there")
    assert "MLINFRA_TEST" not in changed({"MLINFRA_TEST": None})
    assert os.environ["MLINFRA_TEST"] == "there"


def test_a_shell_that_evaluates_the_lines_has_the_changes() -> None:
    value = "a 'quoted' $value; with `all` \"sorts\""
    lines = shell_lines({"MLINFRA_TEST": value, "MLINFRA_GONE": None})
    script = f'{lines}\nprintf %s "$MLINFRA_TEST${{MLINFRA_GONE-unset}}"'
    shell = subprocess.run(
        ["/bin/sh", "-c", script],
        env={"MLINFRA_GONE": "there"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shell.stdout == f"{value}unset"
