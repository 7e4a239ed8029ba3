"""The endpoint's container answers as SageMaker expects."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
from serving.__main__ import make_server
from serving.predictor import InvalidRequestError, Predictor
from training.model import TwoTower

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def predictor(tmp_path: Path) -> Predictor:
    TwoTower(
        users=[[1.0, 0.0], [0.0, 1.0]],
        items=[[0.2, 0.0], [0.0, 0.3], [0.1, 0.0]],
        topics=[[1.0, 0.0], [0.0, 1.0]],
        topic_of=[0, 1, 0],
    ).save(tmp_path)
    return Predictor(tmp_path)


@pytest.fixture
def address(predictor: Predictor) -> Iterator[str]:
    with make_server(predictor, address="127.0.0.1", port=0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_items_of_the_topic_that_a_user_prefers_come_first(predictor: Predictor) -> None:
    assert predictor.answer(b'{"user": 0}') == {"items": [0, 2, 1]}
    assert predictor.answer(b'{"user": 1, "count": 1}') == {"items": [1]}
    assert predictor.answer(b'{"user": 0, "without": [0]}') == {"items": [2, 1]}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "must be a JSON object"),
        (b"[1]", "must be a JSON object"),
        (b'{"user": 2}', "user must be a whole number from 0 to 1, got 2."),
        (b'{"user": true}', "user must be a whole number"),
        (b'{"user": 0, "count": 0}', "count must be a whole number from 1 to 100, got 0."),
        (b'{"user": 0, "without": [3]}', "without must be a list of items from 0 to 2."),
    ],
)
def test_an_invalid_request_is_refused_with_the_reason(predictor: Predictor, body: bytes, message: str) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        predictor.answer(body)


def test_the_container_answers_health_checks_and_invocations(address: str) -> None:
    with urllib.request.urlopen(f"{address}/ping") as answer:
        assert answer.status == 200
    with urllib.request.urlopen(f"{address}/invocations", data=b'{"user": 1}') as answer:
        assert json.load(answer) == {"items": [1, 0, 2]}


def test_the_container_answers_invalid_requests_with_400(address: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}/invocations", data=b"{}")
    assert refused.value.code == 400
    assert "user must be" in json.load(refused.value)["error"]
