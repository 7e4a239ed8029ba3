"""The preflight of environments: complete on demand, and quick as a part of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.operations.preflight.answers import PATIENT, QUICK, Questions, ask, quota_alternatives
from mlinfra.operations.preflight.assessment import assess, block_search
from mlinfra.operations.preflight.demand import demands
from mlinfra.operations.preflight.report import Preflight

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import boto3

    from mlinfra.catalog import QuotaKind
    from mlinfra.declarations import Environment
    from mlinfra.operations.preflight.demand import Demand

QUICK_SECONDS: Final = 8.0
"""The longest time that a plan waits for the answers of all environments together, in seconds."""


def preflight(
    environment: Environment, session: boto3.session.Session | None, *, experiment: str | None = None
) -> Preflight:
    """Check the capacity that an environment declares.

    Args:
        environment: the environment.
        session: a session with credentials of its account, in its region. None: only the catalog is read.
        experiment: the only experiment or queue to check. Default: all. Quotas are compared with all of them.

    Raises:
        OperationError: if `experiment` is not declared, or has expired.
    """
    selected = demands(environment, experiment)
    return _check(environment, session, selected, quick=False)


def quick_preflights(environments: Sequence[Environment], session: boto3.session.Session) -> tuple[Preflight, ...]:
    """Check zones, quotas and reservations of several environments of one account, without retries.

    Capacity Blocks and spot prices are left out, and so are environments without capacity. An environment whose answers
    do not arrive in time has them in `failed`.

    Args:
        environments: the environments.
        session: a session with credentials of their account.
    """
    asking = [each for each in environments if demands(each)]
    return tuple(_check(each, session, demands(each), quick=True, parts=len(asking)) for each in asking)


def _check(
    environment: Environment,
    session: boto3.session.Session | None,
    selected: Sequence[Demand],
    *,
    quick: bool,
    parts: int = 1,
) -> Preflight:
    everything = demands(environment)
    today = environment.today
    answers = None
    if session is not None and selected:
        questions = _questions(environment, selected, quick=quick)
        answers = ask(
            session,
            questions,
            region=environment.region,
            config=QUICK if quick else PATIENT,
            seconds=QUICK_SECONDS / parts if quick else None,
        )
    return Preflight(
        environment=environment.name,
        region=environment.region,
        lines=tuple(assess(environment, each, everything, answers, today) for each in selected),
        asked_aws=session is not None,
        failed=tuple(answers.failed) if answers else (),
    )


def _questions(environment: Environment, selected: Iterable[Demand], *, quick: bool) -> Questions:
    types = {name: None for each in selected for name in each.instance_types}
    kinds: dict[QuotaKind, None] = {}
    for each in selected:
        if each.purchase == "spot":
            kinds["spot"] = None
        if each.purchase == "on_demand" or each.on_demand_nodes:
            kinds["on_demand"] = None
    spot = {name: None for each in selected if each.purchase == "spot" for name in each.instance_types}
    searches = [block_search(environment, each, environment.today) for each in selected]
    return Questions(
        types=tuple(types),
        quotas=quota_alternatives(types, kinds),
        spot_types=() if quick else tuple(spot),
        searches=() if quick else tuple(dict.fromkeys(each for each in searches if each)),
    )
