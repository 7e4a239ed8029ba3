"""Links between runs and the environment's MLflow tracking server.

The command gets the address of the server and a tag with the id of the run, which MLflow's client adds to every run
that it creates. So nothing is created in MLflow for commands that do not use it, and all that a command logs is found
by the tag. Sources, read 2026-11-30: MLflow's `mlflow.tracking.context.system_environment_context` (tags in the
variable MLFLOW_RUN_CONTEXT); AWS's MLflow plugin, github.com/aws/sagemaker-mlflow (endpoint, header, signature);
MLflow REST API, "Search Experiments" and "Search Runs".
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

from mlinfra.errors import OperationError
from mlinfra.operations.aws import aws_errors_explained
from mlinfra.operations.json_objects import json_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.declarations import Environment, Experiment
    from mlinfra.operations.aws import AwsAccount

RUN_TAG: Final = "mlinfra.run"
_CONTEXT: Final = "MLFLOW_RUN_CONTEXT"
_SERVER: Final = "MLFLOW_TRACKING_URI"
_EXPERIMENT: Final = "MLFLOW_EXPERIMENT_NAME"
_CUSTOM_ENDPOINT: Final = "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT"
"""The variable in which AWS's plugin reads another endpoint."""
_SECONDS: Final = 15
_MOST_EXPERIMENTS: Final = 1000
_MOST_RUNS: Final = 100
_URL_SECONDS: Final = 300
"""The longest validity of a URL for the MLflow UI, which can be used once (SageMaker API reference,
CreatePresignedMlflowTrackingServerUrl, read 2026-11-30)."""


@dataclass(frozen=True)
class TrackedRun:
    """A run in MLflow."""

    run_id: str
    """Its id in MLflow."""
    experiment_id: str
    name: str
    status: str
    """Its status in MLflow, such as `FINISHED`."""
    metrics: Mapping[str, float]
    """The last value of each metric."""


def tracking_server(environment: Environment) -> str | None:
    """The ARN of the tracking server, which is the tracking URI of MLflow's client. None: there is none."""
    if environment.tracking is None:
        return None
    names = environment.names
    return f"arn:aws:sagemaker:{names.region}:{names.account_id}:mlflow-tracking-server/{names.tracking_server}"


def tracking_variables(environment: Environment, experiment: Experiment | None, run_id: str) -> dict[str, str]:
    """The variables by which MLflow's client logs to the tracking server. Empty: there is none.

    Args:
        environment: the environment.
        experiment: its experiment; variables that it declares take precedence. None: the run is in a queue.
        run_id: the id of the run.
    """
    server = tracking_server(environment)
    if server is None:
        return {}
    variables = {_SERVER: server, _CONTEXT: json.dumps({RUN_TAG: run_id})}
    if experiment is not None:
        variables[_EXPERIMENT] = experiment.name
    declared = experiment.variables if experiment is not None else {}
    return {name: value for name, value in variables.items() if name not in declared}


def without_tracking(variables: Mapping[str, str]) -> dict[str, str]:
    """Variables without those of `tracking_variables`, which would link another run to the same record."""
    is_ours = RUN_TAG in variables.get(_CONTEXT, "")
    names = {_SERVER, _CONTEXT, _EXPERIMENT} if is_ours else set()
    return {name: value for name, value in variables.items() if name not in names}


def tracked_runs(account: AwsAccount, environment: Environment, run_id: str) -> tuple[TrackedRun, ...]:
    """The runs in MLflow that the command of a run created. Empty: there is no tracking server.

    Raises:
        OperationError: if the tracking server cannot be reached or refuses.
    """
    server = tracking_server(environment)
    # A local AWS has no MLflow.
    if server is None or (environment.emulated and _CUSTOM_ENDPOINT not in os.environ):
        return ()
    found = _post(account, server, environment.region, "experiments/search", {"max_results": _MOST_EXPERIMENTS})
    ids = [str(each["experiment_id"]) for each in found.get("experiments", ())]
    if not ids:
        return ()
    request = {
        "experiment_ids": ids,
        "filter": f"tags.`{RUN_TAG}` = '{run_id}'",
        "max_results": _MOST_RUNS,
    }
    runs = _post(account, server, environment.region, "runs/search", request).get("runs", ())
    return tuple(_tracked_run(each) for each in runs)


def open_tracking(account: AwsAccount, environment: Environment) -> str:
    """A URL that opens the MLflow UI once, within 5 minutes.

    Raises:
        OperationError: if there is no tracking server, or AWS refuses.
    """
    if environment.tracking is None:
        message = (
            f"The environment {environment.name!r} has no tracking server. Expected: tracking=Tracking() in its "
            f"declaration; the server is billed by the hour."
        )
        raise OperationError(message)
    with aws_errors_explained():
        answer = account.client("sagemaker").create_presigned_mlflow_tracking_server_url(
            TrackingServerName=environment.names.tracking_server, ExpiresInSeconds=_URL_SECONDS
        )
    return str(answer["AuthorizedUrl"])


def _post(account: AwsAccount, server: str, region: str, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    endpoint = os.environ.get(_CUSTOM_ENDPOINT) or f"https://{region}.experiments.sagemaker.aws"
    content = json.dumps(body).encode()
    request = AWSRequest(
        method="POST",
        url=f"{endpoint}/api/2.0/mlflow/{path}",
        data=content,
        headers={
            "Content-Type": "application/json",
            "X-Amz-Content-SHA256": hashlib.sha256(content).hexdigest(),
            "x-mlflow-sm-tracking-server-arn": server,
        },
    )
    with aws_errors_explained():
        SigV4Auth(account.session.get_credentials(), "sagemaker-mlflow", region).add_auth(request)
        response = URLLib3Session(timeout=_SECONDS).send(request.prepare())
        text = response.text
    if response.status_code != 200:  # noqa: PLR2004  HTTP
        message = f"The tracking server refused {path} (HTTP {response.status_code}): {text[:200]}"
        raise OperationError(message)
    answer = json_object(text)
    if answer is None:
        message = f"The response of the tracking server to {path} is not a JSON object."
        raise OperationError(message)
    return answer


def _tracked_run(item: Mapping[str, Any]) -> TrackedRun:
    info, data = item.get("info", {}), item.get("data", {})
    return TrackedRun(
        run_id=str(info.get("run_id", "")),
        experiment_id=str(info.get("experiment_id", "")),
        name=str(info.get("run_name", "")),
        status=str(info.get("status", "")),
        metrics={
            str(each["key"]): float(each["value"])
            for each in data.get("metrics", ())
            if "key" in each and "value" in each
        },
    )
