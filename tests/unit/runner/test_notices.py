"""Notices of EC2 for the command."""

from __future__ import annotations

import json
import signal
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from mlinfra.job import TerminationNotice
from mlinfra.runner.notices import NoticeForCommand, RunNotice, first_notice, signal_number
from tests.unit.runner.test_settlement import node, run

if TYPE_CHECKING:
    from pathlib import Path

END = datetime(2026, 11, 30, 10, 17, tzinfo=timezone.utc)
NOTICE = RunNotice("i-b", int(END.timestamp()), "spot interruption")


def test_the_file_appears_at_once_and_the_signal_comes_at_its_time(tmp_path: Path) -> None:
    sent: list[int] = []

    def send(signum: int) -> bool:
        sent.append(signum)
        return True

    file = tmp_path / "notice.json"
    file.write_text("of an earlier attempt")
    handler = NoticeForCommand(file, signum=signal.SIGUSR1, seconds=120)
    assert not file.exists()
    handler.handle(None, NOTICE.ends_at, send)
    handler.handle(NOTICE, NOTICE.ends_at - 600, send)
    assert json.loads(file.read_text()) == {
        "ends_at": "2026-11-30T10:17:00Z",
        "reason": "spot interruption",
        "instance_id": "i-b",
    }
    assert sent == []
    for seconds in (120, 60):
        handler.handle(NOTICE, NOTICE.ends_at - seconds, send)
    assert sent == [signal.SIGUSR1]


def test_a_command_that_does_not_handle_the_signal_yet_receives_it_later(tmp_path: Path) -> None:
    answers = iter([False, True])
    handler = NoticeForCommand(tmp_path / "notice.json", signum=signal.SIGUSR1, seconds=120)
    signalled = []
    for seconds in (90, 80, 70):
        handler.handle(NOTICE, NOTICE.ends_at - seconds, lambda _: next(answers))
        signalled.append(handler.signalled)
    assert signalled == [False, True, True]


def test_a_command_that_is_stopped_early_receives_the_signal_of_a_known_notice_first(tmp_path: Path) -> None:
    sent: list[int] = []

    def send(signum: int) -> bool:
        sent.append(signum)
        return True

    handler = NoticeForCommand(tmp_path / "notice.json", signum=signal.SIGUSR1, seconds=120)
    assert not handler.signal_early(send)
    handler.handle(NOTICE, NOTICE.ends_at - 600, send)
    assert handler.signal_early(send)
    assert handler.signal_early(send)
    assert sent == [signal.SIGUSR1]


def test_a_command_that_was_just_sent_the_signal_may_save_before_it_is_stopped(tmp_path: Path) -> None:
    handler = NoticeForCommand(tmp_path / "notice.json", signum=signal.SIGUSR1, seconds=120)
    handler.handle(NOTICE, NOTICE.ends_at - 60, lambda _: True)
    assert handler.signal_early(lambda signum: pytest.fail(f"sent {signum} again"))


def test_sigterm_as_the_signal_of_notices_is_not_sent_twice(tmp_path: Path) -> None:
    handler = NoticeForCommand(tmp_path / "notice.json", signum=signal.SIGTERM, seconds=120)
    handler.handle(NOTICE, NOTICE.ends_at - 600, lambda _: True)
    assert not handler.signal_early(lambda signum: pytest.fail(f"sent {signum}"))


def test_the_notice_of_another_member_is_that_of_the_run() -> None:
    state = run(node("i-a"), node("i-b", notice_ends_at=NOTICE.ends_at, notice_reason=NOTICE.reason))
    assert first_notice("i-a", None, state) == NOTICE
    own = TerminationNotice(datetime(2026, 11, 30, 10, 16, tzinfo=timezone.utc), "earlier")
    assert first_notice("i-a", own, state) == RunNotice("i-a", NOTICE.ends_at - 60, "earlier")
    assert first_notice("i-a", None, None) is None


def test_other_texts_than_names_of_signals_are_refused() -> None:
    assert signal_number("SIGTERM") == signal.SIGTERM
    with pytest.raises(ValueError, match="'TERM' is not a signal"):
        signal_number("TERM")
