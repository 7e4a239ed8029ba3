"""vCPU quotas against what runs and what is declared."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mlinfra.catalog import instance_types, quotas_of
from mlinfra.operations.preflight.answers import counts_for_quota
from mlinfra.operations.preflight.report import QuotaState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlinfra.catalog import QuotaKind
    from mlinfra.declarations import Environment
    from mlinfra.operations.preflight.answers import Answers
    from mlinfra.operations.preflight.demand import Demand


def quota_states(
    environment: Environment, demand: Demand, everything: Sequence[Demand], answers: Answers | None
) -> tuple[QuotaState, ...]:
    """The quotas that a demand needs. Empty for a reservation, which holds its instances already, and for a block.

    Args:
        environment: the environment.
        demand: the demand.
        everything: all demands of the environment, which share the quotas.
        answers: the answers of AWS. None: AWS was not asked.
    """
    return tuple(_states(environment, demand, everything, answers))


def shortage(environment: Environment, quota: QuotaState) -> str:
    """An exceeded quota as a sentence."""
    free, limit = f"{quota.free:g}", f"{quota.limit:g}"
    if quota.is_exceeded:
        return (
            f"The quota {quota.name!r} is {limit} vCPUs in {environment.region}, of which {quota.used:g} are in use. "
            f"{quota.asked} more are needed, and {free} are left."
        )
    return (
        f"All declared capacity together needs {quota.asked_by_all} more vCPUs of the quota {quota.name!r}, and {free} "
        f"of {limit} are left."
    )


def increase(environment: Environment, quota: QuotaState) -> str:
    """The command that requests a sufficient quota, unless a sufficient one is requested already."""
    desired = math.ceil((quota.used or 0) + quota.asked_by_all)
    if quota.requested is not None and quota.requested >= desired:
        return f"Wait for AWS: a quota of {quota.requested:g} vCPUs is already requested, and {desired} are sufficient."
    if quota.requested is not None:
        return (
            f"A quota of {quota.requested:g} vCPUs is already requested, and {desired} are needed: ask for more in the "
            f"support case of the request. AWS accepts no second request for {quota.code} while it is open."
        )
    return (
        f"Request a quota of {desired} vCPUs, which takes AWS minutes to days: aws service-quotas "
        f"request-service-quota-increase --region {environment.region} --service-code ec2 --quota-code {quota.code} "
        f"--desired-value {desired}"
    )


def _states(
    environment: Environment, demand: Demand, everything: Sequence[Demand], answers: Answers | None
) -> Iterator[QuotaState]:
    if demand.purchase in {"reservation", "block"}:
        return
    kinds: list[QuotaKind] = ["spot"] if demand.purchase == "spot" else ["on_demand"]
    if demand.on_demand_nodes:
        kinds.append("on_demand")
    codes = dict.fromkeys(
        (kind, found[0].code) for kind in kinds for name in demand.instance_types if (found := quotas_of(name, kind))
    )
    for kind, code in codes:
        quota = answers.quotas.get(code) if answers else None
        known = next(each for name in demand.instance_types for each in quotas_of(name, kind) if each.code == code)
        yield QuotaState(
            code=quota.code if quota else known.code,
            name=quota.name if quota else known.name,
            limit=quota.value if quota else None,
            used=_used(kind, code, answers),
            asked=_asked(environment, demand, kind, code, answers),
            asked_by_all=sum(_asked(environment, each, kind, code, answers) for each in everything),
            requested=answers.requested.get(code) if answers else None,
            basis="unknown" if quota is None else "default" if quota.is_default else "applied",
        )


def _asked(environment: Environment, demand: Demand, kind: QuotaKind, code: str, answers: Answers | None) -> int:
    """The vCPUs of a quota that a demand needs in addition to its running nodes."""
    if demand.purchase not in {"spot", "on_demand"}:
        return 0
    if demand.purchase == "spot":
        nodes = demand.nodes - demand.on_demand_nodes if kind == "spot" else demand.on_demand_nodes
    else:
        nodes = demand.nodes if kind == "on_demand" else 0
    vcpus = [instance_types()[name].vcpu for name in demand.instance_types if _code(name, kind) == code]
    if not vcpus:
        return 0
    running = [
        each
        for each in (answers.running if answers and answers.running else ())
        if (each.project, each.environment, each.name) == (environment.project, environment.name, demand.name)
        and each.market == kind
        and _code(each.instance_type, kind) == code
    ]
    return max(0, nodes * max(vcpus) - sum(each.vcpus for each in running))


def _used(kind: QuotaKind, code: str, answers: Answers | None) -> float | None:
    """The vCPUs in use. Unused reservations count towards On-Demand quotas."""
    if answers is None or answers.running is None or (kind == "on_demand" and answers.reservations is None):
        return None
    running = sum(
        each.vcpus for each in answers.running if each.market == kind and _code(each.instance_type, kind) == code
    )
    if kind == "spot":
        return running
    return running + sum(
        each.unused * instance_types()[each.instance_type].vcpu
        for each in answers.reservations or ()
        if counts_for_quota(each) and each.instance_type in instance_types() and _code(each.instance_type, kind) == code
    )


def _code(instance_type: str, kind: QuotaKind) -> str | None:
    return next((each.code for each in quotas_of(instance_type, kind)), None)
