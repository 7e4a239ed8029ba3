"""Notices to the owner of a running cluster: expiry, spend limit, incomplete monitoring. Each is sent once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from mlinfra.functions import clock
from mlinfra.functions.contract import SPEND_BOUND, Event
from mlinfra.functions.counting import counted
from mlinfra.functions.deduplication import Deduplication
from mlinfra.functions.notifications import command
from mlinfra.functions.remedies import way_to_extend
from mlinfra.functions.silence import silence_time

if TYPE_CHECKING:
    from datetime import datetime

    from mlinfra.functions.assessment import Assessment
    from mlinfra.functions.fleet import Target
    from mlinfra.functions.notifications import Notifier
    from mlinfra.functions.records import Records

LIMIT_PERCENTS: Final = (120, 100, 80)
"""The percentages of the spend limit at which the owner is notified; the most urgent first."""

_TIMES: Final = {"hour": "1 hour", "day": "24 hours", "week": "7 days"}


class Notices:
    """Sends the notices of one run. A dry run sends them too: they announce rules that apply in any case."""

    def __init__(self, records: Records, notifier: Notifier, now: datetime) -> None:
        self._notifier = notifier
        self._deduplication = Deduplication(records, notifier)
        self._now = now

    def send(self, seen: Assessment) -> bool:
        """Send the notices that are due about a running cluster.

        Returns:
            True if it is in the grace period after its expiry, about which a notice is sent every hour.
        """
        # Records that cannot be read may hold an extension.
        in_grace = seen.memory is not None and self._expired(seen)
        if seen.memory is not None and not in_grace:
            self._expires(seen)
        self._limit(seen)
        self._incomplete(seen)
        self._silence(seen)
        self._assumed_price(seen)
        return in_grace

    def _expires(self, seen: Assessment) -> None:
        warning, at = seen.expiry.warning(self._now), seen.expiry.at
        if warning is None or at is None:
            return
        end = at + seen.rules.expiry_grace
        self._once(
            seen.target,
            f"expiry_{warning}",
            clock.written(at),
            detail_type=Event.CLUSTER_WARNED,
            what=f"expires in less than {_TIMES[warning]}",
            why=f"its last day ends at {clock.written(at)}. After that it is stopped as soon as it is idle, and at "
            f"{clock.written(end)} even if it is busy",
            action=f"To keep it: {way_to_extend(seen.target)}",
            expires=clock.written(at),
            stopped_at_the_latest=clock.written(end),
        )

    def _expired(self, seen: Assessment) -> bool:
        at, grace = seen.expiry.at, seen.rules.expiry_grace
        hour = seen.expiry.grace_hour(self._now, grace)
        if at is None or hour is None:
            return False
        end = at + grace
        left = max(1, round((end - self._now) / timedelta(hours=1)))
        self._once(
            seen.target,
            "expiry_grace",
            f"{clock.written(at)} {hour}",
            detail_type=Event.CLUSTER_WARNED,
            what=f"expired, and will be stopped in {counted(left, 'hour')}",
            why=f"it expired at {clock.written(at)}. It is stopped as soon as it is idle, and at {clock.written(end)} "
            f"even if it is busy. Now: {seen.evidence.reason}",
            action=f"To keep it: {way_to_extend(seen.target)}",
            expires=clock.written(at),
            stopped_at_the_latest=clock.written(end),
        )
        return True

    def _limit(self, seen: Assessment) -> None:
        limit, usd = seen.rules.spend_limit_usd, seen.cost.usd
        if limit is None or usd is None:
            return
        percent = next((each for each in LIMIT_PERCENTS if usd >= limit * each / 100), None)
        if percent is None:
            return
        basis = f". {seen.cost.basis}" if seen.cost.basis else ""
        rules = f"Above 100% it is stopped as soon as it is idle, and above {SPEND_BOUND:.0%} even if it is busy"
        self._once(
            seen.target,
            "limit",
            f"{percent}% of {limit:.2f}",
            detail_type=Event.LIMIT_REACHED,
            what=f"cost is at {percent}% of the spend limit",
            why=f"its cost is {usd:.2f} USD, and its spend limit is {limit:.2f} USD. {rules}{basis}",
            action="To keep it: set a higher spend_limit_usd for its experiment, and deploy the training stack.",
            usd=round(usd, 2),
            limit_usd=limit,
            percent=percent,
        )

    def _incomplete(self, seen: Assessment) -> None:
        """Notify about invalid tags and records, and about an unknown cost."""
        tags = "set its tags" if seen.target.kind == "instance" else "deploy its stack again, which sets its tags"
        problems = {"problems": ("; ".join(seen.problems), f"To correct it: {tags}. Until then,")}
        if unpriced := ", ".join(sorted(seen.cost.unpriced)):
            effect = "its cost is unknown and its spend limit has no effect"
            remedy = "To bound its cost: choose an earlier last day, or an instance type with a known price. Meanwhile,"
            problems["cost"] = (f"the price of {unpriced} is unknown, so {effect}", remedy)
        for about, (what, remedy) in problems.items():
            if what:
                self._once(
                    seen.target,
                    about,
                    what,
                    detail_type=Event.CLUSTER_LEFT,
                    what="monitoring is incomplete",
                    why=what,
                    action=f"{remedy} rules that depend on this do not stop the cluster.",
                )

    def _silence(self, seen: Assessment) -> None:
        """Notify about nodes of which one source of evidence is silent, once for the same nodes."""
        agents, guards = seen.silence.agents, seen.silence.guards
        minutes = int(silence_time(seen.rules) / timedelta(minutes=1))
        found = []
        if agents:
            found.append(
                f"no GPU metrics of {', '.join(agents)} have arrived for {minutes} minutes. The reports of the node "
                f"guard alone decide about idleness there. Check the CloudWatch agent (amazon-cloudwatch-agent.service)"
            )
        if guards:
            found.append(
                f"no reports of {', '.join(guards)} have arrived for {minutes} minutes. The GPU metrics alone decide "
                f"about idleness there. Check the node guard (mlinfra-minute.timer, /var/log/mlinfra-guard.log)"
            )
        if not found:
            return
        count = len(seen.silence.nodes)
        self._once(
            seen.target,
            "silence",
            "; ".join(found),
            detail_type=Event.CLUSTER_LEFT,
            what=f"monitoring of {seen.silence.nodes[0] if count == 1 else f'{count} nodes'} is incomplete",
            why=". ".join(found),
            action=f"Running jobs are not affected. To check a node: {command('ssh', seen.target.tags)}. To replace "
            f"its nodes: stop the cluster once it is idle, and start it again.",
            nodes=list(seen.silence.nodes),
        )

    def _assumed_price(self, seen: Assessment) -> None:
        if not seen.cost.basis:
            return
        self._once(
            seen.target,
            "price",
            seen.cost.basis,
            detail_type=Event.CLUSTER_LEFT,
            what="cost is estimated with the price of another instance type",
            why=seen.cost.basis,
            action="Its spend limit applies to this estimate.",
        )

    def _once(
        self,
        target: Target,
        about: str,
        key: str,
        *,
        detail_type: str,
        what: str,
        why: str,
        action: str,
        **more: Any,  # noqa: ANN401  any JSON value
    ) -> None:
        """Send one notice, unless the last one about this subject had the same key."""
        if not self._deduplication.claim(target.name, about, key):
            return
        told = self._notifier.notify(
            detail_type,
            cluster=target.name,
            tags=target.tags,
            what=what,
            why=why,
            action=action,
            in_dry_run=True,
            kind=target.kind,
            **more,
        )
        if not told:
            self._deduplication.release(target.name, about, key)
