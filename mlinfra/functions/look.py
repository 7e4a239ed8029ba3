"""One look at one cluster: what it is, what is remembered of it, and what is to be done with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlinfra.functions import cost
from mlinfra.functions.busy import Evidence, evidence
from mlinfra.functions.clients import FAILURES, error_code
from mlinfra.functions.decision import Decision, decide
from mlinfra.functions.expiry import Expiry, expiry
from mlinfra.functions.metrics import History, histories
from mlinfra.functions.records import Memory, Records
from mlinfra.functions.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta

    from mlinfra.functions.clients import Clients
    from mlinfra.functions.fleet import Target


@dataclass(frozen=True)
class Look:
    """All that was seen of one cluster at one moment, and what follows from it."""

    target: Target
    rules: Rules
    memory: Memory | None
    """None: the records could not be read."""
    evidence: Evidence
    expiry: Expiry
    cost: cost.Cost
    decision: Decision
    problems: tuple[str, ...]
    """What is odd about the cluster, and does not change what is to be done with it."""


def look(target: Target, records: Records, gpus: Mapping[str, History], now: datetime) -> Look:
    """Look at `target`.

    Args:
        target: the cluster, as AWS described it a moment ago.
        records: the table, which is read now.
        gpus: the GPU metrics of its nodes, by instance id.
        now: the moment that counts.
    """
    rules = Rules.of(target.tags)
    problems = list(rules.problems)
    memory: Memory | None = None
    failure = None
    try:
        memory = records.read(target.name)
    except FAILURES as error:
        failure = error_code(error)
    known = (memory or Memory()).since(target.made)
    expires = expiry(rules, known)
    if expires.problem:
        problems.append(expires.problem)
    so_far = cost.so_far(target.nodes, known.state, now)
    seen = evidence(target, rules, memory, gpus, now)
    if failure:
        seen = replace(seen, reason=f"{seen.reason}: {failure}")
    return Look(
        target=target,
        rules=rules,
        memory=memory,
        evidence=seen,
        expiry=expires,
        cost=so_far,
        decision=decide(target, rules=rules, evidence=seen, expiry=expires, cost=so_far, now=now),
        problems=tuple(problems),
    )


def gpu_histories(clients: Clients, targets: Iterable[Target], now: datetime) -> dict[str, History]:
    """The GPU metrics of all nodes that run, each as far back as its cluster's tags say."""
    windows: dict[str, timedelta] = {}
    for target in targets:
        window = Rules.of(target.tags).idle_for
        if window:
            windows |= {node.instance_id: window for node in target.nodes if node.state == "running"}
    return histories(clients, windows, now)
