"""Questions and results of `mlinfra up`."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from mlinfra.cli.main import app
from mlinfra.errors import OperationError
from mlinfra.operations import up as operations
from mlinfra.operations.deploy import AppliedStack
from mlinfra.operations.up import Conversation, Deployed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The operation is replaced by one that asks and reports; the questions."""
    (tmp_path / "main.py").write_text("")
    (tmp_path / "cdktf.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    questions: list[str] = []

    def operation(name: str, root: Path, conversation: Conversation, **choices: Any) -> Deployed:
        del root, choices
        questions.append(f"Apply {name}-data?")
        if not conversation.confirm(questions[-1]):
            return Deployed((), (), (f"{name}-data",))
        return Deployed((AppliedStack(f"{name}-data", "a" * 40, dirty=False, parameter="/x"),), (f"{name}-state",), ())

    monkeypatch.setattr(operations, "up", operation)
    return questions


@pytest.mark.usefixtures("asked")
def test_without_a_terminal_a_question_is_an_error() -> None:
    error = CliRunner().invoke(app, ["up", "dev"]).exception
    assert isinstance(error, OperationError)
    assert error.message == (
        "Apply dev-data? The question cannot be answered without a terminal. Nothing more was applied. Use --yes."
    )


@pytest.mark.usefixtures("asked")
def test_yes_answers_every_question() -> None:
    result = CliRunner().invoke(app, ["up", "dev", "--yes"])
    assert result.stdout == "dev-data: applied from commit aaaaaaaaaaaa\nNothing to change: dev-state\n"
    assert json.loads(CliRunner().invoke(app, ["up", "dev", "--yes", "--json"]).stdout)["unchanged"] == ["dev-state"]


def test_a_declined_question_applies_nothing(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("mlinfra.cli.questions.sys", _With(stdin=Terminal("n\n")))
    result = CliRunner().invoke(app, ["up", "dev"], input="n\n")
    assert (asked, result.exit_code) == (["Apply dev-data?"], 0)
    assert result.stdout.endswith("Not applied: dev-data\n")


class _With:
    """The module `sys` with another standard input."""

    def __init__(self, stdin: io.StringIO) -> None:
        self.stdin = stdin

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)
