"""The program of the node guard as it reaches a node."""

from __future__ import annotations

import ast
import base64
import bz2
import io
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

from mlinfra.constructs.training.guard_program import guard_parameters, guard_program, without_comments

if TYPE_CHECKING:
    from pathlib import Path


def sources() -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(guard_program())) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def python_sources() -> dict[str, str]:
    return {name: text for name, text in sources().items() if name.endswith(".py")}


def test_the_program_has_the_commands_of_the_nodes() -> None:
    programs = {"mlinfra-check-node", "mlinfra-start-run", "mlinfra-torchrun-env"}
    assert set(sources()) - set(python_sources()) == programs


def test_the_parameters_hold_the_program() -> None:
    assert bz2.decompress(base64.b64decode("".join(guard_parameters()))) == guard_program()


def test_each_parameter_fits_into_the_standard_tier_and_all_into_one_request() -> None:
    assert max(map(len, guard_parameters())) <= 4096
    # GetParameters takes ten names; names are sorted as text.
    assert len(guard_parameters()) <= 9


def test_the_program_runs_without_mlinfra_and_its_dependencies(tmp_path: Path) -> None:
    program = tmp_path / "mlinfra-node-guard"
    program.write_bytes(guard_program())
    ended = subprocess.run(
        [sys.executable, "-BEsI", "-S", str(program), "--help"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Report the activity of this node" in ended.stdout


def test_the_program_is_executable_by_the_python_of_the_image() -> None:
    assert guard_program().startswith(b"#!/usr/local/bin/mlinfra-python3 -BEs\n")


def test_every_file_is_valid_for_python_3_9() -> None:
    for name, text in python_sources().items():
        ast.parse(text, name, feature_version=(3, 9))


def test_comments_and_docstrings_are_left_out() -> None:
    source = '''"""Module."""

# A comment.
LIMIT = 3  # three
"""The limit."""


class Error(Exception):
    """An error."""


def text() -> str:
    """Text."""
    return """a
# not a comment

b"""
'''
    expected = '''LIMIT = 3
class Error(Exception):
    pass
def text() -> str:
    return """a
# not a comment

b"""
'''
    assert without_comments(source) == expected


def test_no_file_of_the_program_has_a_docstring() -> None:
    for name, text in python_sources().items():
        tree = ast.parse(text, name)
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
        assert [each for each in ast.walk(tree) if isinstance(each, documented) and ast.get_docstring(each)] == []
