"""vCPU quotas against what runs and what is declared."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mlinfra.catalog import instance_types, quotas_of
from mlinfra.operations.preflight.answers import counts_for_quota
from mlinfra.operations.preflight.report import QuotaState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlinfra.catalog import Quota, QuotaKind
    from mlinfra.operations.preflight.answers import Answers
    from mlinfra.operations.preflight.demand import Demand, Place


def quota_states(
    place: Place, demand: Demand, everything: Sequence[Demand], answers: Answers | None
) -> tuple[QuotaState, ...]:
    """The quotas that a demand needs. Empty for a reservation, which holds its instances already, and for a block.

    Args:
        place: the environment.
        demand: the demand.
        everything: all demands of the environment, which share the quotas.
        answers: the answers of AWS. None: AWS was not asked.
    """
    return tuple(_states(place, demand, everything, answers))


def shortage(place: Place, quota: QuotaState) -> str:
    """An exceeded quota as a sentence."""
    free, limit = f"{quota.free:g}", f"{quota.limit:g}"
    if quota.is_exceeded:
        return (
            f"The quota {quota.name!r} is {limit} vCPUs in {place.region}, of which {quota.used:g} are in use. "
            f"{quota.asked} more are needed, and {free} are left."
        )
    return (
        f"All declared capacity together needs {quota.asked_by_all} more vCPUs of the quota {quota.name!r}, and {free} "
        f"of {limit} are left."
    )


def increase(place: Place, quota: QuotaState) -> str:
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
        f"request-service-quota-increase --region {place.region} --service-code ec2 --quota-code {quota.code} "
        f"--desired-value {desired}"
    )


def _states(
    place: Place, demand: Demand, everything: Sequence[Demand], answers: Answers | None
) -> Iterator[QuotaState]:
    if demand.purchase in {"reservation", "block"}:
        return
    kinds: list[QuotaKind] = ["spot"] if demand.purchase == "spot" else ["on_demand"]
    if demand.on_demand_nodes:
        kinds.append("on_demand")
    for kind in kinds:
        quotas = dict.fromkeys(_quota(name, kind, answers) for name in demand.instance_types)
        for quota in filter(None, quotas):
            yield _state(place, demand, everything, answers, kind=kind, quota=quota)


def _state(
    place: Place,
    demand: Demand,
    everything: Sequence[Demand],
    answers: Answers | None,
    *,
    kind: QuotaKind,
    quota: Quota,
) -> QuotaState:
    values = answers.quotas.values() if answers else ()
    value = next((each for each in values if each and each.code == quota.code), None)
    # Answers have the code of the first alternative.
    first = next((code for code, each in answers.quotas.items() if each is value), "") if answers and value else ""
    return QuotaState(
        code=quota.code,
        name=value.name if value else quota.name,
        purchase=kind,
        limit=value.value if value else None,
        used=_used(kind, quota, answers),
        asked=_asked(place, [demand], kind, quota, answers),
        asked_by_all=_asked(place, everything, kind, quota, answers),
        requested=answers.requested.get(first) if answers else None,
        basis="unknown" if value is None else "default" if value.is_default else "applied",
    )


def _asked(place: Place, demands: Sequence[Demand], kind: QuotaKind, quota: Quota, answers: Answers | None) -> int:
    """The vCPUs of a quota that demands need in addition to their running nodes and to open reservations."""
    asked = sum(_missing(place, each, kind, quota, answers) for each in demands)
    if kind == "spot":
        return asked
    # Instances that match an open reservation are launched in it, and it counts towards the quota already.
    types = {name for each in demands if each.purchase == "on_demand" for name in each.instance_types}
    reserved = sum(
        each.unused * instance_types()[each.instance_type].vcpu
        for each in (answers.reservations if answers and answers.reservations else ())
        if counts_for_quota(each) and not each.is_targeted and each.instance_type in types
        if _quota(each.instance_type, kind, answers) == quota
    )
    return max(0, asked - reserved)


def _missing(place: Place, demand: Demand, kind: QuotaKind, quota: Quota, answers: Answers | None) -> int:
    """The vCPUs of the nodes of a demand that do not run yet."""
    if demand.purchase == "spot":
        nodes = demand.nodes - demand.on_demand_nodes if kind == "spot" else demand.on_demand_nodes
    else:
        nodes = demand.nodes if kind == demand.purchase else 0
    vcpus = [instance_types()[name].vcpu for name in demand.instance_types if _quota(name, kind, answers) == quota]
    if not vcpus:
        return 0
    running = [
        each
        for each in (answers.running if answers and answers.running else ())
        if (each.project, each.environment, each.name) == (place.project, place.name, demand.name)
        and each.market == kind
        and _quota(each.instance_type, kind, answers) == quota
    ]
    return max(0, nodes * max(vcpus) - sum(each.vcpus for each in running))


def _used(kind: QuotaKind, quota: Quota, answers: Answers | None) -> float | None:
    """The vCPUs in use. Unused reservations count towards On-Demand quotas."""
    if answers is None or answers.running is None or (kind == "on_demand" and answers.reservations is None):
        return None
    running = sum(
        each.vcpus
        for each in answers.running
        if each.market == kind and _quota(each.instance_type, kind, answers) == quota
    )
    if kind == "spot":
        return running
    return running + sum(
        each.unused * instance_types()[each.instance_type].vcpu
        for each in answers.reservations or ()
        if counts_for_quota(each) and each.instance_type in instance_types()
        if _quota(each.instance_type, kind, answers) == quota
    )


def _quota(instance_type: str, kind: QuotaKind, answers: Answers | None) -> Quota | None:
    """The quota that limits a type: of the alternatives, the one that AWS has, else the one of newer lists."""
    alternatives = quotas_of(instance_type, kind)
    if not alternatives:
        return None
    value = answers.quotas.get(alternatives[0].code) if answers else None
    return next((each for each in alternatives if value and each.code == value.code), alternatives[-1])
