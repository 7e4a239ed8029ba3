"""Gap: states of CloudWatch alarms that are created and updated.

In AWS, a new alarm has the state INSUFFICIENT_DATA until its first evaluation, and an update leaves the state
unchanged. moto's alarms have the state OK after both. Metric alarms are not evaluated here: `SetAlarmState` sets their
states.

Source: CloudWatch API reference, PutMetricAlarm, read 2026-11-29.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudwatch.models import CloudWatchBackend

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.cloudwatch.models import Alarm

_STATE = ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "history")


def is_open() -> bool:
    """True if moto replaces the state of an updated alarm."""
    backend = CloudWatchBackend("us-east-1", "123456789012")
    settings: dict[str, Any] = dict.fromkeys(_REQUIRED)
    for _ in range(2):
        alarm = backend.put_metric_alarm(**{**settings, "name": "probe", "dimensions": []})
        before, alarm.state_value = alarm.state_value, "ALARM"
    return before != "ALARM"


_REQUIRED = (
    "namespace",
    "metric_name",
    "comparison_operator",
    "evaluation_periods",
    "period",
    "threshold",
    "statistic",
    "description",
    "alarm_actions",
)


def close() -> None:
    """Close the gap: keep the states of updated alarms."""
    wrap(CloudWatchBackend, "put_metric_alarm", _put)


def _put(of_moto: Callable[..., Alarm], backend: CloudWatchBackend, *args: Any, **kwargs: Any) -> Alarm:  # noqa: ANN401  the arguments of moto's method
    before = dict(backend.alarms)
    alarm = of_moto(backend, *args, **kwargs)
    known = before.get(alarm.name)
    if known is not None:
        vars(alarm).update({name: getattr(known, name) for name in _STATE})
    elif alarm.rule is None:
        alarm.state_value = "INSUFFICIENT_DATA"
    return alarm
