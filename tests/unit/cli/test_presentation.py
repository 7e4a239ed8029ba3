from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from mlinfra.cli.presentation import StepsOnConsole


def seen(text: str) -> str:
    return re.sub(r"\d+\.\d s", "N s", text)


def test_without_a_terminal_each_step_is_two_plain_lines() -> None:
    out = io.StringIO()
    with StepsOnConsole(Console(file=out, force_terminal=False)).step("Plan [it]") as step:
        step.say("a detail")
        step.conclude("nothing to change")
    assert seen(out.getvalue()) == "· Plan [it]\n✓ Plan [it]  nothing to change  N s\n"


def test_without_a_terminal_each_change_of_the_reason_for_a_wait_is_a_line() -> None:
    out = io.StringIO()
    with StepsOnConsole(Console(file=out, force_terminal=False)).step("Wait for the nodes") as step:
        for reason in ("0 of 2 nodes in service", "0 of 2 nodes in service", "waiting for the boot of i-1: [gpus] ok"):
            step.wait_for(reason)
        step.conclude("2 of 2 are ready")
    assert seen(out.getvalue()).splitlines() == [
        "· Wait for the nodes",
        "· Wait for the nodes: 0 of 2 nodes in service",
        "· Wait for the nodes: waiting for the boot of i-1: [gpus] ok",
        "✓ Wait for the nodes  2 of 2 are ready  N s",
    ]


def test_a_step_that_failed_is_marked() -> None:
    out = io.StringIO()
    with pytest.raises(KeyError), StepsOnConsole(Console(file=out, force_terminal=False)).step("Plan"):
        raise KeyError
    assert seen(out.getvalue()) == "· Plan\n✗ Plan  N s\n"


def test_on_a_terminal_the_latest_detail_is_shown_and_then_erased() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=60, color_system=None)
    with StepsOnConsole(console).step("Apply") as step:
        step.say("aws_kms_key.key: Still creating... and a very long line that does not fit into it")
        console.print("", end="")
    text = out.getvalue()
    assert "Apply  0 s  aws_kms_key.key: Still creating... and" in text
    assert text.rstrip().splitlines()[-1].endswith(" s")
    assert re.search(r"✓ Apply  \d\.\d s", text)
