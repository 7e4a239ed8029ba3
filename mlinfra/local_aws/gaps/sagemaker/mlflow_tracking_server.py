"""Gap: MLflow tracking servers of SageMaker, which moto lacks.

A server is created, updated, started and stopped, with a transitional status for each operation. Source:
SageMaker API reference, CreateMlflowTrackingServer, DescribeMlflowTrackingServer, UpdateMlflowTrackingServer,
StartMlflowTrackingServer, StopMlflowTrackingServer, DeleteMlflowTrackingServer, ListMlflowTrackingServers,
read 2026-11-24.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.sagemaker.responses import SageMakerResponse

from mlinfra.local_aws.mechanisms.sagemaker_resources import ResourceKind, States, answer_operation, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.sagemaker.models import SageMakerModelBackend

_DEFAULTS = {
    "AutomaticModelRegistration": False,
    "MlflowVersion": "2.16.2",
    "TrackingServerSize": "Small",
    "WeeklyMaintenanceWindowStart": "Tue:03:30",
}


class MlflowTrackingServers(ResourceKind):
    """The tracking servers of an account and region."""

    name = "MlflowTrackingServer"
    key = ("TrackingServerName",)
    arn_type = "mlflow-tracking-server"
    arn_member = "TrackingServerArn"
    summaries = "TrackingServerSummaries"
    status = "TrackingServerStatus"
    states = States(creating="Creating", created="Created", updating="Updating", updated="Updated")
    order = "Descending"

    def completed(self, backend: SageMakerModelBackend, request: Mapping[str, Any], arn: str) -> dict[str, Any]:
        """The defaults of AWS and the address of the server."""
        del arn
        address = f"https://t-{uuid.uuid4().hex[:12]}.{backend.region_name}.experiments.sagemaker.aws"
        return {**_DEFAULTS, **request, "IsActive": "Active", "TrackingServerUrl": address}

    def start(self, response: SageMakerResponse) -> ActionResult:
        """Start a stopped server."""
        return self._switch(response, ("Starting", "Started"), wanted="Inactive", then="Active")

    def stop(self, response: SageMakerResponse) -> ActionResult:
        """Stop a running server."""
        return self._switch(response, ("Stopping", "Stopped"), wanted="Active", then="Inactive")

    def _switch(
        self, response: SageMakerResponse, statuses: tuple[str, str], *, wanted: str, then: str
    ) -> ActionResult:
        server = self.find(response, response.params)
        if server.description["IsActive"] != wanted:
            message = f"Tracking server {server.arn} is not {wanted}: it is {server.description['IsActive']}."
            raise refusal(response, "ConflictException", message)
        server.description["IsActive"] = then
        self.move(server, *statuses)
        return ActionResult({"TrackingServerArn": server.arn})


MLFLOW_TRACKING_SERVERS = MlflowTrackingServers()


def is_open() -> bool:
    """True if moto has no tracking servers."""
    return not hasattr(SageMakerResponse, "create_mlflow_tracking_server")


def close() -> None:
    """Close the gap: add tracking servers."""
    MLFLOW_TRACKING_SERVERS.add_to_moto()
    answer_operation("StartMlflowTrackingServer", MLFLOW_TRACKING_SERVERS.start)
    answer_operation("StopMlflowTrackingServer", MLFLOW_TRACKING_SERVERS.stop)
