"""The report on a local address."""

from __future__ import annotations

import http.client
import json
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.report.serving import Reports, serve_reports

if TYPE_CHECKING:
    from collections.abc import Iterator


class Collection:
    """Counts its calls; each report has its number as the time of creation. `hold` makes it wait."""

    def __init__(self) -> None:
        self.count = 0
        self.problem = ""
        self.hold = threading.Event()
        self.hold.set()

    def __call__(self) -> dict[str, Any]:
        self.hold.wait(10)
        if self.problem:
            raise OperationError(self.problem)
        self.count += 1
        return {"project": "recsys", "created": str(self.count), "environments": [], "sections": {}}


@pytest.fixture
def collection() -> Collection:
    return Collection()


@pytest.fixture
def address(collection: Collection) -> Iterator[str]:
    with serve_reports(Reports(collection)) as served:
        yield served


def answer(address: str, method: str = "GET", path: str = "/", **headers: str) -> tuple[int, str, dict[str, str]]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    return response.status, response.read().decode(), dict(response.getheaders())


def refresh(address: str) -> int:
    return answer(address, "POST", "/refresh", X_Mlinfra="refresh")[0]


def state_when(address: str, **expected: object) -> dict[str, Any]:
    """The state, as soon as it has the expected values."""
    end = time.monotonic() + 10
    while True:
        state: dict[str, Any] = json.loads(answer(address, path="/state")[1])
        if expected.items() <= state.items() or time.monotonic() > end:
            return state
        time.sleep(0.02)


def test_the_page_is_served_on_this_machine_only(address: str) -> None:
    status, text, headers = answer(address)
    assert status == 200
    assert address.startswith("http://127.0.0.1:")
    assert '"refresh":true' in text
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Frame-Options"] == "DENY"


def test_a_refresh_collects_a_new_report(address: str) -> None:
    assert state_when(address, created="1") == {"created": "1", "collecting": False, "problem": ""}
    assert refresh(address) == 202
    assert state_when(address, created="2", collecting=False)["created"] == "2"
    assert '"created":"2"' in answer(address)[1]


def test_one_report_is_collected_at_a_time(address: str, collection: Collection) -> None:
    collection.hold.clear()
    refresh(address)
    refresh(address)
    assert state_when(address, collecting=True) == {"created": "1", "collecting": True, "problem": ""}
    collection.hold.set()
    assert state_when(address, created="2", collecting=False)["created"] == "2"
    assert collection.count == 2


def test_a_failed_refresh_keeps_the_report_and_names_the_problem(address: str, collection: Collection) -> None:
    collection.problem = "Your AWS login has expired."
    refresh(address)
    expected = {"created": "1", "collecting": False, "problem": "Your AWS login has expired."}
    assert state_when(address, **expected) == expected
    collection.problem = ""
    refresh(address)
    assert state_when(address, created="2", problem="")["problem"] == ""


def test_an_old_report_is_collected_again_while_a_page_is_open(collection: Collection) -> None:
    with serve_reports(Reports(collection, seconds=0.0)) as address:
        assert state_when(address, created="2")["created"] >= "2"


def test_other_host_names_are_refused(address: str) -> None:
    assert answer(address, Host="evil.example.com")[0] == 403
    assert answer(address, path="/state", Host="evil.example.com")[0] == 403
    assert answer(address, "POST", "/refresh", Host="evil.example.com", X_Mlinfra="refresh")[0] == 403
    assert answer(address, Host=urlsplit(address).netloc.replace("127.0.0.1", "localhost"))[0] == 200


def test_other_web_pages_cannot_start_a_refresh(address: str, collection: Collection) -> None:
    assert answer(address, "POST", "/refresh")[0] == 403
    assert collection.count == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_paths_do_not_exist(address: str, method: str) -> None:
    assert answer(address, method, "/etc/passwd", X_Mlinfra="refresh")[0] == 404


def test_a_port_in_use_is_named(address: str) -> None:
    port = urlsplit(address).port or 0
    with (
        pytest.raises(OperationError, match=rf"cannot be served on port {port}: .* Choose another with --port\."),
        serve_reports(Reports(Collection()), port=port),
    ):
        pass
