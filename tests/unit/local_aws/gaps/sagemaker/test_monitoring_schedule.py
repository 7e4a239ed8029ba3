"""SageMaker monitoring schedules."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import error_code
from tests.unit.local_aws.gaps.sagemaker.conftest import define

HOURLY = {"ScheduleExpression": "cron(0 * ? * * *)"}


def schedule(sagemaker: Any, name: str, **config: Any) -> None:
    config = {"ScheduleConfig": HOURLY, "MonitoringType": "DataQuality", **config}
    sagemaker.create_monitoring_schedule(MonitoringScheduleName=name, MonitoringScheduleConfig=config)


def test_a_schedule_is_pending_before_it_is_scheduled(sagemaker: Any) -> None:
    define(sagemaker, "hourly")
    schedule(sagemaker, "hourly", MonitoringJobDefinitionName="hourly")
    named = {"MonitoringScheduleName": "hourly"}
    described = [sagemaker.describe_monitoring_schedule(**named) for _ in range(2)]
    assert [each["MonitoringScheduleStatus"] for each in described] == ["Pending", "Scheduled"]
    assert described[0]["MonitoringType"] == "DataQuality"
    sagemaker.stop_monitoring_schedule(**named)
    sagemaker.describe_monitoring_schedule(**named)
    assert sagemaker.describe_monitoring_schedule(**named)["MonitoringScheduleStatus"] == "Stopped"
    (listed,) = sagemaker.list_monitoring_schedules(
        MonitoringJobDefinitionName="hourly", StatusEquals="Stopped", MonitoringTypeEquals="DataQuality"
    )["MonitoringScheduleSummaries"]
    assert listed["MonitoringScheduleName"] == "hourly"
    sagemaker.start_monitoring_schedule(**named)
    sagemaker.delete_monitoring_schedule(**named)
    assert error_code(sagemaker.describe_monitoring_schedule, **named) == "ResourceNotFound"


def test_an_update_replaces_the_configuration_of_a_schedule(sagemaker: Any) -> None:
    define(sagemaker, "changed")
    schedule(sagemaker, "changed", MonitoringJobDefinitionName="changed")
    daily = {
        "ScheduleConfig": {"ScheduleExpression": "cron(0 0 ? * * *)"},
        "MonitoringJobDefinitionName": "changed",
        "MonitoringType": "DataQuality",
    }
    sagemaker.update_monitoring_schedule(MonitoringScheduleName="changed", MonitoringScheduleConfig=daily)
    described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="changed")
    assert described["MonitoringScheduleConfig"] == daily


def test_a_schedule_without_a_known_job_definition_is_refused(sagemaker: Any) -> None:
    assert error_code(schedule, sagemaker, "nothing") == "ValidationException"
    assert error_code(schedule, sagemaker, "nowhere", MonitoringJobDefinitionName="nowhere") == "ValidationException"
