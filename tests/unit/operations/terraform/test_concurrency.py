from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psutil
import pytest

from mlinfra.operations.terraform.concurrency import MOST, STACK_BYTES, stacks_at_once

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    a_machine(monkeypatch, processors=8, stacks_in_memory=1000)


def a_machine(monkeypatch: pytest.MonkeyPatch, *, processors: int, stacks_in_memory: float) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)), raising=False)
    memory = psutil.virtual_memory()._replace(available=int(stacks_in_memory * STACK_BYTES))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)


@pytest.mark.parametrize(
    ("processors", "stacks_in_memory", "stacks"),
    [(1, 1000, 2), (2, 1000, 4), (4, 1000, 8), (64, 1000, MOST), (8, 3.9, 3), (8, 0.5, 1)],
)
def test_processors_and_free_memory_limit_the_number_of_stacks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, processors: int, stacks_in_memory: float, stacks: int
) -> None:
    a_machine(monkeypatch, processors=processors, stacks_in_memory=stacks_in_memory)
    assert stacks_at_once(tmp_path) == stacks


@pytest.mark.parametrize(("limit", "stacks"), [("max 100000", 16), ("200000 100000", 4), ("50000 100000", 2)])
def test_the_processor_quota_of_a_container_counts(tmp_path: Path, limit: str, stacks: int) -> None:
    (tmp_path / "cpu.max").write_text(f"{limit}\n")
    assert stacks_at_once(tmp_path) == stacks


def test_the_memory_limit_of_a_container_counts(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text(f"{5 * STACK_BYTES}\n")
    (tmp_path / "memory.current").write_text(f"{3 * STACK_BYTES}\n")
    assert stacks_at_once(tmp_path) == 2
    (tmp_path / "memory.stat").write_text(f"anon 17\ninactive_file {STACK_BYTES}\nslab 4\n")
    assert stacks_at_once(tmp_path) == 3


def test_a_container_without_a_memory_limit_uses_the_memory_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text(f"{3 * STACK_BYTES}\n")
    assert stacks_at_once(tmp_path) == MOST
