"""Assessment of a cluster: its activity, expiry and cost, and the decision that follows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mlinfra.functions.activity import Evidence, cpu_window, evidence_window, gather_evidence
from mlinfra.functions.clients import FAILURES, error_code
from mlinfra.functions.cost import Cost, so_far
from mlinfra.functions.decision import Decision, decide
from mlinfra.functions.expiry import Expiry, expiry
from mlinfra.functions.metrics import CPU, History, histories
from mlinfra.functions.records import Memory, Records
from mlinfra.functions.rules import Rules
from mlinfra.functions.silence import Silence, find_silence

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime, timedelta

    from mlinfra.functions.clients import Clients
    from mlinfra.functions.fleet import Target


@dataclass(frozen=True)
class Assessment:
    """The state of one cluster at one moment, and the decision that follows from it."""

    target: Target
    rules: Rules
    memory: Memory | None
    """Its records. None: they could not be read."""
    evidence: Evidence
    expiry: Expiry
    cost: Cost
    decision: Decision
    problems: tuple[str, ...]
    """Invalid tags and records, which are reported and do not change the decision."""
    silence: Silence = field(default_factory=Silence)
    """The nodes of which one source of evidence is silent."""

    def with_cost(self, counted: Cost, now: datetime) -> Assessment:
        """The assessment with another cost, and the decision that follows from it."""
        decision = decide(
            self.target,
            rules=self.rules,
            evidence=self.evidence,
            expiry=self.expiry,
            cost=counted,
            now=now,
            jobs=self.memory.jobs if self.memory else (),
            has_records=self.memory is not None,
        )
        return replace(self, cost=counted, decision=decision)


def assess(
    clients: Clients, target: Target, records: Records, gpus: Mapping[str, History], now: datetime
) -> Assessment:
    """Assess `target`.

    Args:
        clients: the AWS clients, to read the CPU metrics of nodes without reports and GPU metrics.
        target: the cluster, as just described by AWS.
        records: the table, which this reads.
        gpus: the GPU metrics of its nodes, by instance id.
        now: the time of the assessment.
    """
    rules = Rules.of(target.tags)
    problems = list(rules.problems)
    memory: Memory | None = None
    failure = None
    try:
        memory = records.read(target.name)
    except FAILURES as error:
        failure = error_code(error)
    known = (memory or Memory()).since(target.created_at)
    expires = expiry(rules, known)
    if expires.problem:
        problems.append(expires.problem)
    spent = so_far(target, known.state, now)

    def read_cpus(nodes: Collection[str]) -> dict[str, History]:
        window = cpu_window(rules)
        return histories(clients, dict.fromkeys(nodes, window), now, CPU) if window else {}

    seen = gather_evidence(target, rules, memory, gpus, now, read_cpus=read_cpus)
    if failure:
        seen = replace(seen, reason=f"{seen.reason}: {failure}")
    return Assessment(
        target=target,
        rules=rules,
        memory=memory,
        evidence=seen,
        expiry=expires,
        cost=spent,
        decision=decide(
            target,
            rules=rules,
            evidence=seen,
            expiry=expires,
            cost=spent,
            now=now,
            jobs=known.jobs,
            has_records=memory is not None,
        ),
        problems=tuple(problems),
        silence=find_silence(target, rules, memory, gpus, now) if memory is not None else Silence(),
    )


def gpu_histories(clients: Clients, targets: Iterable[Target], now: datetime) -> dict[str, History]:
    """The GPU metrics of all running nodes, each over the window that follows from its cluster's tags."""
    windows: dict[str, timedelta] = {}
    for target in targets:
        window = evidence_window(Rules.of(target.tags))
        if window:
            windows |= {node.instance_id: window for node in target.nodes if node.state == "running"}
    return histories(clients, windows, now)
