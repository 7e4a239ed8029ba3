# ruff: noqa: INP001  a folder for PYTHONPATH, and no package
"""Keeps what `python main.py` synthesizes, for later runs with the same inputs in the same test session.

Python imports this module at its start, if its folder is in PYTHONPATH. Tests of plans and applies synthesize the same
project dozens of times. Each synthesis takes more processor time than all else in a plan. Inputs are the files of the
project, and the variables of mlinfra and cdktf with the files of folders that these name, such as proposed records of
adopted resources. A run that fails, or that writes no manifest, is not kept.

What is not kept is synthesized by a process that has loaded cdktf already, if there is one (`synthesis_server.py`),
and by this one otherwise, or if it fails there: its output is then that of `python main.py`.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path

FOLDER = "MLINFRA_TEST_SYNTHESES"
"""Variable with the folder of the kept syntheses. Without it, every run synthesizes."""

SERVER = "MLINFRA_TEST_SYNTHESIS_SERVER"
"""Variable with the socket of a server that has loaded cdktf. Without it, every run loads cdktf."""

_NO_INPUTS = (".git", "__pycache__", "cdktf.out", "plans")


def _digest(project: Path) -> str:
    digest = hashlib.sha256()
    _add(digest, project)
    for name, value in sorted(os.environ.items()):
        if name.startswith(("MLINFRA_", "CDKTF_")) and not name.startswith(("MLINFRA_TEST_", "CDKTF_OUTDIR")):
            digest.update(f"{name}\0".encode())
            if os.path.isdir(value):  # noqa: PTH112  False for a text that is too long for a path
                _add(digest, Path(value))
            else:
                digest.update(f"{value}\0".encode())
    return digest.hexdigest()


def _add(digest: hashlib._Hash, root: Path) -> None:
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(each for each in subfolders if not each.startswith(_NO_INPUTS))
        for each in sorted(names):
            if not each.endswith(".sh"):  # run by Terraform
                path = Path(folder, each)
                digest.update(f"{path.relative_to(root)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())


def _keep(out: Path, kept: Path, earlier: int) -> None:
    manifest = out / "manifest.json"
    if hasattr(sys, "last_type") or not manifest.exists() or manifest.stat().st_mtime_ns == earlier:
        return
    copy = Path(tempfile.mkdtemp(dir=kept.parent))
    shutil.copytree(out, copy, dirs_exist_ok=True)
    try:
        copy.rename(kept)
    except OSError:  # another process was first
        shutil.rmtree(copy)


def _served(server: str) -> bool:
    """True if the server has executed main.py. The output of a failure is that of the repetition in this process."""
    from synthesis_server import settings

    request = {
        "settings": settings(),
        "folder": str(Path.cwd()),
        "path": sys.path,
        "variables": {name: value for name, value in os.environ.items() if name != SERVER},
    }
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection,
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as errors,
    ):
        try:
            connection.connect(server)
        except OSError:  # it has ended
            return False
        socket.send_fds(connection, [b" "], [0, output.fileno(), errors.fileno()])
        connection.sendall(json.dumps(request).encode() + b"\n")
        if connection.recv(16) != b"done\n":
            return False
        for file, stream in ((output, sys.stdout), (errors, sys.stderr)):
            file.seek(0)
            stream.buffer.write(file.read())
            stream.flush()
        return True


def _use(kept_in: Path, out: Path) -> None:
    kept = kept_in / _digest(Path.cwd())
    if kept.exists():
        shutil.copytree(kept, out, dirs_exist_ok=True)
        os._exit(0)
    manifest = out / "manifest.json"
    earlier = manifest.stat().st_mtime_ns if manifest.exists() else 0
    if SERVER in os.environ and _served(os.environ[SERVER]):
        _keep(out, kept, earlier)
        os._exit(0)
    atexit.register(_keep, out, kept, earlier)


if sys.orig_argv[1:] == ["main.py"] and FOLDER in os.environ and "CDKTF_OUTDIR" in os.environ:
    _use(Path(os.environ[FOLDER]), Path(os.environ["CDKTF_OUTDIR"]))
