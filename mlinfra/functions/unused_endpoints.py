"""Tells of endpoints that nobody asks, every day, and deletes those that may be stopped."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mlinfra.functions import clock, endpoints
from mlinfra.functions.clients import FAILURES, Clients, error_code
from mlinfra.functions.contract import Event, Tag, Variable
from mlinfra.functions.requests_seen import Use, use_of
from mlinfra.functions.shutdown import IncompleteRunError
from mlinfra.functions.telling import Teller

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.functions.endpoints import HostedEndpoint

_IN_SERVICE = "InService"
_AGAIN = (
    "Its models and its configuration are kept, and the next deploy makes it again: take its line out of the "
    "environment's endpoints, or set stop_when_unused=False"
)


@dataclass(frozen=True)
class WatchSettings:
    """The settings of one run."""

    environment: str
    """The environment whose endpoints are looked at, as their tag says it."""
    prefix: str
    """What their names begin with."""
    topic: str | None
    """The ARN of the SNS topic; None: nobody listens."""
    deletes: bool
    """Whether what may be stopped is deleted, or only told of."""
    dry_run: bool = False
    """That an endpoint costs and nobody asks it is told in any case: its owner can do something about it."""

    @classmethod
    def read(cls, variables: Mapping[str, str] = os.environ) -> WatchSettings:
        """Read the settings. Where `MLINFRA_DRY_RUN` is anything but `false`, nothing is deleted.

        Raises:
            ValueError: where the environment or the prefix is not given: every endpoint of the account would be meant.
        """
        environment, prefix = variables.get(Variable.ENVIRONMENT, ""), variables.get(Variable.PREFIX, "")
        if not environment or not prefix:
            message = f"{Variable.ENVIRONMENT} and {Variable.PREFIX} have to be set: they say whose endpoints are meant"
            raise ValueError(message)
        return cls(
            environment=environment,
            prefix=prefix,
            topic=variables.get(Variable.TOPIC) or None,
            deletes=variables.get(Variable.DRY_RUN) == "false",
        )


@dataclass(frozen=True)
class Outcome:
    """What became of one endpoint, and why."""

    decision: str
    """`left`, `told`, `would_delete`, `deleted`, `failed` or `unknown`."""
    reason: str


def handler(event: object, context: object) -> dict[str, Any]:  # noqa: ARG001  Lambda passes both
    """Look at every endpoint of the environment once.

    Returns:
        What was done with each endpoint and why, and how often. JSON takes it.

    Raises:
        IncompleteRunError: at the end, where not all endpoints could be listed or somebody not be told: the alarm on
            the function's errors is then the only one to say so.
        ValueError: where the function's settings are wrong.
    """
    return EndpointWatch(WatchSettings.read(), Clients(), clock.now()).run()


class EndpointWatch:
    """One run."""

    def __init__(self, settings: WatchSettings, clients: Clients, now: datetime) -> None:
        self._settings = settings
        self._clients = clients
        self._now = now
        self._teller = Teller(clients, settings, "endpoint-watch", now)

    def run(self) -> dict[str, Any]:
        """Look at every endpoint, do what is to be done, and tell.

        Raises:
            IncompleteRunError: see `handler`.
        """
        problems: list[str] = []
        outcomes: dict[str, Outcome] = {}
        try:
            for name in endpoints.names(self._clients, self._settings.prefix):
                outcome = self._outcome(name)
                if outcome:
                    outcomes[name] = outcome
        except (KeyError, *FAILURES) as error:
            problems.append(f"not all endpoints could be listed: {error_code(error)}: {error}")
        problems += self._teller.undelivered
        summary = {
            "at": clock.written(self._now),
            "deletes": self._settings.deletes,
            "counts": dict(Counter(each.decision for each in outcomes.values())),
            "endpoints": [
                {"endpoint": name, "decision": each.decision, "reason": each.reason} for name, each in outcomes.items()
            ],
            "problems": problems,
        }
        self._teller.log("Endpoint Watch Done", **summary)
        if problems:
            raise IncompleteRunError("; ".join(problems))
        return summary

    def _outcome(self, name: str) -> Outcome | None:
        """What becomes of the endpoint; None: it is another environment's. Whatever is odd, the others have a turn."""
        try:
            endpoint = endpoints.described(self._clients, name)
        except Exception as error:  # noqa: BLE001
            return self._unknown(name, {}, f"it could not be looked at: {error_code(error)}")
        if endpoint.tags.get(Tag.ENVIRONMENT) != self._settings.environment:
            return None
        outcome = self._handle(endpoint)
        self._teller.log("Looked", endpoint=name, decision=outcome.decision, why=outcome.reason)
        return outcome

    def _handle(self, endpoint: HostedEndpoint) -> Outcome:
        days = endpoint.unused_days
        if days is None:
            odd = f"its tag {Tag.UNUSED_DAYS} is {endpoint.tags.get(Tag.UNUSED_DAYS)!r}, no number of days"
            return self._unknown(endpoint.name, endpoint.tags, odd)
        window = timedelta(days=days)
        if endpoint.status != _IN_SERVICE:
            return Outcome("left", f"SageMaker says that it is {endpoint.status}")
        if endpoint.changed > self._now - window:
            return Outcome("left", f"it was changed at {clock.written(endpoint.changed)}")
        use, why = use_of(self._clients, endpoint, window, self._now)
        if use is Use.UNKNOWN:
            return self._unknown(endpoint.name, endpoint.tags, why)
        return Outcome("left", f"it is asked: {why}") if use is Use.USED else self._end(endpoint, why)

    def _end(self, endpoint: HostedEndpoint, why: str) -> Outcome:
        if not endpoint.may_be_stopped:
            self._tell(Event.ENDPOINT_UNUSED, endpoint, "costs, and nobody asks it", f"{why}. It is not to be stopped")
            return Outcome("told", why)
        if not self._settings.deletes:
            reason = f"{why}. It would be deleted, but the environment only reports (janitor_dry_run)"
            self._tell(Event.ENDPOINT_UNUSED, endpoint, "costs, and nobody asks it", reason)
            return Outcome("would_delete", why)
        try:
            self._clients.sagemaker.delete_endpoint(EndpointName=endpoint.name)
        except FAILURES as error:
            reason = f"{why}. {error_code(error)}: {error}"
            self._tell(Event.ENDPOINT_UNUSED, endpoint, "could not be deleted", reason)
            return Outcome("failed", reason)
        self._tell(Event.ENDPOINT_DELETED, endpoint, "deleted", f"{why}. {_AGAIN}")
        return Outcome("deleted", why)

    def _unknown(self, name: str, tags: Mapping[str, str], why: str) -> Outcome:
        self._teller.tell(
            Event.ENDPOINT_UNKNOWN, cluster=name, tags=tags, what="cannot be watched", why=why, kind="endpoint"
        )
        return Outcome("unknown", why)

    def _tell(self, detail_type: str, endpoint: HostedEndpoint, what: str, why: str) -> None:
        self._teller.tell(detail_type, cluster=endpoint.name, tags=endpoint.tags, what=what, why=why, kind="endpoint")
