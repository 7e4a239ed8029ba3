"""The preflight of environments: complete on demand, and quick as a part of a plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mlinfra.operations.preflight.answers import PATIENT, QUICK, Questions, ask, quota_alternatives
from mlinfra.operations.preflight.assessment import assess, block_search
from mlinfra.operations.preflight.demand import demands
from mlinfra.operations.preflight.endpoints import endpoint_lines
from mlinfra.operations.preflight.report import Preflight

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import boto3

    from mlinfra.catalog import QuotaKind
    from mlinfra.declarations import Environment
    from mlinfra.operations.preflight.demand import Demand, Place

QUICK_SECONDS: Final = 8.0
"""The longest time that a plan waits for the answers of all environments together, in seconds."""


def preflight(
    environment: Environment, session: boto3.session.Session | None, *, experiment: str | None = None
) -> Preflight:
    """Check the capacity that an environment declares.

    Args:
        environment: the environment.
        session: a session with credentials of its account, in its region. None: only the catalog is read.
        experiment: the only experiment or queue to check. Default: all, and the endpoints. Quotas are compared with
            all of them.

    Raises:
        OperationError: if `experiment` is not declared, or has expired.
    """
    if experiment is not None:
        return _check(environment, session, demands(environment, experiment), demands(environment), quick=False)
    found = _check(environment, session, demands(environment), demands(environment), quick=False)
    endpoints, failed = endpoint_lines(environment, session, PATIENT)
    return replace(found, endpoints=endpoints, failed=(*found.failed, *failed))


def quick_preflights(
    capacities: Sequence[tuple[Place, Sequence[Demand]]], session: boto3.session.Session
) -> tuple[Preflight, ...]:
    """Check zones, quotas and reservations for several environments of one account, without retries.

    Capacity Blocks and spot prices are left out, and so are environments without capacity. An environment whose answers
    do not arrive in time has them in `failed`.

    Args:
        capacities: the environments, each with its demands.
        session: a session with credentials of their account.
    """
    asking = [(place, found) for place, found in capacities if found]
    return tuple(_check(place, session, found, found, quick=True, parts=len(asking)) for place, found in asking)


def _check(
    place: Place,
    session: boto3.session.Session | None,
    selected: Sequence[Demand],
    everything: Sequence[Demand],
    *,
    quick: bool,
    parts: int = 1,
) -> Preflight:
    answers = None
    if session is not None and selected:
        answers = ask(
            session,
            _questions(place, selected, quick=quick),
            region=place.region,
            config=QUICK if quick else PATIENT,
            seconds=QUICK_SECONDS / parts if quick else None,
        )
    return Preflight(
        environment=place.name,
        region=place.region,
        lines=tuple(assess(place, each, everything, answers) for each in selected),
        asked_aws=session is not None,
        failed=tuple(answers.failed) if answers else (),
    )


def _questions(place: Place, selected: Iterable[Demand], *, quick: bool) -> Questions:
    types = {name: None for each in selected for name in each.instance_types}
    kinds: dict[QuotaKind, None] = {}
    for each in selected:
        if each.purchase == "spot":
            kinds["spot"] = None
        if each.purchase == "on_demand" or each.on_demand_nodes:
            kinds["on_demand"] = None
    spot = {name: None for each in selected if each.purchase == "spot" for name in each.instance_types}
    searches = [block_search(place, each) for each in selected]
    return Questions(
        types=tuple(types),
        quotas=quota_alternatives(types, kinds),
        spot_types=() if quick else tuple(spot),
        searches=() if quick else tuple(dict.fromkeys(each for each in searches if each)),
    )
