"""Servers of tests, and the part of GitLab's API that comments on a merge request use."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator


class Notes(BaseHTTPRequestHandler):
    """As much of GitLab's API as notes of one merge request need."""

    notes: ClassVar[list[dict[str, Any]]] = []
    tokens: ClassVar[set[str | None]] = set()
    scopes: ClassVar[list[str]] = ["api"]
    access_level: ClassVar[int] = 20

    def do_GET(self) -> None:
        if self.path.endswith("/personal_access_tokens/self"):
            self._answer({"user_id": 5, "scopes": self.scopes})
            return
        if self.path.endswith("/projects/7/members/all/5"):
            self._answer({"id": 5, "access_level": self.access_level})
            return
        first = "page=1" in self.path.split("&")
        self._answer(self.notes if first else [])

    def do_POST(self) -> None:
        note = {"id": len(self.notes) + 1, **self._body()}
        self.notes.append(note)
        self._answer(note)

    def do_PUT(self) -> None:
        (note,) = (each for each in self.notes if self.path.endswith(f"/notes/{each['id']}"))
        note.update(self._body())
        self._answer(note)

    def _body(self) -> dict[str, Any]:
        self.tokens.add(self.headers["PRIVATE-TOKEN"])
        body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return body

    def _answer(self, value: Any) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Write no log."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server on this machine, until the end of the block."""
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextmanager
def serving_notes() -> Iterator[str]:
    """The address of the API, without notes, until the end of the block."""
    Notes.notes, Notes.tokens = [], set()
    Notes.scopes, Notes.access_level = ["api"], 20
    with serving(Notes) as address:
        yield f"{address}/api/v4"
