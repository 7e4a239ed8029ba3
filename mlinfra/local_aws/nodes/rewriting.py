"""Rewriting of scripts for a node: absolute paths of its files begin with its folder.

Rewritten are paths below `TOP`, paths of commands that the local AWS answers, and the address of the metadata service.
Other programs and libraries of this machine keep their paths. A script that composes absolute paths from parts is not
rewritten there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

BIN: Final = "opt/local-aws/bin"
"""The folder of commands that are answered by the local AWS. It is the first of PATH."""
TOP: Final = ("etc", "home", "lustre", "opt", "root", "run", "scratch", "srv", "usr/local", "var")
"""The folders that each node has of its own."""
_KEPT: Final = "/etc/os-release"
_METADATA: Final = "http://169.254.169.254"
_PATHS: Final = re.compile(rf"(?<![\w.}}/~$\\-])(?!{_KEPT})/(?:{'|'.join(TOP)})(?![\w.-])")
_COMMANDS: Final = re.compile(r"(?<![\w.}/~$\\-])/(?:usr/)?s?bin/([\w.-]+)(?![\w./-])")
_SHELLS: Final = re.compile(rb"#!\s*\S*?/(?:env\s+)?(?:ba|da|z)?sh\b")


def rewritten(text: str, root: Path, metadata: str) -> str:
    """A shell script, a unit of systemd or a configuration file for a node.

    Args:
        text: the text.
        root: the folder of the node.
        metadata: the URL of its metadata service.
    """
    moved = _PATHS.sub(lambda found: f"{root}{found.group()}", text.replace(_METADATA, metadata))
    return _COMMANDS.sub(lambda found: _own_command(found.group(), found.group(1), root), moved)


def rewritten_program(content: bytes, root: Path, metadata: str) -> bytes:
    """A file that is installed on a node: whole, if it is a shell script, otherwise only the path of its interpreter.

    Args:
        content: the file, of any kind.
        root: the folder of the node.
        metadata: the URL of its metadata service.
    """
    if not content.startswith(b"#!"):
        return content
    if _SHELLS.match(content):
        return rewritten(content.decode("utf-8", "surrogateescape"), root, metadata).encode("utf-8", "surrogateescape")
    first, newline, rest = content.partition(b"\n")
    return rewritten(first.decode(), root, metadata).encode() + newline + rest


def rewritten_argument(argument: str, root: Path) -> str:
    """An argument of a command: a path, if it is one that each node has of its own.

    Args:
        argument: the argument.
        root: the folder of the node.
    """
    if _PATHS.match(argument) and not argument.startswith(f"{root}/"):
        return f"{root}{argument}"
    found = _COMMANDS.fullmatch(argument)
    return _own_command(argument, found.group(1), root) if found else argument


def _own_command(path: str, name: str, root: Path) -> str:
    """The path of a command of the node, where it has one of its own."""
    own = root / BIN / name
    return str(own) if own.exists() else path
