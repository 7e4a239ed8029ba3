"""Locked records that are held by real processes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from mlinfra.operations.terraform import lock_record, orphans
from mlinfra.operations.terraform.orphans import end_orphaned_providers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import TypeAlias

    Start: TypeAlias = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "x.run"
    path.touch()
    return path


@pytest.fixture
def started(tmp_path: Path, record: Path) -> Iterator[Start]:
    """Starts a program of a given name, which holds the lock of the record."""
    sleep = shutil.which("sleep")
    assert sleep
    children: list[subprocess.Popen[bytes]] = []

    def start(name: str) -> subprocess.Popen[bytes]:
        program = tmp_path / name
        shutil.copy(sleep, program)
        with record.open("a+") as file:
            assert lock_record(file, record)
            children.append(subprocess.Popen([program, "60"], pass_fds=[file.fileno()]))
        return children[-1]

    yield start
    for each in children:
        each.kill()
        each.wait()


def locked(record: Path) -> bool:
    with record.open("a+") as file:
        return lock_record(file, record)


def test_a_provider_without_its_terraform_is_ended_and_the_record_can_be_locked(record: Path, started: Start) -> None:
    provider = started("terraform-provider-aws_v5.100.0_x5")
    assert locked(record)
    assert provider.wait(timeout=10) == -signal.SIGTERM


def test_a_running_terraform_and_its_provider_are_left_alone(record: Path, started: Start) -> None:
    terraform = started("terraform")
    with record.open("a+") as file:
        program = shutil.copy(record.parent / "terraform", record.parent / "terraform-provider-aws")
        provider = subprocess.Popen([program, "60"], pass_fds=[file.fileno()])
    try:
        assert not locked(record)
        assert (terraform.poll(), provider.poll()) == (None, None)
    finally:
        provider.kill()
        provider.wait()


def test_a_file_that_no_process_holds_has_no_orphans(record: Path) -> None:
    with record.open():
        assert not end_orphaned_providers(record), "the process itself is not an orphan"


def test_lsof_finds_the_same_processes_where_there_is_no_proc(
    record: Path, started: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not shutil.which("lsof"):
        # What lsof prints for `-F p` (lsof(8), "OUTPUT FOR OTHER PROGRAMS").
        holder = started("terraform-provider-x")
        tools = record.parent / "tools"
        tools.mkdir()
        (tools / "lsof").write_text(f"#!/bin/sh\n[ -L /proc/{holder.pid}/fd/0 ] && printf 'p{holder.pid}\\nf3\\n'\n")
        (tools / "lsof").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    else:
        holder = started("terraform-provider-x")
    monkeypatch.setattr(orphans, "_PROC", record.parent / "none")
    assert end_orphaned_providers(record)
    assert holder.wait(timeout=10) == -signal.SIGTERM
