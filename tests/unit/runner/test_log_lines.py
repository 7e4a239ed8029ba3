"""Log events of CloudWatch Logs, cut from output."""

from __future__ import annotations

import pytest

from mlinfra.runner.log_lines import BYTES_IN_BATCH, BYTES_OF_EVENT, EVENTS_IN_BATCH, LONGEST_EVENT, Batch, Lines


def lines(*parts: bytes) -> list[str]:
    """All lines of a stream that arrives in these parts."""
    found = Lines()
    return [line for part in parts for line in found.feed(part)] + list(found.feed(b"", is_last=True))


def test_lines_that_arrive_in_parts_are_joined() -> None:
    assert lines(b"epoch ", b"1\nepoch 2", b"\n", b"end") == ["epoch 1", "epoch 2", "end"]


def test_characters_that_arrive_in_parts_are_joined_and_invalid_ones_replaced() -> None:
    assert lines("é".encode()[:1], "é".encode()[1:] + b"\n\xff\n") == ["é", "\ufffd"]


def test_each_state_of_a_progress_bar_is_a_line() -> None:
    assert lines(b"10%\r20%\r\nend\r\n") == ["10%", "20%", "end"]


def test_empty_lines_are_left_out_since_cloudwatch_refuses_them() -> None:
    assert lines(b"\n \na\n\n") == ["a"]


@pytest.mark.parametrize("character", ["x", "é", "😀"])
def test_a_long_line_becomes_several_events_without_a_loss(character: str) -> None:
    text = character * (2 * LONGEST_EVENT // len(character.encode()) + 5)
    found = lines(text.encode())
    assert "".join(found) == text
    assert all(len(each.encode()) <= LONGEST_EVENT for each in found)


def test_a_line_without_an_end_does_not_grow_in_memory() -> None:
    found = Lines()
    assert sum(len(each) for _ in range(8) for each in found.feed(b"x" * LONGEST_EVENT)) == 8 * LONGEST_EVENT


def test_a_batch_is_limited_in_events_and_bytes() -> None:
    batch = Batch()
    assert sum(batch.add("x", 0) for _ in range(EVENTS_IN_BATCH + 1)) == EVENTS_IN_BATCH
    batch = Batch()
    line = "x" * 1000
    added = 0
    while batch.add(line, 0):
        added += 1
    assert added == BYTES_IN_BATCH // (1000 + BYTES_OF_EVENT)


def test_events_are_in_order_although_the_clock_is_set_back() -> None:
    batch = Batch()
    for at in (5, 9, 7):
        batch.add("x", at)
    assert [each["timestamp"] for each in batch.events] == [5, 9, 9]
