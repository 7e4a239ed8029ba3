"""Current activity of clusters that a plan would interrupt. Unknown counts as busy.

The evidence is the same as in the functions that stop idle clusters automatically: `mlinfra.functions`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import boto3
from botocore.exceptions import BotoCoreError

from mlinfra.functions import clock
from mlinfra.functions.activity import Evidence, Verdict
from mlinfra.functions.assessment import assess, gpu_histories
from mlinfra.functions.clients import FAILURES, Clients, error_code
from mlinfra.functions.contract import Tag
from mlinfra.functions.fleet import DescribeFailedError, Fleet
from mlinfra.functions.records import Records
from mlinfra.operations.review.escaping import quoted
from mlinfra.operations.review.rules import compute
from mlinfra.operations.review.rules.live_activity import BUSY, IDLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.functions.fleet import Target
    from mlinfra.operations.review.change import Change
    from mlinfra.operations.review.finding import Finding
    from mlinfra.operations.review.plan import Plan

_INTERRUPTING: Final = frozenset({compute.DESTROYED.id, compute.SHRUNK.id, compute.REFRESHED.id, compute.RESTARTED.id})
_ARN: Final = re.compile(r"arn:[^:]*:autoscaling:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):")
_UNTAGGED: Final = "untagged"


@dataclass(frozen=True)
class _Location:
    region: str | None
    account: str | None


def check(plan: Plan, findings: list[Finding]) -> Iterator[Finding]:
    """Check the activity of the clusters in `findings`."""
    interrupted = {each.address for each in findings if each.id in _INTERRUPTING}
    regions: dict[str | None, _Region] = {}
    for change in plan.changes:
        if change.address not in interrupted or change.deposed:
            continue
        name = compute.cluster_name(change)
        if name is None:
            evidence = Evidence(Verdict.UNKNOWN, "activity is known of auto scaling groups only")
        else:
            location = _location(change)
            if location.region not in regions:
                regions[location.region] = _Region(location.region)
            evidence = regions[location.region].evidence(name, location.account)
        cluster = f"{quoted(name or change.address)}: {quoted(evidence.reason)}"
        if evidence.verdict in {Verdict.IDLE, Verdict.EMPTY}:
            yield IDLE.at(plan.stack, change, f"No jobs run on {cluster}.", fact="No jobs run on the cluster.")
        else:
            verb = "run" if evidence.verdict is Verdict.BUSY else "may run"
            # The evidence varies from minute to minute.
            yield BUSY.at(plan.stack, change, f"Jobs {verb} on {cluster}.", fact=f"Jobs {verb} on the cluster.")


def _location(change: Change) -> _Location:
    arn = change.old("arn")
    found = _ARN.match(arn) if isinstance(arn, str) else None
    return _Location(found["region"], found["account"]) if found else _Location(None, None)


class _Region:
    """The clusters of one region, read with the current credentials."""

    def __init__(self, region: str | None) -> None:
        self._now = clock.now()
        self._problem = ""
        self._account: str | None = None
        try:
            session = boto3.session.Session(region_name=region)
            self._account = str(session.client("sts").get_caller_identity()["Account"])
            self._clients = Clients(session)
            self._fleet = Fleet(self._clients)
        except (*FAILURES, BotoCoreError, ValueError) as error:
            self._problem = f"the request to AWS failed: {error_code(error)}"

    def evidence(self, name: str, account: str | None) -> Evidence:
        """Collect evidence of activity on the group `name`."""
        problem = self._problem
        if not problem and account is not None and account != self._account:
            problem = f"the cluster is in account {account}, and the credentials are for account {self._account}"
        if problem:
            return Evidence(Verdict.UNKNOWN, problem)
        try:
            target = self._fleet.group(name)
            if target is None or target.is_stopped:
                return Evidence(Verdict.EMPTY, "it has no nodes" if target else "the group was not found in AWS")
            gpus = gpu_histories(self._clients, [target], self._now)
            return assess(
                self._clients, target, Records(self._clients, _records_table(target)), gpus, self._now
            ).evidence
        except DescribeFailedError as error:
            return Evidence(Verdict.UNKNOWN, f"its state could not be read: {error}")
        except FAILURES as error:
            return Evidence(Verdict.UNKNOWN, f"the request to AWS failed: {error_code(error)}")


def _records_table(target: Target) -> str:
    """The table with the records of a cluster's jobs, named as in the environment.

    Groups that mlinfra did not create have no such table: their activity is unknown.
    """
    return f"{target.tags.get('Project', _UNTAGGED)}-{target.tags.get(Tag.ENVIRONMENT, _UNTAGGED)}-clusters"
