# ruff: noqa: INP001  a folder for PYTHONPATH, and no package
"""A process in which `python main.py` is executed with cdktf loaded and node running.

To load cdktf and start node takes half of the processor time of a small synthesis. This server has done both. It forks
for each request: what a project imports and sets stays in the fork, which is what `python main.py` is otherwise. All
forks use the same node, in turn. A fork that fails may leave a part of a request in it: the server then starts again.

Started as `python -m synthesis_server SOCKET`, where SOCKET is the path of a Unix socket that does not exist. Serves
until standard input ends. `sitecustomize.py` sends the requests.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import importlib.util
import json
import os
import runpy
import select
import socket
import sys
from pathlib import Path
from typing import Any

_RUNS = 40
"""Syntheses after which the server starts again: node keeps all objects of all apps."""

_OF_THE_PROCESS = ("JSII_", "MLINFRA_CDK", "MLINFRA_STOCK_LOADING", "NODE_", "PYTHON")
"""Beginnings of the variables that have an effect when cdktf is loaded or node starts."""

_FILES = 3
"""Standard input, output and error of the requesting program."""


def settings() -> list[str]:
    """Properties of a program that has to be equal in the server: the interpreter, the mlinfra, and some variables."""
    package = importlib.util.find_spec("mlinfra")
    variables = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith(_OF_THE_PROCESS)]
    return [sys.executable, str(package and package.origin), *variables]


class _Fork:
    """The part of the server that a request is executed in."""

    def __init__(self, request: dict[str, Any], files: list[int]) -> None:
        self._request = request
        self._files = files

    def run(self) -> int:
        """Execute main.py. Returns 0 if it ended without an error and node has executed all requests."""
        import jsii

        for number, file in enumerate(self._files):
            os.dup2(file, number)
        os.chdir(self._request["folder"])
        os.environ.clear()
        os.environ.update(self._request["variables"])
        sys.path[:] = [self._request["folder"], *self._request["path"]]
        sys.argv = sys.orig_argv = ["main.py"]
        known = set(sys.modules)
        try:
            runpy.run_path("main.py", run_name="__main__")
        except SystemExit as ended:
            if ended.code not in (None, 0):
                return 1
        sys.stdout.flush()
        sys.stderr.flush()
        jsii.stats()  # type: ignore[no-untyped-call]  # waits for all earlier requests
        loaded = [each for each in sys.modules if each not in known and each.startswith(("mlinfra.", "cdkt"))]
        Path(self._request["loaded"]).write_text("\n".join(loaded), encoding="utf-8")
        return 0


class Server:
    """Executes requests in turn, each in a fork."""

    def __init__(self, listening: socket.socket, folder: Path) -> None:
        self._listening = listening
        self._loaded = folder / "loaded"
        self._settings = settings()

    def serve(self) -> None:
        """Serve until standard input ends, or until node has to start again."""
        for _ in range(_RUNS):
            ready, _, _ = select.select([self._listening, sys.stdin], [], [])
            if sys.stdin in ready:
                sys.exit()
            if not self._answer():
                return

    def _answer(self) -> bool:
        """Answer one request. Returns False if a fork failed."""
        connection, _ = self._listening.accept()
        with connection:
            text, files, _, _ = socket.recv_fds(connection, 1 << 20, _FILES)
            while not text.endswith(b"\n") and (part := connection.recv(1 << 20)):
                text += part
            # A program that was killed has not sent its whole request.
            request = json.loads(text) if text.endswith(b"\n") else {"settings": None}
            request["loaded"] = str(self._loaded)
            status = 1
            equal = request["settings"] == self._settings
            if equal:
                status = self._forked(request, files)
            for each in files:
                os.close(each)
            with contextlib.suppress(OSError):  # of a program that was killed
                connection.sendall(b"done\n" if status == 0 else b"failed\n")
        if equal and status == 0:
            for each in self._loaded.read_text(encoding="utf-8").split():
                importlib.import_module(each)  # before the next fork
        return status == 0 or not equal

    def _forked(self, request: dict[str, Any], files: list[int]) -> int:
        process = os.fork()
        if process == 0:
            status = 1
            try:
                status = _Fork(request, files).run()
            finally:
                os._exit(status)
        return os.waitpid(process, 0)[1]


def main() -> None:
    """Serve, and start again if a fork failed."""
    path = Path(sys.argv[1])
    if path.exists():
        listening = socket.socket(fileno=int(os.environ.pop("MLINFRA_TEST_LISTENING")))
    else:
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(str(path))
        listening.listen(64)
    for each in ("mlinfra.app", "mlinfra.platform"):
        importlib.import_module(each)
    # Writes the package of functions, which this process removes at its end. A fork would not.
    importlib.import_module("mlinfra.constructs.parts.function_package").modules()
    Server(listening, path.parent).serve()
    atexit._run_exitfuncs()  # noqa: SLF001  ends node
    os.set_inheritable(listening.fileno(), True)  # noqa: FBT003
    os.environ["MLINFRA_TEST_LISTENING"] = str(listening.fileno())
    os.execv(sys.executable, [sys.executable, "-m", "synthesis_server", str(path)])  # noqa: S606


if __name__ == "__main__":
    main()
