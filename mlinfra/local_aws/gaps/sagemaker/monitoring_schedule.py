"""Gap: SageMaker monitoring schedules, which moto lacks.

A schedule is Pending, then Scheduled; it can be stopped and started. It names a job definition or contains
one. The local AWS never runs the jobs. Source: SageMaker API reference, CreateMonitoringSchedule,
DescribeMonitoringSchedule, UpdateMonitoringSchedule, StartMonitoringSchedule, StopMonitoringSchedule,
DeleteMonitoringSchedule, ListMonitoringSchedules, MonitoringScheduleConfig, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.responses import SageMakerResponse

from mlinfra.local_aws.mechanisms.sagemaker_resources import ResourceKind, States, answer_operation, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.sagemaker.models import SageMakerModelBackend

_DEFINITIONS_BY_TYPE = {
    "DataQuality": "data_quality_job_definitions",
    "ModelQuality": "model_quality_job_definitions",
    "ModelBias": "model_bias_job_definitions",
    "ModelExplainability": "model_explainability_job_definitions",
}


class MonitoringSchedules(ResourceKind):
    """The monitoring schedules of an account and region."""

    name = "MonitoringSchedule"
    key = ("MonitoringScheduleName",)
    arn_type = "monitoring-schedule"
    summaries = "MonitoringScheduleSummaries"
    status = "MonitoringScheduleStatus"
    # A schedule is deleted immediately: no status exists for a deletion in progress.
    states = States("Pending", "Scheduled", "Pending", "Scheduled")
    order = "Descending"

    def check_creation(self, response: SageMakerResponse, request: Mapping[str, Any]) -> None:
        """Refuse a schedule whose job definition is missing, given twice, or unknown."""
        config = request["MonitoringScheduleConfig"]
        if bool(config.get("MonitoringJobDefinition")) == bool(config.get("MonitoringJobDefinitionName")):
            message = "Exactly one of MonitoringJobDefinition and MonitoringJobDefinitionName must be specified."
            raise refusal(response, "ValidationException", message)
        name, monitored = config.get("MonitoringJobDefinitionName"), config.get("MonitoringType") or "DataQuality"
        if name and name not in getattr(response.sagemaker_backend, _DEFINITIONS_BY_TYPE[monitored]):
            message = f"Could not find the {monitored} job definition {name}."
            raise refusal(response, "ResourceNotFound", message)

    def completed(self, backend: SageMakerModelBackend, request: Mapping[str, Any], arn: str) -> dict[str, Any]:
        """The members that are copied from the configuration."""
        del backend, arn
        return _read_from(request["MonitoringScheduleConfig"])

    def change(self, description: dict[str, Any], request: Mapping[str, Any]) -> None:
        """Replace the configuration."""
        config = request["MonitoringScheduleConfig"]
        description.update({"MonitoringScheduleConfig": config, **_read_from(config)})

    def delete(self, response: SageMakerResponse) -> ActionResult:
        """Delete a schedule."""
        self.find(response, response.params)
        del self.resources(response.sagemaker_backend)[self.key_of(response.params)]
        return EmptyResult()

    def start(self, response: SageMakerResponse) -> ActionResult:
        """Start a schedule."""
        self.move(self.find(response, response.params), "Pending", "Scheduled")
        return EmptyResult()

    def stop(self, response: SageMakerResponse) -> ActionResult:
        """Stop a schedule."""
        self.move(self.find(response, response.params), "Pending", "Stopped")
        return EmptyResult()


MONITORING_SCHEDULES = MonitoringSchedules()


def is_open() -> bool:
    """True if moto has no monitoring schedules."""
    return not hasattr(SageMakerResponse, "create_monitoring_schedule")


def close() -> None:
    """Close the gap: add monitoring schedules."""
    MONITORING_SCHEDULES.add_to_moto()
    answer_operation("StartMonitoringSchedule", MONITORING_SCHEDULES.start)
    answer_operation("StopMonitoringSchedule", MONITORING_SCHEDULES.stop)


def _read_from(config: Mapping[str, Any]) -> dict[str, Any]:
    description = {
        "MonitoringJobDefinitionName": config.get("MonitoringJobDefinitionName"),
        "MonitoringType": config.get("MonitoringType") or "DataQuality",
        "EndpointName": None,
    }
    for each in (config.get("MonitoringJobDefinition") or {}).get("MonitoringInputs", []):
        description["EndpointName"] = (each.get("EndpointInput") or {}).get("EndpointName")
    return description
