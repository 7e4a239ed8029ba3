"""Rewriting of scripts for a node: absolute paths of its files begin with its folder.

Rewritten are paths below `TOP`, and the address of the metadata service. Programs and libraries of this machine keep
their paths. A script that composes absolute paths from parts is not rewritten there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

TOP: Final = ("etc", "home", "lustre", "opt", "root", "run", "scratch", "srv", "usr/local", "var")
"""The folders that each node has of its own."""
_KEPT: Final = "/etc/os-release"
_METADATA: Final = "http://169.254.169.254"
_PATHS: Final = re.compile(rf"(?<![\w.}}/~$\\-])(?!{_KEPT})/(?:{'|'.join(TOP)})(?![\w.-])")
_SHELLS: Final = re.compile(rb"#!\s*\S*?/(?:env\s+)?(?:ba|da|z)?sh\b")


def rewritten(text: str, root: Path, metadata: str) -> str:
    """A shell script, a unit of systemd or a configuration file for a node.

    Args:
        text: the text.
        root: the folder of the node.
        metadata: the URL of its metadata service.
    """
    return _PATHS.sub(lambda found: f"{root}{found.group()}", text.replace(_METADATA, metadata))


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
    return f"{root}{argument}" if _PATHS.match(argument) and not argument.startswith(f"{root}/") else argument
