"""Whether work runs, at this moment, on the clusters that a plan would disturb. Unknown is busy.

What is asked and judged is what the functions ask that stop clusters by themselves: `mlinfra.functions`.
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
from mlinfra.operations.review.finding import Finding, Level, Rule
from mlinfra.operations.review.rules import compute
from mlinfra.operations.review.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.functions.fleet import Target
    from mlinfra.operations.review.change import Change
    from mlinfra.operations.review.plan import Plan

WORKS: Final = Rule(
    "MLR411",
    Level.HOLD,
    "Work runs now, or may, on a cluster that the plan would disturb (with --live).",
    "Wait for it to end (mlinfra clusters), then review again.",
)
RESTS: Final = Rule(
    "MLR412",
    Level.NOTE,
    "Nothing runs now on a cluster that the plan would disturb (with --live).",
    "Apply soon, or look again.",
)
RULES: Final = (WORKS, RESTS)

_DISTURBING: Final = frozenset({compute.GONE.id, compute.SHRUNK.id, compute.REFRESHED.id, compute.RESTARTED.id})
_ARN: Final = re.compile(r"arn:[^:]*:autoscaling:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):")
_UNTAGGED: Final = "untagged"


@dataclass(frozen=True)
class _Place:
    region: str | None
    account: str | None


def look(plan: Plan, findings: list[Finding]) -> Iterator[Finding]:
    """Findings about what runs on the clusters that `findings` are about."""
    disturbed = {each.address for each in findings if each.id in _DISTURBING}
    desks: dict[str | None, _Desk] = {}
    for change in plan.changes:
        if change.address not in disturbed or change.deposed:
            continue
        name = compute.cluster_name(change)
        if name is None:
            seen = Evidence(Verdict.UNKNOWN, "mlinfra can look at auto scaling groups only")
        else:
            place = _place(change)
            if place.region not in desks:
                desks[place.region] = _Desk(place.region)
            seen = desks[place.region].evidence(name, place.account)
        said = f"{quoted(name or change.address)}: {quoted(seen.reason)}"
        if seen.verdict in {Verdict.IDLE, Verdict.EMPTY}:
            yield RESTS.at(plan.stack, change, f"Nothing runs on {said}.")
        else:
            verb = "Work runs on" if seen.verdict is Verdict.BUSY else "Work may run on"
            yield WORKS.at(plan.stack, change, f"{verb} {said}.")


def _place(change: Change) -> _Place:
    arn = change.old("arn")
    found = _ARN.match(arn) if isinstance(arn, str) else None
    return _Place(found["region"], found["account"]) if found else _Place(None, None)


class _Desk:
    """One region, asked with the credentials at hand."""

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
            self._problem = f"AWS could not be asked: {error_code(error)}"

    def evidence(self, name: str, account: str | None) -> Evidence:
        """What is known of the work of the group `name`."""
        problem = self._problem
        if not problem and account is not None and account != self._account:
            problem = f"it is in account {account}, and the credentials are of {self._account}"
        if problem:
            return Evidence(Verdict.UNKNOWN, problem)
        try:
            target = self._fleet.group(name)
            if target is None or target.is_stopped:
                return Evidence(Verdict.EMPTY, "it has no nodes" if target else "AWS has no such group")
            gpus = gpu_histories(self._clients, [target], self._now)
            return assess(target, Records(self._clients, _records_table(target)), gpus, self._now).evidence
        except DescribeFailedError as error:
            return Evidence(Verdict.UNKNOWN, f"AWS did not say what it is like: {error}")
        except FAILURES as error:
            return Evidence(Verdict.UNKNOWN, f"AWS could not be asked: {error_code(error)}")


def _records_table(target: Target) -> str:
    """The table in which jobs of a cluster are recorded, as `Environment.records_table` names it.

    A group of somebody else's has no such table; that its records cannot be read leaves its work unknown.
    """
    return f"{target.tags.get('Project', _UNTAGGED)}-{target.tags.get(Tag.ENVIRONMENT, _UNTAGGED)}-clusters"
