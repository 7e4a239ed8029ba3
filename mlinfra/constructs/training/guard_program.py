"""The program of the node guard: a file that nodes read from SSM parameters at boot, with other programs in it."""

from __future__ import annotations

import ast
import base64
import bz2
import io
import stat
import tokenize
import zipfile
from functools import cache
from importlib.resources import files
from typing import Final

from mlinfra.constructs.training.node_user_data import script

PARAMETER_CHARACTERS: Final = 4096
"""The maximum size of a standard parameter. Source: Systems Manager user guide, "Managing parameter tiers", read
2026-11-28."""

_GUARD: Final = "mlinfra.node_guard"
_MAIN: Final = "import sys\nfrom mlinfra.node_guard.__main__ import main\nsys.exit(main(sys.argv[1:]))\n"
_INTERPRETER: Final = b"#!/usr/local/bin/mlinfra-python3 -BEs\n"
"""A link that the boot of a node makes: python3 of Amazon Linux 2 is too old."""
TORCHRUN_ENV: Final = "mlinfra-torchrun-env"
"""A program for users of the nodes, which has no room in user data either."""
START_RUN: Final = "mlinfra-start-run"
"""The program that starts a run, with `_START_OF_RUNS` from the same file."""
_START_OF_RUNS: Final = ("contract.py", "paths.py", "start.py")
CHECK_NODE: Final = "mlinfra-check-node"
"""The checks of the boot as a program, for the runner and for every hour."""
_FILE: Final = stat.S_IFREG | 0o644
_UNIX: Final = 3
_BEGINNING_OF_ZIP: Final = (1980, 1, 1, 0, 0, 0)


@cache
def guard_program() -> bytes:
    """The executable file: a zip with the guard, the start of runs, the contract, and programs of the node.

    Its other packages are empty, so that no installed mlinfra of another version is imported. Identical on every
    machine for identical sources.
    """
    found = {"__main__.py": _MAIN}
    found |= {f"mlinfra/{each}__init__.py": "" for each in ("", "functions/", "runner/")}
    for package, names in (("functions", ("contract.py",)), ("runner", _START_OF_RUNS)):
        for name in names:
            source = (files(f"mlinfra.{package}") / name).read_text(encoding="utf-8")
            found[f"mlinfra/{package}/{name}"] = without_comments(source)
    for each in files(_GUARD).iterdir():
        if each.name.endswith(".py"):
            found[f"mlinfra/node_guard/{each.name}"] = without_comments(each.read_text(encoding="utf-8"))
    found |= {name: script(name) for name in (TORCHRUN_ENV, START_RUN)}
    found[CHECK_NODE] = check_program()
    program = io.BytesIO()
    program.write(_INTERPRETER)
    with zipfile.ZipFile(program, "a", zipfile.ZIP_STORED) as archive:
        for name, text in sorted(found.items()):
            entry = zipfile.ZipInfo(name, _BEGINNING_OF_ZIP)
            entry.create_system = _UNIX
            entry.external_attr = _FILE << 16
            archive.writestr(entry, text.encode())
    return program.getvalue()


def check_program() -> str:
    """The program that checks a node, with the same functions as its boot."""
    parts = ("unhealthy.sh", "gpus.sh", "efa.sh", CHECK_NODE)
    return "\n".join(["#!/bin/bash", *(script(each) for each in parts)]) + "\n"


@cache
def guard_parameters() -> tuple[str, ...]:
    """The values of the parameters that together hold the program, compressed with bzip2 and encoded as Base64.

    User data has no room for it. bzip2, since the output of zlib differs between its builds, and its checksum shows a
    node that it has read parts of two versions.
    """
    text = base64.b64encode(bz2.compress(guard_program())).decode()
    return tuple(text[at : at + PARAMETER_CHARACTERS] for at in range(0, len(text), PARAMETER_CHARACTERS))


def without_comments(source: str) -> str:
    """Python source without comments, docstrings and blank lines.

    Works on positions in the text, so that every version of Python gives the same bytes.

    Args:
        source: valid Python source.
    """
    lines: list[str | None] = list(source.splitlines())
    for node in ast.walk(ast.parse(source)):
        body = getattr(node, "body", None)
        for each in body if isinstance(body, list) else []:
            if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)):
                continue
            if not isinstance(each.value.value, str):
                continue
            for number in range(each.lineno - 1, each.end_lineno or each.lineno):
                lines[number] = None
            if len(body or ()) == 1 and not isinstance(node, ast.Module):
                lines[each.lineno - 1] = f"{' ' * each.col_offset}pass"
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in {tokenize.COMMENT, tokenize.NL}:
            continue
        number = token.start[0] - 1
        line = lines[number] or ""
        if token.type == tokenize.COMMENT:
            line = line[: token.start[1]].rstrip()
        lines[number] = line if line.strip() else None
    return "\n".join([*(line for line in lines if line is not None), ""])
