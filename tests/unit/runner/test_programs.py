"""Programs that the runner starts."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from mlinfra.runner.programs import LAST_LINES, login_user, run_program


def test_the_last_lines_of_both_streams_are_kept() -> None:
    script = (
        f"import sys; [print(i, flush=True) for i in range({LAST_LINES + 5})]; print('why', file=sys.stderr); exit(3)"
    )
    ended = run_program([sys.executable, "-c", script])
    assert ended.status == 3
    assert len(ended.lines) == LAST_LINES
    assert ended.lines[-1] == "why"


def test_lines_are_reported_and_input_is_passed() -> None:
    lines: list[str] = []
    run_program(["cat"], text="secret\n", on_line=lines.append)
    assert lines == ["secret"]


def test_a_missing_program_has_the_status_of_a_shell() -> None:
    assert run_program(["no-such-program"]).status == 127


def test_a_program_that_does_not_read_its_input_ends_as_usual() -> None:
    assert run_program(["true"], text="x" * 1_000_000).status == 0


def test_a_program_gets_the_environment_only() -> None:
    ended = run_program(["env"], environment={"A": "1", "PATH": os.environ["PATH"]})
    assert set(ended.lines) == {"A=1", f"PATH={os.environ['PATH']}"}


def test_a_simulated_node_has_no_login_user(tmp_path: Path) -> None:
    assert login_user(tmp_path) is None


def test_a_login_user_exists_on_this_machine_or_is_left_out() -> None:
    found = login_user(Path("/"))
    assert found is None or found.name in {"ubuntu", "ec2-user"}
