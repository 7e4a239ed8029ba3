"""A proxy for running AWS providers, which gives Terraform only the schemas of the resource types that tests use.

The provider has schemas of 1,500 resource types. Terraform reads them at the start of each command, which takes longer
than the rest of a command on a small stack. The schemas and all other calls are those of the provider: the proxy copies
the bytes of a connection in both directions, except for the call of `GetSchema`, which it answers (answering_proxy.py).

Started as `python -m tests.deploy.schema_proxy FOLDER`: for each subfolder with a file `direct`, with the provider in
Terraform's format for `TF_REATTACH_PROVIDERS`, writes `reattach`, with the proxy in that format. Serves until standard
input ends. The files in `FOLDER/types` name the resource types, one per line.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from tests.deploy.answering_proxy import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

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


class _Provider:
    """A running provider."""

    schemas: Schemas | None = None
    """Of the first provider that was asked: all providers run the same executable."""
    asking = threading.Lock()

    def __init__(self, folder: Path, socket: str) -> None:
        self._folder = folder
        self._socket = socket

    def answer(self) -> bytes:
        """The answer to `GetSchema`, with the schemas of the types in use."""
        with _Provider.asking:
            _Provider.schemas = _Provider.schemas or Schemas(self._asked())
        return _Provider.schemas.of(self._types())

    def _asked(self) -> bytes:
        with grpc.insecure_channel(
            f"unix:{self._socket}", options=[("grpc.max_receive_message_length", -1)]
        ) as channel:
            answer: bytes = channel.unary_unary("/tfplugin5.Provider/GetSchema")(b"")
            return answer

    def _types(self) -> set[str] | None:
        if (self._folder / "all-types").exists():
            return None
        return {name for file in (self._folder.parent / "types").iterdir() for name in file.read_text().split()}


def main() -> None:
    """Serve the providers of all subfolders until standard input ends."""
    for direct in sorted(Path(sys.argv[1]).glob("*/direct")):
        providers = json.loads(direct.read_text())
        (provider,) = providers.values()
        socket = provider["Addr"]["String"]
        provider["Addr"]["String"] += "-proxy"
        serve(Path(provider["Addr"]["String"]), socket, "GetSchema", _Provider(direct.parent, socket).answer)
        (direct.parent / "reattach").write_text(json.dumps(providers))
    print("serving", flush=True)  # noqa: T201
    sys.stdin.read()


if __name__ == "__main__":
    main()
