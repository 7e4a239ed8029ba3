"""A server of AWS's Price List API and its files, which serves recorded offer files."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

OFFERS = Path(__file__).parent / "offers"
ARN = "arn:aws:pricing:::price-list/aws/{code}/USD/20261120004501/{region}"


@dataclass
class PriceLists:
    """The state of the server."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    """The content of the files by service; changed by tests."""
    truncated: int = 0
    """The number of downloads that end early."""
    requests: list[str] = field(default_factory=list)
    """The operations and paths of all requests."""
    denied: bool = False


@pytest.fixture
def price_lists(monkeypatch: pytest.MonkeyPatch) -> Iterator[PriceLists]:
    """The server, which boto3 uses as the endpoint of `pricing`."""
    state = PriceLists(files={each.stem: each.read_bytes() for each in OFFERS.glob("*.csv")})

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.requests.append(operation)
            if state.denied:
                refusal = {"__type": "AccessDeniedException", "message": "not authorized to perform: pricing"}
                return self.answer(400, json.dumps(refusal).encode())
            if operation == "ListPriceLists":
                known = given["ServiceCode"] in state.files and given["RegionCode"] == "eu-central-1"
                arn = ARN.format(code=given["ServiceCode"], region=given["RegionCode"])
                lists = [{"PriceListArn": arn, "CurrencyCode": "USD", "FileFormats": ["csv", "json"]}] if known else []
                return self.answer(200, json.dumps({"PriceLists": lists}).encode())
            code = given["PriceListArn"].split("/")[2]
            return self.answer(200, json.dumps({"Url": f"{state.address}/signed/{code}.csv"}).encode())

        def do_GET(self) -> None:
            state.requests.append(self.path)
            parts = self.path.strip("/").removesuffix(".csv").split("/")
            code = parts[1] if parts[0] == "signed" else parts[0]
            if code not in state.files:
                return self.answer(404, b"")
            if state.truncated:
                state.truncated -= 1
                return self.answer(200, state.files[code], sent=len(state.files[code]) // 2)
            return self.answer(200, state.files[code])

        def answer(self, status: int, body: bytes, *, sent: int | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:sent])

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", state.address)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
        yield state
        server.shutdown()
        thread.join()
