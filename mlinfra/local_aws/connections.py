"""Connections of the local AWS, each for any number of requests, as those of AWS."""

from __future__ import annotations

import io
import sys
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.exceptions import InternalServerError

if TYPE_CHECKING:
    from collections.abc import Callable


_WITHOUT_BODY: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_OF_THE_BODY: Final = frozenset({"content-length", "transfer-encoding"})


class LastingConnections(MotoRequestHandler):
    """Reads whole requests, sends whole answers, and keeps the connection.

    Werkzeug closes the connection after each answer, so that each request of a client opens one, for which its server
    starts a thread. It also sends the head of an answer and its body separately. On a busy machine, the head can then
    arrive while the AWS SDK for Go is still sending its request: the SDK drops the connection and repeats the request,
    and a lock acquired by the first request blocks the second. Observed with Terraform 1.11.4 on 2 busy processors, a
    few times in some hundred plans; never in 1,280 plans with head and body together.
    """

    wbufsize = 1 << 16  # bytes
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write a line for a request into the log: its time, the request, and the status of the answer."""
        # Not with `logging`, as Werkzeug does: a tenth of the processor time of a small request.
        request = self.requestline.translate(self._control_char_table)
        sys.stderr.write(f'{self.address_string()} - - [{self.log_date_time_string()}] "{request}" {code} {size}\n')

    def handle_expect_100(self) -> bool:
        """Request a body immediately that the client sends only on request or after a second."""
        asked = super().handle_expect_100()
        self.wfile.flush()
        return asked

    def run_wsgi(self) -> None:
        """Answer one request."""
        self.environ = self.make_environ()
        try:
            self.environ["wsgi.input"] = io.BytesIO(self._body())
        except OSError:
            self.close_connection = True
            return
        try:
            self._send(*self._answer(self.server.app))
        except ConnectionError:
            self.close_connection = True
        except Exception:  # noqa: BLE001  any error of moto is an answer of the service
            self.server.log("error", f"Error on request:\n{traceback.format_exc()}")
            self._send(*self._answer(InternalServerError()))

    def _body(self) -> bytes:
        """The body of the request.

        Raises:
            OSError: the client has left before its end.
        """
        source = self.environ["wsgi.input"]
        if self.environ.get("wsgi.input_terminated"):
            return bytes(source.read())
        length = int(self.headers.get("Content-Length") or 0)
        body = bytes(source.read(length))
        if len(body) < length:
            message = "the client has left"
            raise ConnectionError(message)
        return body

    def _answer(self, application: Callable[..., Any]) -> tuple[str, list[tuple[str, str]], bytes]:
        """Status, headers and body."""
        head: list[tuple[str, list[tuple[str, str]]]] = []
        parts: list[bytes] = []

        def start(status: str, headers: list[tuple[str, str]], _exception: object = None) -> Callable[[bytes], None]:
            head[:] = [(status, headers)]
            return parts.append

        found = application(self.environ, start)
        try:
            parts += found
        finally:
            if hasattr(found, "close"):
                found.close()
        return *head[0], b"".join(parts)

    def _send(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        has_body = self.command != "HEAD" and int(code) not in _WITHOUT_BODY
        for name, value in headers:
            # A client would wait for the rest of a body that is shorter than the application says.
            if not has_body or name.lower() not in _OF_THE_BODY:
                self.send_header(name, value)
        if has_body:
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if has_body:
            self.wfile.write(body)
        self.wfile.flush()
