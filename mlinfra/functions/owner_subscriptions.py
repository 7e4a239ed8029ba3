"""Subscriptions of owners, which the stacks of their clusters declare.

A topic has one subscription for each address: Subscribe returns the existing one (moto's pull request 1418 and
localstack's 8976, both compared with AWS, read 2026-11-29). Two stacks with clusters of one owner therefore share it,
and the removal of one stack deletes it for the other.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mlinfra.functions.clients import FAILURES, error_code
from mlinfra.functions.contract import Message
from mlinfra.functions.deduplication import Deduplication

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from mlinfra.functions.clients import Clients
    from mlinfra.functions.fleet import Target
    from mlinfra.functions.notifications import Notifier
    from mlinfra.functions.records import Records
    from mlinfra.functions.settings import Settings

_PROTOCOL = "email"


class OwnerSubscriptions:
    """Subscribes the owners of existing clusters whose subscription is missing, for one run of the janitor."""

    def __init__(
        self, clients: Clients, settings: Settings, records: Records, notifier: Notifier, now: datetime
    ) -> None:
        self._clients = clients
        self._topic = settings.topic
        self._dry_run = settings.dry_run
        self._notifier = notifier
        self._deduplication = Deduplication(records, notifier)
        self._week = now.strftime("%G-W%V")

    def restore(self, targets: Iterable[Target]) -> None:
        """Subscribe the owner of each of `targets` that the topic has no subscription for.

        AWS sends the owner a confirmation e-mail. At most one is sent for each cluster in a week, because an owner may
        have cancelled the subscription on purpose. A failed call is logged; it affects nothing else.

        Args:
            targets: the clusters of the environment.
        """
        if not self._topic or self._dry_run:
            return
        clusters = {target.owner: target.name for target in targets if target.kind == "group" and target.owner}
        if not clusters:
            return
        try:
            missing = clusters.keys() - self._subscribed(self._topic)
            for owner in sorted(missing):
                self._subscribe(self._topic, owner, clusters[owner])
        except (KeyError, *FAILURES) as error:
            self._notifier.log("Subscriptions Not Restored", why=error_code(error))

    def _subscribed(self, topic: str) -> set[str]:
        """The addresses with a subscription, also an unconfirmed one."""
        pages = self._clients.sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        return {each["Endpoint"] for page in pages for each in page["Subscriptions"] if each["Protocol"] == _PROTOCOL}

    def _subscribe(self, topic: str, owner: str, cluster: str) -> None:
        if not self._deduplication.claim(cluster, "owner_subscribed", f"{owner} {self._week}"):
            return
        # The same filter as the stack declares: its next apply takes the subscription over.
        self._clients.sns.subscribe(
            TopicArn=topic,
            Protocol=_PROTOCOL,
            Endpoint=owner,
            Attributes={"FilterPolicy": json.dumps({Message.OWNER: [owner]})},
        )
        self._notifier.log("Owner Subscribed", cluster=cluster, whose=owner)
