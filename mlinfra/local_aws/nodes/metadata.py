"""The instance metadata service of a node (IMDSv2), on its loopback address, and the endpoint of its commands.

IMDSv1 is refused, as the launch templates of clusters require. Source: EC2 user guide, "Use the Instance Metadata
Service to access instance metadata" and "Instance metadata categories", read 2026-11-29.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Facts = Callable[[str], str | None]
    """The value of a metadata path such as `meta-data/instance-id`. None: there is none."""
    Commands = Callable[[str, Mapping[str, Any]], Mapping[str, object]]
    """Answers a command of the node: its name and the request."""

_TTL: Final = "X-aws-ec2-metadata-token-ttl-seconds"
_TOKEN: Final = "X-aws-ec2-metadata-token"  # noqa: S105  the name of a header
_LONGEST_TTL: Final = 21_600
COMMANDS_PATH: Final = "/local-aws/"


class MetadataService:
    """The service of one node."""

    def __init__(self, address: str, facts: Facts, commands: Commands) -> None:
        """Listen on a free port of `address`.

        Args:
            address: the loopback address of the node.
            facts: returns the metadata.
            commands: answers the commands.
        """
        self.address = address
        self._tokens: dict[str, float] = {}
        members = {"service": self, "facts": staticmethod(facts), "commands": staticmethod(commands)}
        handler = type("Handler", (_Handler,), members)
        self._server = ThreadingHTTPServer((address, 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 5}, daemon=True).start()

    @property
    def port(self) -> int:
        """The port."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The value of AWS_EC2_METADATA_SERVICE_ENDPOINT."""
        return f"http://{self.address}:{self.port}"

    def close(self) -> None:
        """Stop answering."""
        threading.Thread(target=self._server.shutdown, daemon=True).start()
        self._server.server_close()

    def new_token(self, seconds: int) -> str:
        """A token for requests, valid for `seconds`."""
        token = secrets.token_urlsafe(40)
        self._tokens[token] = time.monotonic() + seconds
        return token

    def is_valid(self, token: str | None) -> bool:
        """True if the token was given out and has not expired."""
        return self._tokens.get(token or "", 0.0) > time.monotonic()


class _Handler(BaseHTTPRequestHandler):
    service: MetadataService
    facts: Facts
    commands: Commands

    def do_PUT(self) -> None:
        """Answer a request for a token."""
        if self.path != "/latest/api/token":
            self._answer(HTTPStatus.NOT_FOUND)
        elif self.headers.get("X-Forwarded-For"):
            self._answer(HTTPStatus.FORBIDDEN)
        else:
            seconds = self.headers.get(_TTL, "")
            if seconds.isdigit() and 1 <= int(seconds) <= _LONGEST_TTL:
                self._answer(HTTPStatus.OK, self.service.new_token(int(seconds)), ttl=seconds)
            else:
                self._answer(HTTPStatus.BAD_REQUEST)

    def do_GET(self) -> None:
        """Answer a request for metadata."""
        if not self.service.is_valid(self.headers.get(_TOKEN)):
            self._answer(HTTPStatus.UNAUTHORIZED)
            return
        found = self.facts(self.path.partition("?")[0].removeprefix("/latest/"))
        if found is None:
            self._answer(HTTPStatus.NOT_FOUND)
        else:
            self._answer(HTTPStatus.OK, found)

    def do_POST(self) -> None:
        """Answer a command of the node."""
        if not self.path.startswith(COMMANDS_PATH):
            self._answer(HTTPStatus.METHOD_NOT_ALLOWED)
            return
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = self.commands(self.path.removeprefix(COMMANDS_PATH), request)
        self._answer(HTTPStatus.OK, json.dumps(answer))

    def _answer(self, status: HTTPStatus, text: str = "", *, ttl: str | None = None) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        if ttl:
            self.send_header(_TTL, ttl)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Log nothing: each node asks a few times a minute."""
