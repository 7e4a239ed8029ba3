"""Rewriting of scripts for the folder of a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlinfra.local_aws.nodes.rewriting import BIN, rewritten, rewritten_argument, rewritten_program

if TYPE_CHECKING:
    from pathlib import Path

METADATA = "http://127.1.2.3:4567"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A node with a command of its own."""
    (tmp_path / BIN).mkdir(parents=True)
    (tmp_path / BIN / "systemd-run").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (". /etc/mlinfra/node", ". ROOT/etc/mlinfra/node"),
        ('echo x >"/var/log/a.log"', 'echo x >"ROOT/var/log/a.log"'),
        ("-c file:/etc/mlinfra/agent.json", "-c file:ROOT/etc/mlinfra/agent.json"),
        ("PATH=$PATH:/opt/amazon/efa/bin", "PATH=$PATH:ROOT/opt/amazon/efa/bin"),
        ("mountpoint -q /scratch && return", "mountpoint -q ROOT/scratch && return"),
        ("python -m settings /etc", "python -m settings ROOT/etc"),
        ("/usr/bin/systemd-run --unit x", f"ROOT/{BIN}/systemd-run --unit x"),
        ("service=http://169.254.169.254/latest", f"service={METADATA}/latest"),
    ],
)
def test_paths_of_the_node_lead_to_its_folder(root: Path, text: str, expected: str) -> None:
    assert rewritten(text, root, METADATA) == expected.replace("ROOT", str(root))


@pytest.mark.parametrize(
    "text",
    [
        "#!/bin/bash",
        "/usr/bin/timeout 30 x",
        "cat /proc/uptime >/dev/null",
        '"$MLINFRA_NODE_ROOT/etc/mlinfra"',
        '"${MLINFRA_NODE_ROOT:-}/etc/mlinfra"',
        "https://s3.amazonaws.com/etc/key.asc",
        "s3://bucket/run/1",
        "sed -n p /etc/os-release",
        "/optional /variable",
    ],
)
def test_other_texts_are_kept(root: Path, text: str) -> None:
    assert rewritten(text, root, METADATA) == text


def test_only_the_interpreter_of_a_program_that_is_not_a_shell_script_is_rewritten(root: Path) -> None:
    program = b"#!/usr/local/bin/mlinfra-python3 -B\nopen('/etc/mlinfra/node')\n\x00\xff"
    first, _, rest = rewritten_program(program, root, METADATA).partition(b"\n")
    assert first == f"#!{root}/usr/local/bin/mlinfra-python3 -B".encode()
    assert rest == program.partition(b"\n")[2]
    assert rewritten_program(b"\x7fELF/etc/x", root, METADATA) == b"\x7fELF/etc/x"
    script = b"#!/bin/bash\n. /etc/mlinfra/node\n"
    assert rewritten_program(script, root, METADATA) == f"#!/bin/bash\n. {root}/etc/mlinfra/node\n".encode()


def test_an_argument_is_rewritten_once(root: Path) -> None:
    once = rewritten_argument("/usr/local/bin/x", root)
    assert once == f"{root}/usr/local/bin/x"
    assert rewritten_argument(once, root) == once
    assert rewritten_argument("/usr/bin/systemd-run", root) == str(root / BIN / "systemd-run")
    assert rewritten_argument("/usr/bin/timeout", root) == "/usr/bin/timeout"
