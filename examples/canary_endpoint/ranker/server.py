"""The web server of the container, as SageMaker calls it: `GET /ping` and `POST /invocations` on port 8080.

Source: SageMaker developer guide, "Custom Inference Code with Hosting Services", read 2026-11-30.
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from ranker.model import InvalidRequestError

if TYPE_CHECKING:
    from ranker.model import Ranker

LARGEST = 6 * 1024 * 1024
"""SageMaker's limit of a request, in bytes."""


def make_server(ranker: Ranker, *, address: str = "", port: int = 8080) -> ThreadingHTTPServer:
    """A server of `ranker`.

    Args:
        ranker: the loaded model.
        address: the address to listen on. Default: all of the container.
        port: the port. Default: 8080.
    """

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def do_GET(self) -> None:
            """Answer the health check."""
            self._answer(200 if self.path == "/ping" else 404, {})

        def do_POST(self) -> None:
            """Answer an invocation. An answer of 400 counts as an error of the caller, of 500 as one of the model."""
            length = int(self.headers.get("Content-Length") or 0)
            if self.path != "/invocations" or length > LARGEST:
                self._answer(404 if self.path != "/invocations" else 413, {})
                return
            try:
                self._answer(200, ranker.answer(self.rfile.read(length)))
            except InvalidRequestError as error:
                self._answer(400, {"error": str(error)})

        def _answer(self, status: int, content: object) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, *_: object) -> None:
            """Write no line for a request: CloudWatch counts them."""

    return ThreadingHTTPServer((address, port), Handler)
