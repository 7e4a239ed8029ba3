"""The web server of the container, as SageMaker calls it: `GET /ping` and `POST /invocations` on port 8080.

Source: SageMaker developer guide, "Custom Inference Code with Hosting Services", read 2026-11-30.
"""

from __future__ import annotations

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from serving.predictor import InvalidRequestError, Predictor

_FOLDER = Path("/opt/ml/model")
_PORT = 8080
_LARGEST = 6 * 1024 * 1024
"""SageMaker's limit of a request, in bytes."""


def make_server(predictor: Predictor, *, address: str = "", port: int = _PORT) -> ThreadingHTTPServer:
    """A server of `predictor`.

    Args:
        predictor: the loaded model.
        address: the address to listen on. Default: all of the container.
        port: the port. Default: 8080.
    """

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def do_GET(self) -> None:
            """Answer the health check."""
            self._answer(200 if self.path == "/ping" else 404, {})

        def do_POST(self) -> None:
            """Answer an invocation."""
            length = int(self.headers.get("Content-Length") or 0)
            if self.path != "/invocations" or length > _LARGEST:
                self._answer(404 if self.path != "/invocations" else 413, {})
                return
            try:
                self._answer(200, predictor.answer(self.rfile.read(length)))
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


def main() -> None:
    """Serve the model in /opt/ml/model, or in MODEL_FOLDER."""
    predictor = Predictor(Path(os.environ.get("MODEL_FOLDER", _FOLDER)))
    with make_server(predictor) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
