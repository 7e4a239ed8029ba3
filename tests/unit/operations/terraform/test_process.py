from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from mlinfra.operations.terraform.process import run

HERE = Path(__file__).parent

pytestmark = pytest.mark.xdist_group("processes")  # starts early: it waits for seconds


def test_both_streams_and_the_exit_code_are_kept(tmp_path: Path) -> None:
    ended = run(["/bin/sh", "-c", "echo out; echo err >&2; exit 3"], cwd=tmp_path)
    assert (ended.code, ended.output, ended.errors) == (3, "out\n", "err\n")


def test_lines_are_passed_on_while_they_are_written(tmp_path: Path) -> None:
    seen: list[tuple[str, float]] = []
    run(
        ["/bin/sh", "-c", "echo first; sleep 0.3; echo second"],
        cwd=tmp_path,
        on_line=lambda s: seen.append((s, time.monotonic())),
    )
    assert [line for line, _ in seen] == ["first", "second"]
    assert seen[1][1] - seen[0][1] > 0.1


def test_more_output_than_a_pipe_holds_does_not_block(tmp_path: Path) -> None:
    both = "import sys; print('x' * 300_000); print('y' * 300_000, file=sys.stderr)"
    ended = run([sys.executable, "-c", both], cwd=tmp_path)
    assert (len(ended.output), len(ended.errors)) == (300_001, 300_001)


def test_logged_output_is_read_while_it_is_written(tmp_path: Path) -> None:
    seen: list[tuple[str, float]] = []
    ended = run(
        ["/bin/sh", "-c", "echo first; sleep 0.3; echo err >&2; printf second"],
        cwd=tmp_path,
        on_line=lambda line: seen.append((line, time.monotonic())),
        log=tmp_path / "log",
    )
    assert (ended.code, ended.output, ended.errors) == (0, "first\nsecond", "err\n")
    assert {line for line, _ in seen} == {"first", "err", "second"}
    assert seen[-1][1] - seen[0][1] > 0.1
    assert (tmp_path / "log").read_text() == "first\nsecond"
    assert (tmp_path / "log.errors").stat().st_mode & 0o777 == 0o600


def test_a_logged_program_continues_when_its_reader_is_killed(tmp_path: Path) -> None:
    parent = textwrap.dedent(
        """
        from pathlib import Path
        from mlinfra.operations.terraform.process import run
        script = "touch started; sleep 0.4; echo one; echo two; touch finished"
        run(["/bin/sh", "-c", script], cwd=Path.cwd(), log=Path("log"))
        """
    )
    process = subprocess.Popen([sys.executable, "-c", parent], cwd=tmp_path)
    deadline = time.monotonic() + 20
    while not (tmp_path / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()
    while not (tmp_path / "finished").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (tmp_path / "log").read_text() == "one\ntwo\n"
    assert (tmp_path / "finished").exists()


def test_files_that_a_program_writes_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    run(["/bin/sh", "-c", "echo secret > plan"], cwd=tmp_path)
    assert (tmp_path / "plan").stat().st_mode & 0o777 == 0o600


def interrupted(folder: Path, signal_number: int, *, whole_group: bool, log: str = "None") -> str:
    """The output of a child that needs some time to end, after its parent was interrupted."""
    (folder / "child.sh").write_text(
        # It may be ready before its parent has stored its process, and could not be signalled then.
        "trap 'echo told >> said; told=1' INT\nsleep 0.5\necho ready > started\n"
        'while [ -z "$told" ]; do sleep 0.1; done\nsleep 0.2\necho finished >> said\n'
    )
    parent = textwrap.dedent(
        f"""
        import signal, sys
        from pathlib import Path
        from mlinfra.operations.terraform.process import run
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        run(["/bin/sh", "child.sh"], cwd=Path.cwd(), log={log})
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", parent], cwd=folder, start_new_session=True, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 20
    while not (folder / "started").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    if whole_group:
        os.killpg(process.pid, signal_number)
    else:
        process.send_signal(signal_number)
    assert process.wait(timeout=20) != 0
    return (folder / "said").read_text()


@pytest.mark.parametrize("log", ["None", 'Path("log")'])
def test_after_ctrl_c_the_program_is_signalled_once_and_completes(tmp_path: Path, log: str) -> None:
    assert interrupted(tmp_path, signal.SIGINT, whole_group=True, log=log) == "told\nfinished\n"


def test_a_logged_program_is_signalled_if_only_its_parent_is_interrupted(tmp_path: Path) -> None:
    assert interrupted(tmp_path, signal.SIGINT, whole_group=False, log='Path("log")') == "told\nfinished\n"


def impatient(folder: Path, log: str) -> subprocess.CompletedProcess[str]:
    """A process that is terminated, and waits no longer than a moment for a child that takes its time."""
    parent = textwrap.dedent(
        f"""
        import os, signal, sys, threading, time
        from pathlib import Path
        from mlinfra.operations.terraform import process
        process._GRACE_SECONDS = 0.1
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        def terminate():
            while not Path("started").exists():
                time.sleep(0.02)
            time.sleep(0.2)  # until run() waits
            os.kill(os.getpid(), signal.SIGTERM)
        threading.Thread(target=terminate).start()
        script = "trap '' INT; echo $$ > pid; touch started; sleep 1; echo end; touch finished"
        process.run(["/bin/sh", "-c", script], cwd=Path.cwd(), log={log})
        """
    )
    return subprocess.run([sys.executable, "-c", parent], cwd=folder, capture_output=True, text=True, check=False)


def test_an_unlogged_program_is_killed_when_the_wait_is_interrupted(tmp_path: Path) -> None:
    ended = impatient(tmp_path, "None")
    assert (ended.returncode, ended.stderr) == (143, "")
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    assert not (tmp_path / "finished").exists()


def test_a_logged_program_continues_when_the_wait_is_interrupted(tmp_path: Path) -> None:
    ended = impatient(tmp_path, 'Path("log")')
    assert (ended.returncode, ended.stderr) == (143, "")
    deadline = time.monotonic() + 20
    while not (tmp_path / "finished").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (tmp_path / "log").read_text() == "end\n"


def test_after_sigterm_the_program_is_signalled_and_completes(tmp_path: Path) -> None:
    assert interrupted(tmp_path, signal.SIGTERM, whole_group=False) == "told\nfinished\n"
