"""`mlinfra destroy` shows what is destroyed and what stays, refuses, and asks for the name of the environment.

tests/deploy/test_destroy.py destroys stacks with the real Terraform.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from mlinfra.cli.main import app
from mlinfra.errors import OperationError
from mlinfra.operations.destroy import Destroyed, KeptStack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result


@dataclass
class Planned:
    """A planned destruction, in the place of one of Terraform."""

    obstacle: str = ""
    planned: tuple[Any, ...] = (SimpleNamespace(about=SimpleNamespace(stack="dev-training")),)
    resources: dict[str, int] = field(default_factory=lambda: {"dev-training": 42})
    kept: tuple[KeptStack, ...] = (KeptStack("dev-data", "Terraform refuses to destroy aws_s3_bucket.raw"),)
    undeclared: tuple[str, ...] = ("dev-old",)
    consequences: tuple[Any, ...] = (
        SimpleNamespace(stack="dev-training", kind="deleted", text="2 volumes"),
        SimpleNamespace(stack="dev-training", kind="remains", text="the log group /mlinfra/dev"),
    )
    ran: bool = False

    def require_possible(self) -> None:
        """Refuse, if there is an obstacle."""
        if self.obstacle:
            raise OperationError(self.obstacle)

    def run(self, *_: object, **__: object) -> tuple[Destroyed, ...]:
        """Record the call."""
        self.ran = True
        return (Destroyed("dev-training", 42),)


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Planned:
    (tmp_path / "cdktf.json").write_text("{}")
    (tmp_path / "main.py").write_text("")
    monkeypatch.chdir(tmp_path)
    planned = Planned()

    @contextmanager
    def prepare(*_: object, **__: object) -> Iterator[Planned]:
        yield planned

    monkeypatch.setattr("mlinfra.operations.destroy.prepared_destruction", prepare)
    return planned


def destroy(*options: str) -> Result:
    return CliRunner().invoke(app, ["destroy", "dev", *options])


def test_what_is_destroyed_deleted_and_kept_is_shown_before_the_question(planned: Planned) -> None:
    ended = destroy()
    assert isinstance(ended.exception, OperationError)
    assert ended.stderr == (
        "dev-training: 42 resources are destroyed\n"
        "Deleted with them:\n  dev-training: 2 volumes\n"
        "Remains in AWS:\n  dev-training: the log group /mlinfra/dev\n"
        "dev-data stays: Terraform refuses to destroy aws_s3_bucket.raw\n"
        "Not destroyed, because this commit does not declare them: dev-old. Check out the last commit that does.\n"
    )
    assert not planned.ran


@pytest.mark.parametrize(("typed", "runs"), [("dev", True), ("Dev", False), ("y", False), ("", False)])
def test_only_the_name_of_the_environment_is_consent(
    typed: str, planned: Planned, monkeypatch: pytest.MonkeyPatch, *, runs: bool
) -> None:
    monkeypatch.setattr("mlinfra.cli.questions._require_terminal", lambda *_: None)
    ended = CliRunner().invoke(app, ["destroy", "dev"], input=f"{typed}\n")
    assert planned.ran is runs
    assert (ended.exit_code == 0) is runs
    if runs:
        assert ended.stdout.endswith("dev-training: 42 resources destroyed\n")


def test_an_obstacle_ends_the_command_before_the_question(planned: Planned) -> None:
    planned.obstacle = "Nothing was destroyed, because of 1 obstacle."
    ended = destroy("--confirm", "dev")
    assert isinstance(ended.exception, OperationError)
    assert ended.exception.message == planned.obstacle
    assert not planned.ran


def test_nothing_to_destroy_needs_no_name(planned: Planned) -> None:
    planned.planned = ()
    ended = destroy()
    assert ended.exit_code == 0
    assert "There is nothing to destroy." in ended.stdout
