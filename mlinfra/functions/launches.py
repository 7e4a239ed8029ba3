"""Failed launches of clusters: reported to the owner with the reason, and resumed where AWS suspended them.

AWS may suspend launching ("administrative suspension") for a group that has failed to launch for more than 24 hours. It
can be resumed by a caller (Auto Scaling user guide, "Suspend and resume a process for an Auto Scaling group", read
2026-11-29).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from mlinfra.functions import clock
from mlinfra.functions.clients import FAILURES, error_code
from mlinfra.functions.contract import Event
from mlinfra.functions.counting import counted
from mlinfra.functions.deduplication import Deduplication
from mlinfra.functions.launch_errors import LaunchError, launch_error, limit_in, quota_code
from mlinfra.functions.remedies import resume_command
from mlinfra.functions.storage import time_of

if TYPE_CHECKING:
    from datetime import datetime

    from mlinfra.functions.clients import Clients
    from mlinfra.functions.fleet import Target
    from mlinfra.functions.notifications import Notifier
    from mlinfra.functions.records import Records

REPORTED_AFTER: Final = timedelta(minutes=15)
"""The time of failures after which the owner is notified."""

LAUNCH: Final = "Launch"
"""The process of an Auto Scaling group that launches nodes."""
_ACTIVITIES = 100
"""The largest page of DescribeScalingActivities (Auto Scaling API reference, read 2026-11-29)."""
_FAILED = frozenset({"Failed", "Cancelled"})
_BY_USER = "User suspended"
"""The beginning of the reason of a suspension by a user (Auto Scaling API reference, SuspendedProcess)."""
_HOURS_BETWEEN_RESUMPTIONS = 6
"""AWS suspends groups to be spared from useless calls: four attempts a day are enough for capacity that may return."""


@dataclass(frozen=True)
class LaunchFailure:
    """Launches of a group that fail without a success in between."""

    error: LaunchError
    message: str
    """The status message of the last failure."""
    since: datetime
    """The first failure since the last success."""


@dataclass(frozen=True)
class _Quota:
    code: str
    name: str
    value: float
    """vCPUs."""


def launch_failure(clients: Clients, target: Target, *, after: datetime | None = None) -> LaunchFailure | None:
    """The failures of a group since its last successful launch. None: there are none.

    Args:
        clients: the AWS clients.
        target: the group.
        after: the time from which failures count, such as that of the start of a cluster. Default: any time.

    Raises:
        ClientError: or another of `clients.FAILURES`, if its scaling activities cannot be read.
    """
    answer = clients.autoscaling.describe_scaling_activities(AutoScalingGroupName=target.name, MaxRecords=_ACTIVITIES)
    failed: list[dict[str, Any]] = []
    for activity in answer["Activities"]:  # the latest first
        if not str(activity.get("Description", "")).startswith("Launching"):
            continue
        started = time_of(activity["StartTime"])
        if activity["StatusCode"] == "Successful" or (after is not None and started is not None and started < after):
            break
        if activity["StatusCode"] in _FAILED:
            failed.append(activity)
    since = time_of(failed[-1]["StartTime"]) if failed else None
    if since is None:
        return None
    message = str(failed[0].get("StatusMessage", ""))
    return LaunchFailure(launch_error(message), message, since)


class Launches:
    """Checks the launches of clusters for one run of one function."""

    def __init__(self, clients: Clients, records: Records, notifier: Notifier, now: datetime, *, dry_run: bool) -> None:
        """See `Launches`.

        Args:
            clients: the AWS clients.
            records: the environment's table.
            notifier: sends the notifications.
            now: the current time.
            dry_run: True: launching is not resumed.
        """
        self._clients = clients
        self._notifier = notifier
        self._deduplication = Deduplication(records, notifier)
        self._now = now
        self._dry_run = dry_run

    def check(self, target: Target) -> None:
        """Notify the owner of `target` about launches that have failed for 15 minutes, and resume suspended ones.

        A failed call is logged; it affects nothing else.

        Args:
            target: a group. One that has all the nodes that it requests is not checked.
        """
        if target.kind != "group" or len(target.nodes) >= target.desired:
            return
        try:
            self._check(target)
        except (*FAILURES, KeyError) as error:
            self._notifier.log("Launches Not Checked", cluster=target.name, why=error_code(error))

    def _check(self, target: Target) -> None:
        failure = launch_failure(self._clients, target)
        suspension = target.suspended.get(LAUNCH)
        if suspension is None and (failure is None or self._now - failure.since < REPORTED_AFTER):
            return
        quota = self._quota(target, failure) if failure and failure.error.is_quota else None
        if suspension is None:
            assert failure is not None  # noqa: S101  checked above
            self._report(target, failure, quota)
        elif is_by_user(suspension):
            self._report_suspended_by_user(target, suspension)
        else:
            self._resume(target, failure, quota)

    def _report(self, target: Target, failure: LaunchFailure, quota: _Quota | None) -> None:
        missing = target.desired - len(target.nodes)
        self._notify_daily(
            target,
            failure.error.code,
            what=f"{counted(missing, 'node')} could not be launched",
            why=f"{failure.error.reason}{_figures(quota)}. Launches have failed since {clock.written(failure.since)}. "
            f"EC2's message: {failure.message.rstrip('.')}",
            action=self._action(failure.error, quota),
            code=failure.error.code,
            missing=missing,
        )

    def _report_suspended_by_user(self, target: Target, suspension: str) -> None:
        self._notify_daily(
            target,
            "suspended_by_user",
            what="launching is suspended by a user",
            why=f"it requests {counted(target.desired, 'node')}, has {len(target.nodes)}, and its process Launch is "
            f"suspended: {suspension.rstrip('.')}",
            action=f"To resume it: {resume_command(target, LAUNCH, self._clients.region)}",
            code="Suspended",
            missing=target.desired - len(target.nodes),
        )

    def _resume(self, target: Target, failure: LaunchFailure | None, quota: _Quota | None) -> None:
        """Resume launching that AWS suspended, unless the reason is known to persist."""
        limit = limit_in(failure.message) if failure else None
        persists = quota is not None and limit is not None and quota.value <= limit
        raised = quota is not None and limit is not None and quota.value > limit
        # A raised quota is resumed at once, anything else a few times a day: its end cannot be observed.
        attempt = f"{quota.value:g}" if raised and quota else self._part_of_day
        reason = "AWS suspended launching, because launches had failed for a long time"
        if failure:
            reason += f": {failure.error.reason}{_figures(quota)}. EC2's message: {failure.message.rstrip('.')}"
        if self._dry_run or persists:
            self._notify_daily(
                target,
                "suspended_by_aws",
                what="launching is suspended by AWS",
                why=reason,
                action=self._action(failure.error if failure else None, quota)
                + f" Then resume it: {resume_command(target, LAUNCH, self._clients.region)}",
                code="Suspended",
                missing=target.desired - len(target.nodes),
            )
            return
        if not self._deduplication.claim(target.name, "launch_attempt", attempt):
            return
        self._clients.autoscaling.resume_processes(AutoScalingGroupName=target.name, ScalingProcesses=[LAUNCH])
        self._notify_daily(
            target,
            "resumed",
            what="launching is resumed",
            why=f"{reason}. It is resumed {'because the quota was raised' if raised else 'to try again'}",
            action=self._action(failure.error if failure else None, quota),
            code="Resumed",
            missing=target.desired - len(target.nodes),
        )

    def _quota(self, target: Target, failure: LaunchFailure | None) -> _Quota | None:
        """The quota that limits the launches. None: it could not be read."""
        spot = failure is not None and failure.error.code == "MaxSpotInstanceCountExceeded"
        try:
            instance_type = self._instance_type(target)
            code = quota_code(instance_type, spot=spot) if instance_type else None
            if code is None:
                return None
            found = self._clients.servicequotas.get_service_quota(ServiceCode="ec2", QuotaCode=code)["Quota"]
            return _Quota(code, found["QuotaName"], float(found["Value"]))
        except (*FAILURES, KeyError) as error:
            self._notifier.log("Quota Not Read", cluster=target.name, why=error_code(error))
            return None

    def _instance_type(self, target: Target) -> str | None:
        """The instance type that the group launches. None: unknown."""
        if target.launch_type is not None:
            return target.launch_type
        if target.launch_template is None:
            return None
        template_id, version = target.launch_template
        answer = self._clients.ec2.describe_launch_template_versions(LaunchTemplateId=template_id, Versions=[version])
        versions = answer["LaunchTemplateVersions"]
        found: str | None = versions[0]["LaunchTemplateData"].get("InstanceType") if versions else None
        return found

    def _action(self, error: LaunchError | None, quota: _Quota | None) -> str:
        action = error.action if error else "Check the scaling activities of the group."
        if quota is None:
            return action
        return (
            f"{action} To request a quota: aws service-quotas request-service-quota-increase --service-code ec2 "
            f"--quota-code {quota.code} --desired-value VCPUS --region {self._clients.region}"
        )

    def _notify_daily(
        self, target: Target, kind: str, *, what: str, why: str, action: str, code: str, missing: int
    ) -> None:
        """Send one notification of each kind a day."""
        about, key = f"launch_{kind}", self._now.date().isoformat()
        if not self._deduplication.claim(target.name, about, key):
            return
        told = self._notifier.notify(
            Event.LAUNCH_FAILED,
            cluster=target.name,
            tags=target.tags,
            what=what,
            why=why,
            action=action,
            in_dry_run=True,
            kind=target.kind,
            code=code,
            missing=missing,
        )
        if not told:
            self._deduplication.release(target.name, about, key)

    @property
    def _part_of_day(self) -> str:
        return f"{self._now.date().isoformat()} {self._now.hour // _HOURS_BETWEEN_RESUMPTIONS}"


def _figures(quota: _Quota | None) -> str:
    return "" if quota is None else f" (quota {quota.name!r}, {quota.code}: {quota.value:g} vCPUs)"


def is_by_user(suspension: str) -> bool:
    """True if a user suspended the process, and not AWS.

    Args:
        suspension: the reason of the suspension.
    """
    return suspension.startswith(_BY_USER)
