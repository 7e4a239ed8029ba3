"""The endpoint of a server through which tests list its nodes and let them fail. `faults.py` is its client."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mlinfra.local_aws.nodes.fleet import Fleet
    from mlinfra.local_aws.nodes.node import Node

    Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

PATH: Final = "/mlinfra-nodes"


class WithNodes:
    """A WSGI application that answers requests below `PATH`, and passes the others on."""

    def __init__(self, application: Application, fleet: Fleet) -> None:
        self._application = application
        self._fleet = fleet

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        path = str(environ.get("PATH_INFO", ""))
        if path != PATH and not path.startswith(f"{PATH}/"):
            return self._application(environ, start_response)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        given = json.loads(environ["wsgi.input"].read(length) or b"{}")
        status, answer = self._answer(path.removeprefix(PATH).strip("/").split("/"), given)
        body = json.dumps(answer).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]

    def _answer(self, parts: list[str], given: dict[str, Any]) -> tuple[HTTPStatus, object]:
        if parts == [""]:
            return HTTPStatus.OK, [_described(node) for node in self._fleet.all()]
        node = self._fleet.find(parts[0])
        fault = parts[1] if len(parts) > 1 else ""
        if node is None or fault not in {"kill", "interrupt", "xid"}:
            return HTTPStatus.NOT_FOUND, {"error": f"no node {parts[0]}, or no fault {fault}"}
        if fault == "kill":
            self._fleet.kill(node)
        elif fault == "interrupt":
            self._fleet.interrupt(node, float(given["seconds"]))
        else:
            node.report_xid(int(given["number"]), int(given["gpu"]))
        return HTTPStatus.OK, {}


def _described(node: Node) -> dict[str, object]:
    return {
        "instance_id": node.instance.instance_id,
        "group": node.instance.group,
        "root": str(node.root),
        "address": node.address,
        "pid": node.pid,
        "variables": node.variables(),
    }
