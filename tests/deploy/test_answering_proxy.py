"""The proxy that answers the first call of a method of a gRPC server, between a real client and a real server."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc
import pytest
from hpack import Encoder

from tests.deploy import answering_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ANY_SIZE = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Echo(grpc.GenericRpcHandler):
    """Returns each request, and `Wait` when it is cancelled."""

    def __init__(self) -> None:
        self.called: list[str] = []
        self.cancelled = threading.Event()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        method = details.method

        def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
            self.called.append(method)
            if method.endswith("/Wait"):
                ended = threading.Event()
                if not context.add_callback(ended.set) or ended.wait(60):
                    self.cancelled.set()
            return request

        return grpc.unary_unary_rpc_method_handler(answer)


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Echo]:
    handler = Echo()
    server = grpc.server(ThreadPoolExecutor(4), handlers=[handler], options=_ANY_SIZE)
    server.add_insecure_port(f"unix:{tmp_path}/server")
    server.start()
    yield handler
    server.stop(None).wait()


def connected(folder: Path, answer: bytes) -> grpc.Channel:
    answering_proxy.serve(folder / "proxy", str(folder / "server"), "Known", lambda: answer)
    return grpc.insecure_channel(f"unix:{folder}/proxy", options=_ANY_SIZE)


@pytest.mark.parametrize("size", [0, 1, 70_000, 6_000_000])
def test_the_method_is_answered_and_all_others_are_those_of_the_server(tmp_path: Path, echo: Echo, size: int) -> None:
    with connected(tmp_path, b"k" * size) as channel:
        assert channel.unary_unary("/test.Service/Other")(b"before") == b"before"
        assert channel.unary_unary("/test.Service/Known")(b"") == b"k" * size
        assert channel.unary_unary("/test.Service/Other")(b"after") == b"after"
        large = b"o" * 5_000_000
        assert channel.unary_unary("/test.Service/Other")(large) == large
    assert echo.called == ["/test.Service/Other"] * 3


def test_the_server_does_not_execute_the_call_that_is_answered(tmp_path: Path, echo: Echo) -> None:
    with connected(tmp_path, b"known") as channel:
        assert channel.unary_unary("/test.Service/Known")(b"request") == b"known"
        assert channel.unary_unary("/test.Service/Other")(b"after") == b"after"
    assert echo.called == ["/test.Service/Other"]


def test_concurrent_calls_are_answered_in_any_order(tmp_path: Path, echo: Echo) -> None:
    with connected(tmp_path, b"known" * 20_000) as channel:
        waiting = channel.unary_unary("/test.Service/Wait").future(b"")
        others = [channel.unary_unary("/test.Service/Other").future(b"%d" % number) for number in range(50)]
        assert channel.unary_unary("/test.Service/Known")(b"") == b"known" * 20_000
        assert [each.result() for each in others] == [b"%d" % number for number in range(50)]
        waiting.cancel()
        assert echo.cancelled.wait(60)


def test_the_end_of_a_client_cancels_its_calls(tmp_path: Path, echo: Echo) -> None:
    channel = connected(tmp_path, b"known")
    assert channel.unary_unary("/test.Service/Known")(b"") == b"known"
    call = channel.unary_unary("/test.Service/Wait").future(b"")
    while "/test.Service/Wait" not in echo.called:
        time.sleep(0.01)
    channel.close()
    assert call.code() is grpc.StatusCode.CANCELLED
    assert echo.cancelled.wait(60)


def frame(kind: int, flags: int, stream: int, content: bytes = b"") -> bytes:
    return answering_proxy._Frame(kind, flags, stream, content).encoded()  # noqa: SLF001


def test_of_the_answered_call_the_server_gets_the_headers_and_later_settings_reach_both_sides() -> None:
    settings, acknowledged = frame(4, 0, 0), frame(4, 1, 0)
    read = answering_proxy._read  # noqa: SLF001
    client, of_client = socket.socketpair()
    server, of_server = socket.socketpair()
    for each in (client, server):
        each.settimeout(60)
    connection = answering_proxy._Connection(of_client, of_server, "Known", lambda: b"known")  # noqa: SLF001
    with ThreadPoolExecutor(1) as thread, client, server:
        copied = thread.submit(connection.copy)
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings
        client.sendall(preface)
        assert read(server, len(preface)) == preface
        server.sendall(acknowledged)
        assert read(client, len(acknowledged)) == acknowledged
        headers = frame(1, 4, 1, Encoder().encode([(":path", "/test.Service/Known")]))
        client.sendall(headers + frame(0, 1, 1))
        answer = b"".join(each.encoded() for each in answering_proxy._Answer(1, b"known").frames(100))  # noqa: SLF001
        assert read(client, len(answer)) == answer
        assert read(server, len(headers)) == headers
        client.sendall(settings)
        assert read(server, len(settings)) == settings
        server.sendall(acknowledged + b"later frames")
        assert read(client, len(acknowledged) + 12) == acknowledged + b"later frames"
        client.close()
        server.close()
        copied.result()


def test_without_a_server_the_connection_ends(tmp_path: Path) -> None:
    with connected(tmp_path, b"known") as channel, pytest.raises(grpc.RpcError):
        channel.unary_unary("/test.Service/Other")(b"", timeout=20)
