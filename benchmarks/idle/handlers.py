"""Invocations of the real handlers with a simulated clock and the replay's AWS."""

from __future__ import annotations

import io
import os
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from benchmarks.idle.aws import Account, UnknownCallError, moment
from mlinfra.functions import clients, clock, idle, janitor, job_finished
from mlinfra.functions.contract import Event, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from benchmarks.idle.environments import Setting

RETRY_SECONDS: Final = (60, 120)
"""Lambda's delays before it invokes a failed asynchronous function again (Lambda developer guide, "Error handling for
asynchronous invocation")."""


class _Discarded(io.TextIOBase):
    """The log of the functions, which nothing reads."""

    def write(self, text: str) -> int:
        return len(text)


def _reason(answer: Mapping[str, Any]) -> str:
    """The reason in the answer of any of the functions."""
    each = answer.get("clusters") or answer.get("targets") or [answer]
    return "; ".join(str(one.get("reason", "")) for one in each)


class Handlers:
    """The functions of one environment."""

    def __init__(self, setting: Setting, account: Account) -> None:
        self._setting = setting
        self._account = account
        self.invocations = 0
        self.failures = 0
        self.reason = ""
        """The reason of the last decision."""

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Replace clock, clients, variables and log of the functions."""
        with (
            mock.patch.object(clients, "boto3", self._account),
            mock.patch.object(clock, "now", self._now),
            mock.patch.dict(os.environ, self._setting.variables),
            redirect_stdout(_Discarded()),
        ):
            yield

    def _now(self) -> datetime:
        return moment(self._account.now())

    def look(self) -> bool:
        """The check of all clusters, as its schedule invokes it. False if it failed."""
        return self._invoke(idle.handler, {"source": "aws.events", "detail-type": "Scheduled Event"})

    def janitor(self) -> bool:
        """The hourly janitor."""
        own = self._setting.janitor_variables
        os.environ.update(own)
        try:
            return self._invoke(janitor.handler, {})
        finally:
            for name in own:
                del os.environ[name]

    def job_ended(self, cluster: str, job_id: str, ended: float) -> bool:
        """The end of a job, as EventBridge delivers it."""
        detail = {"cluster": cluster, "job_id": job_id, "job_name": job_id, "status": "completed", "reason": ""}
        event = {
            "source": Event.JOB_SOURCE,
            "detail-type": Event.JOB_ENDED,
            "time": clock.written(moment(ended)),
            "detail": detail,
        }
        return self._invoke(job_finished.handler, event)

    def node_idle(self, cluster: str) -> bool:
        """The event of a guard whose node need not run any more."""
        detail = {"cluster": cluster, "instance_id": "i-1", "reason": "replayed"}
        event = {"source": Event.NODE_SOURCE, "detail-type": Event.NODE_IDLE, "detail": detail}
        return self._invoke(idle.handler, event)

    def alarm(self, cluster: str) -> bool:
        """The idle alarm of a cluster, as CloudWatch invokes its function."""
        metric = {"metricStat": {"metric": {"dimensions": {Metric.GROUP: cluster}}}}
        alarm = {"state": {"value": "ALARM"}, "configuration": {"metrics": [metric]}}
        return self._invoke(idle.handler, {"source": "aws.cloudwatch", "alarmData": alarm})

    def _invoke(self, handler: Callable[[Any, object], Mapping[str, Any]], event: Mapping[str, Any]) -> bool:
        self.invocations += 1
        failed = False
        try:
            answer = handler(event, None)
            self.reason = _reason(answer)
        except Exception as error:  # noqa: BLE001  Lambda counts any exception as a failed invocation
            self.failures += 1
            failed = True
            self.reason = f"{type(error).__name__}: {error}"
        # The janitor survives any exception with one target; this one would falsify the replay.
        if self._account.unknown:
            message = f"the replay's AWS lacks {', '.join(self._account.unknown)}: add it to benchmarks/idle/aws.py"
            raise UnknownCallError(message)
        return not failed
