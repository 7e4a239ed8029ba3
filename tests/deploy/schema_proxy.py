"""A proxy for running AWS providers, which gives Terraform only the schemas of the resource types that tests use.

The provider has schemas of 1,500 resource types. Terraform reads them at the start of each command, which takes longer
than the rest of a command on a small stack. The schemas and all other calls are those of the provider.

Started as `python -m tests.deploy.schema_proxy FOLDER`: for each subfolder with a file `direct`, with the provider in
Terraform's format for `TF_REATTACH_PROVIDERS`, writes `reattach`, with the proxy in that format. Serves until standard
input ends. The files in `FOLDER/types` name the resource types, one per line.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    from collections.abc import Iterator

_CALLS = 128
"""Concurrent calls. The provider polls most resources, and a call lasts as long."""

_ANY_SIZE = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]

_RESOURCE_SCHEMAS, _DATA_SOURCE_SCHEMAS, _EPHEMERAL_SCHEMAS = 2, 3, 8
"""Fields of the answer to `GetSchema`, `GetProviderSchema.Response`, maps by type:
https://github.com/hashicorp/terraform/blob/v1.11.4/docs/plugin-protocol/tfplugin5.8.proto (2026-11)."""

_LENGTH_DELIMITED = 2
"""The wire type of strings and messages: https://protobuf.dev/programming-guides/encoding (2026-11)."""


class Schemas:
    """The provider's schemas, in the encoding of its answer."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._common: list[bytes] = []
        self._by_type: dict[str, list[bytes]] = {}
        for field, value, encoded in _fields(answer):
            if field in {_RESOURCE_SCHEMAS, _DATA_SOURCE_SCHEMAS, _EPHEMERAL_SCHEMAS}:
                name = next(key for number, key, _ in _fields(value) if number == 1).decode()
                self._by_type.setdefault(name, []).append(encoded)
            else:
                self._common.append(encoded)

    def of(self, types: set[str] | None) -> bytes:
        """The answer with the schemas of `types`; None: all."""
        if types is None:
            return self._answer
        return b"".join([*self._common, *(each for name in sorted(types) for each in self._by_type.get(name, ()))])


def _varint(encoded: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and the position after it."""
    value = shift = 0
    while True:
        byte = encoded[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:  # the last byte
            return value, at


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, value and encoding of each field. All fields that are read here have a length."""
    at = 0
    while at < len(message):
        start = at
        tag, at = _varint(message, at)
        if tag & 7 != _LENGTH_DELIMITED:
            error = f"field {tag >> 3} has wire type {tag & 7}"
            raise ValueError(error)
        length, at = _varint(message, at)
        yield tag >> 3, message[at : at + length], message[start : at + length]
        at += length


class _Forward(grpc.GenericRpcHandler):
    """Passes on each call. The streams of go-plugin, for output and callbacks, are unused and unimplemented."""

    schemas: Schemas | None = None
    """Of the first provider that was asked: all providers run the same executable."""

    def __init__(self, folder: Path, provider: grpc.Channel) -> None:
        self._folder = folder
        self._provider = provider

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        method = handler_call_details.method
        if method.startswith("/plugin."):
            return None
        call = self._provider.unary_unary(method)

        def forward(request: bytes, context: grpc.ServicerContext) -> bytes:
            if not method.endswith("/GetSchema"):
                return _forwarded(call, request, context)
            _Forward.schemas = _Forward.schemas or Schemas(_forwarded(call, request, context))
            return _Forward.schemas.of(self._types())

        return grpc.unary_unary_rpc_method_handler(forward)

    def _types(self) -> set[str] | None:
        if (self._folder / "all-types").exists():
            return None
        return {name for file in (self._folder.parent / "types").iterdir() for name in file.read_text().split()}


def _forwarded(call: Any, request: bytes, context: grpc.ServicerContext) -> bytes:
    answer = call.future(request)
    # Without this, the provider would go on with the call of a Terraform that was killed.
    context.add_callback(answer.cancel)
    try:
        result: bytes = answer.result()
    except grpc.RpcError as error:
        context.abort(error.code(), error.details())
        raise
    return result


def serve(folder: Path) -> grpc.Server:
    """Serve the provider of `folder`, and write its file `reattach`."""
    providers = json.loads((folder / "direct").read_text())
    (provider,) = providers.values()
    channel = grpc.insecure_channel(f"unix:{provider['Addr']['String']}", options=_ANY_SIZE)
    server = grpc.server(ThreadPoolExecutor(_CALLS), handlers=[_Forward(folder, channel)], options=_ANY_SIZE)
    provider["Addr"]["String"] += "-proxy"
    server.add_insecure_port(f"unix:{provider['Addr']['String']}")
    server.start()
    (folder / "reattach").write_text(json.dumps(providers))
    return server


def main() -> None:
    """Serve the providers of all subfolders."""
    folder = Path(sys.argv[1])
    servers = [serve(each.parent) for each in sorted(folder.glob("*/direct"))]
    print("serving", flush=True)  # noqa: T201
    sys.stdin.read()
    for each in servers:
        each.stop(None)


if __name__ == "__main__":
    main()
