"""Handler for unused endpoints: a daily check that notifies owners and deletes endpoints that may be stopped."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mlinfra.functions import clock, endpoints
from mlinfra.functions.clients import FAILURES, Clients, error_code
from mlinfra.functions.contract import Event, Tag, Variable
from mlinfra.functions.endpoint_usage import Usage, usage_of
from mlinfra.functions.notifications import Notifier
from mlinfra.functions.shutdown import IncompleteRunError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.functions.endpoints import HostedEndpoint

_IN_SERVICE = "InService"
_AFTER_DELETION = (
    "Its models and its configuration are kept. The next deployment creates it again. To prevent that, remove it from "
    "the environment's endpoints; to keep it permanently, set stop_when_unused=False."
)
_UNUSED = "unused, and still incurring charges"
_HOW_TO_END = "To end the charges, remove it from the environment's endpoints and deploy the serving stack."


@dataclass(frozen=True)
class WatchSettings:
    """The settings of one run."""

    environment: str
    """The environment's name; only endpoints with this tag are checked."""
    prefix: str
    """The name prefix of its endpoints."""
    topic: str | None
    """The ARN of the SNS topic. None: no messages are sent."""
    deletes: bool
    """True if unused endpoints that may be stopped are deleted. False: they are only reported."""
    dry_run: bool = False
    """Always False: an unused endpoint is reported in any case, since its owner can act on it."""

    @classmethod
    def read(cls, variables: Mapping[str, str] = os.environ) -> WatchSettings:
        """Read the settings. Unless `MLINFRA_DRY_RUN` is `false`, nothing is deleted.

        Raises:
            ValueError: if the environment or the prefix is not set: every endpoint of the account would match.
        """
        environment, prefix = variables.get(Variable.ENVIRONMENT, ""), variables.get(Variable.PREFIX, "")
        if not environment or not prefix:
            message = f"{Variable.ENVIRONMENT} and {Variable.PREFIX} must be set: they select the endpoints to check."
            raise ValueError(message)
        return cls(
            environment=environment,
            prefix=prefix,
            topic=variables.get(Variable.TOPIC) or None,
            deletes=variables.get(Variable.DRY_RUN) == "false",
        )


@dataclass(frozen=True)
class Outcome:
    """The outcome for one endpoint."""

    decision: str
    """`left`, `told`, `would_delete`, `deleted`, `failed` or `unknown`."""
    reason: str


def handler(event: object, context: object) -> dict[str, Any]:  # noqa: ARG001  Lambda passes both
    """Check every endpoint of the environment once.

    Returns:
        The decision and reason for each endpoint, and the count of each decision, as JSON values.

    Raises:
        IncompleteRunError: at the end, if the listing or a notification failed, so that the alarm on the function's
            errors reports it.
        ValueError: if a setting of the function is invalid.
    """
    return UnusedEndpoints(WatchSettings.read(), Clients(), clock.now()).run()


class UnusedEndpoints:
    """One run."""

    def __init__(self, settings: WatchSettings, clients: Clients, now: datetime) -> None:
        self._settings = settings
        self._clients = clients
        self._now = now
        self._notifier = Notifier(clients, settings, "endpoint-watch", now)

    def run(self) -> dict[str, Any]:
        """Check every endpoint, carry out the decisions, and notify.

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
        problems += self._notifier.undelivered
        summary = {
            "at": clock.written(self._now),
            "deletes": self._settings.deletes,
            "counts": dict(Counter(each.decision for each in outcomes.values())),
            "endpoints": [
                {"endpoint": name, "decision": each.decision, "reason": each.reason} for name, each in outcomes.items()
            ],
            "problems": problems,
        }
        self._notifier.log("Endpoint Watch Done", **summary)
        if problems:
            raise IncompleteRunError("; ".join(problems))
        return summary

    def _outcome(self, name: str) -> Outcome | None:
        """The outcome for the endpoint. None: it belongs to another environment. A failure does not stop the others."""
        try:
            endpoint = endpoints.describe(self._clients, name)
        except Exception as error:  # noqa: BLE001
            return self._unknown(name, {}, f"it could not be described: {error_code(error)}")
        if endpoint.tags.get(Tag.ENVIRONMENT) != self._settings.environment:
            return None
        outcome = self._handle(endpoint)
        self._notifier.log("Assessed", endpoint=name, decision=outcome.decision, why=outcome.reason)
        return outcome

    def _handle(self, endpoint: HostedEndpoint) -> Outcome:
        days = endpoint.unused_days
        if days is None:
            text = endpoint.tags.get(Tag.UNUSED_DAYS)
            problem = f"its tag {Tag.UNUSED_DAYS} is {text!r}, which is not a number of days"
            return self._unknown(endpoint.name, endpoint.tags, problem)
        window = timedelta(days=days)
        if endpoint.status != _IN_SERVICE:
            return Outcome("left", f"its status is {endpoint.status}")
        if endpoint.changed > self._now - window:
            return Outcome("left", f"it was last changed at {clock.written(endpoint.changed)}")
        use, why = usage_of(self._clients, endpoint, window, self._now)
        if use is Usage.UNKNOWN:
            return self._unknown(endpoint.name, endpoint.tags, why)
        return Outcome("left", f"it is in use: {why}") if use is Usage.USED else self._end(endpoint, why)

    def _end(self, endpoint: HostedEndpoint, why: str) -> Outcome:
        if not endpoint.may_be_stopped:
            reason = f"{why}. It is not deleted automatically, because its tag {Tag.AUTO_STOP} is not true"
            self._notify(Event.ENDPOINT_UNUSED, endpoint, _UNUSED, reason, action=_HOW_TO_END)
            return Outcome("told", why)
        if not self._settings.deletes:
            reason = f"{why}. It is not deleted, because the environment only reports (janitor_dry_run=True)"
            self._notify(Event.ENDPOINT_UNUSED, endpoint, _UNUSED, reason, action=_HOW_TO_END)
            return Outcome("would_delete", why)
        try:
            self._clients.sagemaker.delete_endpoint(EndpointName=endpoint.name)
        except FAILURES as error:
            reason = f"{why}. {error_code(error)}: {error}"
            self._notify(Event.ENDPOINT_UNUSED, endpoint, "could not be deleted", reason, action=_HOW_TO_END)
            return Outcome("failed", reason)
        self._notify(Event.ENDPOINT_DELETED, endpoint, "deleted", why, action=_AFTER_DELETION)
        return Outcome("deleted", why)

    def _unknown(self, name: str, tags: Mapping[str, str], why: str) -> Outcome:
        self._notifier.notify(
            Event.ENDPOINT_UNKNOWN,
            cluster=name,
            tags=tags,
            what="usage could not be determined",
            why=why,
            action=f"It is treated as used and is not deleted. {_HOW_TO_END}",
            kind="endpoint",
        )
        return Outcome("unknown", why)

    def _notify(self, detail_type: str, endpoint: HostedEndpoint, what: str, why: str, *, action: str) -> None:
        self._notifier.notify(
            detail_type,
            cluster=endpoint.name,
            tags=endpoint.tags,
            what=what,
            why=why,
            action=action,
            kind="endpoint",
        )
