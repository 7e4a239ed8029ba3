"""Requests on lasting connections, to an application that answers as services of moto do."""

from __future__ import annotations

import socket
import threading
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from mlinfra.local_aws.connections import LastingConnections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


def _application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    request = Request(environ)
    if request.path == "/error":
        message = "a defect"
        raise ValueError(message)
    if request.path == "/parts":
        start("200 OK", [("Content-Type", "text/plain")])
        return iter([b"one ", b"two"])
    if request.path == "/shorter":
        start("200 OK", [("Content-Length", "1000")])
        return [b"short"]
    if request.path == "/none":
        return Response(status=204)(environ, start)
    if request.path == "/unread":
        return Response("not read")(environ, start)
    return Response(f"{request.method} {request.get_data().decode()}")(environ, start)


@pytest.fixture
def connection() -> Iterator[HTTPConnection]:
    server = make_server("127.0.0.1", 0, _application, threaded=True, request_handler=LastingConnections)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    client = HTTPConnection("127.0.0.1", server.port, timeout=30)
    client.connect()
    yield client
    client.close()
    server.shutdown()
    thread.join()


def ask(connection: HTTPConnection, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
    connection.request(method, path, body, headers, encode_chunked=True)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_a_connection_serves_all_kinds_of_requests(connection: HTTPConnection) -> None:
    own = connection.sock
    assert ask(connection, "POST", "/", b"first") == (200, "POST first")
    assert ask(connection, "GET", "/parts") == (200, "one two")
    assert ask(connection, "GET", "/shorter") == (200, "short")
    assert ask(connection, "HEAD", "/shorter") == (200, "")
    assert ask(connection, "DELETE", "/none") == (204, "")
    # The next request begins after a body that the application has not read.
    assert ask(connection, "PUT", "/unread", b"x" * 100_000) == (200, "not read")
    assert ask(connection, "PUT", "/", iter([b"in ", b"chunks"]), **{"Transfer-Encoding": "chunked"}) == (
        200,
        "PUT in chunks",
    )
    assert ask(connection, "GET", "/") == (200, "GET ")
    assert connection.sock is own


def test_an_error_is_logged_and_answered(connection: HTTPConnection, caplog: pytest.LogCaptureFixture) -> None:
    own = connection.sock
    status, text = ask(connection, "GET", "/error")
    assert (status, "Internal Server Error" in text) == (500, True)
    assert "ValueError: a defect" in caplog.text
    assert ask(connection, "GET", "/") == (200, "GET ")
    assert connection.sock is own


def test_a_connection_is_closed_if_the_client_wishes(connection: HTTPConnection) -> None:
    assert ask(connection, "GET", "/", Connection="close") == (200, "GET ")
    assert connection.sock is None


@pytest.mark.parametrize("part", ["Content-Length: 5\r\n\r\nab", "Transfer-Encoding: chunked\r\n\r\n5\r\nab"])
def test_a_part_of_a_request_is_not_executed(
    connection: HTTPConnection, capsys: pytest.CaptureFixture[str], part: str
) -> None:
    assert connection.sock is not None
    with socket.create_connection(connection.sock.getpeername()) as other:
        other.sendall(f"PUT / HTTP/1.1\r\nHost: x\r\n{part}".encode())
        other.shutdown(socket.SHUT_WR)
        assert other.recv(100) == b""
    assert ask(connection, "GET", "/") == (200, "GET ")
    logged = capsys.readouterr().err.splitlines()
    assert [each.partition('"')[2] for each in logged] == ['GET / HTTP/1.1" 200 -']
