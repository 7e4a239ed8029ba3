"""Links between runs and MLflow."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import Tracking
from mlinfra.errors import OperationError
from mlinfra.operations.aws import account_of
from mlinfra.operations.runs.tracking import (
    open_tracking,
    tracked_runs,
    tracking_server,
    tracking_variables,
    without_tracking,
)
from tests.unit.operations.runs.recorded import ENVIRONMENT, RUN_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = ENVIRONMENT.model_copy(update={"tracking": Tracking()})
(EXPERIMENT,) = HERE.experiments
ARN = "arn:aws:sagemaker:us-east-1:123456789012:mlflow-tracking-server/recsys-dev-tracking"


class _Server(BaseHTTPRequestHandler):
    """A stand-in for MLflow's REST API, which the local AWS does not have."""

    requests: list[tuple[str, dict[str, str], dict[str, Any]]]
    status = 200

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        answer: dict[str, Any] = {"experiments": [{"experiment_id": "3"}]}
        if self.path.endswith("runs/search"):
            info = {"run_id": "ab12", "experiment_id": "3", "run_name": "calm-owl", "status": "FINISHED"}
            answer = {"runs": [{"info": info, "data": {"metrics": [{"key": "loss", "value": 0.25, "step": 9}]}}]}
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, client: Callable[..., Any]) -> Iterator[type[_Server]]:
    del client

    class Handler(_Server):
        requests: list[tuple[str, dict[str, str], dict[str, Any]]] = []  # noqa: RUF012

    http = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT", f"http://127.0.0.1:{http.server_port}")
    yield Handler
    http.shutdown()
    thread.join()
    http.server_close()


def test_the_command_gets_the_server_the_experiment_and_a_tag() -> None:
    assert tracking_variables(HERE, EXPERIMENT, RUN_ID) == {
        "MLFLOW_TRACKING_URI": ARN,
        "MLFLOW_EXPERIMENT_NAME": "two-tower-v2",
        "MLFLOW_RUN_CONTEXT": f'{{"mlinfra.run": "{RUN_ID}"}}',
    }


def test_without_a_tracking_server_there_are_no_variables() -> None:
    assert tracking_server(ENVIRONMENT) is None
    assert tracking_variables(ENVIRONMENT, EXPERIMENT, RUN_ID) == {}


def test_declared_variables_take_precedence() -> None:
    declared = EXPERIMENT.model_copy(update={"variables": {"MLFLOW_TRACKING_URI": "file:./mlruns"}})
    assert "MLFLOW_TRACKING_URI" not in tracking_variables(HERE, declared, RUN_ID)


def test_a_reproduced_run_is_not_linked_to_the_record_of_the_first() -> None:
    variables = tracking_variables(HERE, EXPERIMENT, RUN_ID) | {"SEED": "7"}
    assert without_tracking(variables) == {"SEED": "7"}
    own = {"MLFLOW_TRACKING_URI": "file:./mlruns", "SEED": "7"}
    assert without_tracking(own) == own


def test_runs_in_mlflow_are_found_by_their_tag(server: type[_Server]) -> None:
    (found,) = tracked_runs(account_of(HERE), HERE, RUN_ID)
    assert (found.run_id, found.experiment_id, found.status, found.metrics) == ("ab12", "3", "FINISHED", {"loss": 0.25})
    path, headers, body = server.requests[-1]
    assert path == "/api/2.0/mlflow/runs/search"
    assert body["filter"] == f"tags.`mlinfra.run` = '{RUN_ID}'"
    assert headers["x-mlflow-sm-tracking-server-arn"] == ARN
    assert "/us-east-1/sagemaker-mlflow/aws4_request" in headers["authorization"]
    assert "x-mlflow-sm-tracking-server-arn" in headers["authorization"]


def test_a_refusal_of_the_server_is_an_error(server: type[_Server]) -> None:
    server.status = 403
    with pytest.raises(OperationError, match=r"The tracking server refused experiments/search \(HTTP 403\)"):
        tracked_runs(account_of(HERE), HERE, RUN_ID)


def test_a_local_aws_has_no_mlflow(client: Callable[..., Any]) -> None:
    del client
    assert tracked_runs(account_of(HERE), HERE, RUN_ID) == ()


def test_without_a_tracking_server_there_is_nothing_to_open(client: Callable[..., Any]) -> None:
    del client
    with pytest.raises(OperationError, match=r"'dev' has no tracking server. Expected: tracking=Tracking\(\)"):
        open_tracking(account_of(ENVIRONMENT), ENVIRONMENT)
