"""`examples/canary_endpoint`: two versions, their server and comparison, and the endpoint that serves them."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from ci.examples import EXAMPLES
from mlinfra.testing import Template
from tests.examples.programs import run, without_own_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("synthesized")

PROJECT = EXAMPLES / "canary_endpoint"
ITEMS = [
    {"id": 1, "popularity": 0.5, "fit": 0.5, "price": 0.9},
    {"id": 2, "popularity": 0.5, "fit": 0.5, "price": 0.1},
    {"id": 3, "popularity": 0.9, "fit": 0.9, "price": 0.5},
]
START = """
import os, pathlib, ranker.server
from ranker.model import Ranker
server = ranker.server.make_server(Ranker.load(pathlib.Path(os.environ["MODEL_FOLDER"])), address="127.0.0.1", port=0)
print(server.server_port, flush=True)
server.serve_forever()
"""
"""As `python -m ranker serve`, on a free port of this machine only."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both versions in `models`."""
    folder = tmp_path_factory.mktemp("canary")
    for version in ("1", "2"):
        ended = run(folder, "-m", "ranker", "train", "--version", version, PYTHONPATH=str(PROJECT))
        assert ended.returncode == 0, ended.stderr
    return folder


def replayed(trained: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(trained, "-m", "ranker", "replay", *arguments, PYTHONPATH=str(PROJECT))


@pytest.fixture(scope="module")
def address(trained: Path) -> Iterator[str]:
    """The address of the container's server, with version 2."""
    variables = without_own_settings(MODEL_FOLDER=str(trained / "models" / "2"))
    with subprocess.Popen(
        [sys.executable, "-c", START], cwd=PROJECT, env=variables, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        server.terminate()


def invoked(address: str, body: bytes) -> tuple[int, dict[str, object]]:
    try:
        with urllib.request.urlopen(f"{address}/invocations", data=body) as answer:  # noqa: S310  of this machine
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_the_server_answers_as_sagemaker_expects(address: str) -> None:
    with urllib.request.urlopen(f"{address}/ping") as answer:  # noqa: S310  of this machine
        assert answer.status == 200
    status, answer = invoked(address, json.dumps({"items": ITEMS}).encode())
    assert (status, answer) == (200, {"order": [3, 2, 1], "version": 2})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "must be a JSON object with a list of items"),
        (b'{"items": []}', "must be a JSON object with a list of items"),
        (b'{"items": [{"id": 1, "popularity": 1, "fit": 1}]}', "each item needs a number as 'price', got None."),
    ],
)
def test_an_invalid_request_is_the_callers_error(address: str, body: bytes, message: str) -> None:
    status, answer = invoked(address, body)
    assert status == 400
    assert message in str(answer["error"])


def test_a_version_that_refuses_requests_of_the_present_one_fails_the_comparison(trained: Path) -> None:
    """Version 2 needs the price, which some callers do not send yet: found before the release, in captured requests."""
    without_price = json.dumps({"items": [{key: each[key] for key in ("id", "popularity", "fit")} for each in ITEMS]})
    encoded = base64.b64encode(json.dumps({"items": ITEMS}).encode()).decode()
    captured = trained / "captured.jsonl"
    captured.write_text(
        "".join(
            json.dumps({"captureData": {"endpointInput": {"data": data, "encoding": encoding}}}) + "\n"
            for data, encoding in ((without_price, "JSON"), (encoded, "BASE64"))
        )
    )
    ended = replayed(trained, "1", "2", "--captured", str(captured))
    assert ended.returncode == 1
    assert ended.stdout.startswith("2 requests: 1 errors")
    assert "The new version refuses requests that the present one answers" in ended.stderr


def test_a_version_that_is_not_trained_is_named(tmp_path: Path) -> None:
    ended = replayed(tmp_path, "1", "2")
    assert ended.returncode == 2
    assert "version 1 is not trained. Run: python -m ranker train --version 1" in ended.stderr


def test_the_same_model_has_the_same_bytes(trained: Path, tmp_path: Path) -> None:
    run(tmp_path, "-m", "ranker", "train", "--version", "1", PYTHONPATH=str(PROJECT))
    assert (tmp_path / "models/1/model.tar.gz").read_bytes() == (trained / "models/1/model.tar.gz").read_bytes()


def test_an_update_moves_a_quarter_of_the_traffic_first_and_is_rolled_back_by_alarms(
    stacks_of: Callable[[str], Path],
) -> None:
    serving = Template.read(stacks_of("canary_endpoint") / "dev-serving")
    (endpoint,) = serving.find("aws_sagemaker_endpoint").values()
    deployment = endpoint["deployment_config"]
    routing = deployment["blue_green_update_policy"]["traffic_routing_configuration"]
    assert (routing["type"], routing["canary_size"]) == ("CANARY", {"type": "CAPACITY_PERCENT", "value": 25})
    assert len(deployment["auto_rollback_configuration"]["alarms"]) == 2
