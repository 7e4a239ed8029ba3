"""The report on a local address, with a refresh of its data."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from mlinfra.errors import DeclarationError, OperationError
from mlinfra.operations.report.page import page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ADDRESS: Final = "127.0.0.1"
_SECURITY: Final = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Reports:
    """The latest report. A new one is collected in a thread, one at a time."""

    def __init__(self, collect: Callable[[], dict[str, Any]], *, seconds: float = 600) -> None:
        """Collect the first report.

        Args:
            collect: collects the data of a report.
            seconds: the age at which a report is collected again while a page is open. Default: 600.
        """
        self._collect = collect
        self._seconds = seconds
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._data = collect()
        self._at = time.monotonic()
        self._problem = ""

    @property
    def page(self) -> str:
        """The latest report as HTML."""
        return page(self._data | {"refresh": True})

    def state(self) -> dict[str, Any]:
        """The time of the latest report, and the state of the collection. Starts one if the report is old."""
        if not self._problem and time.monotonic() - self._at > self._seconds:
            self.refresh()
        collecting = self._thread is not None and self._thread.is_alive()
        return {"created": self._data["created"], "collecting": collecting, "problem": self._problem}

    def refresh(self) -> None:
        """Start to collect a new report, unless one is being collected."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._problem = ""
                self._thread = threading.Thread(target=self._renew, daemon=True)
                self._thread.start()

    def _renew(self) -> None:
        try:
            self._data = self._collect()
        except (OperationError, DeclarationError) as error:
            self._problem = str(error)
        finally:
            self._at = time.monotonic()


@contextmanager
def serve_reports(reports: Reports, *, port: int = 0) -> Iterator[str]:
    """Serve the latest report on this machine only. Yields the address of the page.

    Requests with another host name are refused, so that no web page can read the report by DNS rebinding; a refresh
    requires a header that other web pages cannot set.

    Args:
        reports: the reports.
        port: the port. Default: 0, any free port.

    Raises:
        OperationError: if the port is in use.
    """
    try:
        server = _Server(reports, port)
    except OSError as error:
        message = f"The report cannot be served on port {port}: {error.strerror}. Choose another with --port."
        raise OperationError(message) from error
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://{ADDRESS}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, reports: Reports, port: int) -> None:
        self.reports = reports
        super().__init__((ADDRESS, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Send the page or the state."""
        if not self._is_local():
            self._send(HTTPStatus.FORBIDDEN)
        elif self.path == "/":
            self._send(HTTPStatus.OK, self.server.reports.page, "text/html; charset=utf-8")
        elif self.path == "/state":
            self._send(HTTPStatus.OK, json.dumps(self.server.reports.state()), "application/json")
        else:
            self._send(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """Start a refresh."""
        if not self._is_local() or self.headers.get("X-Mlinfra") != "refresh":
            self._send(HTTPStatus.FORBIDDEN)
        elif self.path == "/refresh":
            self.server.reports.refresh()
            self._send(HTTPStatus.ACCEPTED)
        else:
            self._send(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name in the base class
        """Write no log."""

    def _is_local(self) -> bool:
        port = self.server.server_port
        return self.headers.get("Host") in {f"{ADDRESS}:{port}", f"localhost:{port}"}

    def _send(self, status: HTTPStatus, text: str = "", kind: str = "text/plain") -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in _SECURITY.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
