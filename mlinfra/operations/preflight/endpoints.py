"""Instances of SageMaker endpoints against their quotas: each instance type has one in a region."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from mlinfra.catalog import sagemaker_rate
from mlinfra.declarations import Serverless
from mlinfra.operations.preflight.report import EndpointLine, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    import boto3
    from botocore.config import Config

    from mlinfra.declarations import Endpoint, Environment

_SUFFIX: Final = " for endpoint usage"
"""The names of the quotas, such as `ml.g5.xlarge for endpoint usage`."""
_NOT_FOUND: Final = "ValidationException"
"""The code of DescribeEndpoint for an endpoint that was deleted meanwhile (SageMaker API reference, DescribeEndpoint,
read 2026-11-29)."""


@dataclass
class EndpointAnswers:
    """The answers of AWS. A part without an answer is None, and the reason is in `failed`."""

    quotas: Mapping[str, tuple[str, float]] | None = None
    """Code and value of the quota, by instance type."""
    used: Mapping[str, int] | None = None
    """The instances of endpoints that the environment does not declare, by instance type."""
    failed: list[str] = field(default_factory=list)


def endpoint_lines(
    environment: Environment, session: boto3.session.Session | None, config: Config
) -> tuple[tuple[EndpointLine, ...], tuple[str, ...]]:
    """The endpoints of an environment against their quotas, and the checks that failed.

    Args:
        environment: the environment. Serverless endpoints have no instances and are left out.
        session: a session with credentials of its account. None: AWS is not asked.
        config: the settings of the clients.
    """
    endpoints = [each for each in environment.endpoints if not isinstance(each.hosting, Serverless)]
    if not endpoints:
        return (), ()
    answers = EndpointAnswers()
    if session is not None:
        types = {_type(each) for each in endpoints}
        own = {environment.names.endpoint(each) for each in environment.endpoints}
        answers = _ask(session, environment.region, config, types=types, own=own)
    return tuple(_assess(environment, each, endpoints, answers) for each in endpoints), tuple(answers.failed)


def _ask(
    session: boto3.session.Session, region: str, config: Config, *, types: Collection[str], own: Collection[str]
) -> EndpointAnswers:
    found = EndpointAnswers()
    quotas = session.client("service-quotas", region_name=region, config=config)
    sagemaker = session.client("sagemaker", region_name=region, config=config)
    found.quotas = _answer("quotas of SageMaker endpoints", lambda: _quotas(quotas, types), found.failed)
    found.used = _answer("instances of SageMaker endpoints", lambda: _used(sagemaker, own), found.failed)
    return found


def _answer(label: str, question: Callable[[], Any], failed: list[str]) -> Any:  # noqa: ANN401  any answer
    try:
        return question()
    except ClientError as error:
        given = error.response.get("Error", {})
        failed.append(f"{label}: {error.operation_name} failed with {given.get('Code')}: {given.get('Message')}")
    except BotoCoreError as error:
        failed.append(f"{label}: {error}")
    return None


def _quotas(client: Any, types: Collection[str]) -> dict[str, tuple[str, float]]:  # noqa: ANN401  boto3 is untyped
    """The account's own quotas; those that were never changed are AWS's defaults."""
    wanted = {f"{name}{_SUFFIX}": name for name in types}
    found: dict[str, tuple[str, float]] = {}
    for operation in ("list_service_quotas", "list_aws_default_service_quotas"):
        for page in client.get_paginator(operation).paginate(ServiceCode="sagemaker"):
            for quota in page["Quotas"]:
                name = wanted.get(quota["QuotaName"])
                if name is not None:
                    found.setdefault(name, (quota["QuotaCode"], float(quota["Value"])))
            if len(found) == len(wanted):
                return found
    return found


def _used(client: Any, own: Collection[str]) -> Counter[str]:  # noqa: ANN401
    found: Counter[str] = Counter()
    for page in client.get_paginator("list_endpoints").paginate():
        for each in page["Endpoints"]:
            if each["EndpointName"] not in own:
                found.update(_instances(client, each["EndpointName"]))
    return found


def _instances(client: Any, name: str) -> Counter[str]:  # noqa: ANN401
    """The instances of an endpoint by type. Empty if it was deleted meanwhile."""
    try:
        endpoint = client.describe_endpoint(EndpointName=name)
        config = client.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    except ClientError as error:
        if error.response["Error"]["Code"] != _NOT_FOUND:
            raise
        return Counter()
    types = {each["VariantName"]: each.get("InstanceType") for each in _variants(config)}
    found: Counter[str] = Counter()
    for each in _variants(endpoint):
        instance_type = types.get(each["VariantName"])
        if instance_type:
            found[instance_type] += max(each.get("CurrentInstanceCount", 0), each.get("DesiredInstanceCount", 0))
    return found


def _variants(described: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from described.get("ProductionVariants", ())
    yield from described.get("ShadowProductionVariants", ())


def _assess(
    environment: Environment, endpoint: Endpoint, endpoints: Sequence[Endpoint], answers: EndpointAnswers
) -> EndpointLine:
    name, most = _type(endpoint), _most(endpoint)
    code, limit = (answers.quotas or {}).get(name, (None, None))
    used = None if answers.used is None else answers.used.get(name, 0)
    together = sum(_most(each) for each in endpoints if _type(each) == name)
    updating = together + _initial(endpoint)
    rate = sagemaker_rate("hosting", name, environment.region)
    line = EndpointLine(
        name=endpoint.name,
        owner=endpoint.owner,
        instance_type=name,
        instances=most,
        asked_by_all=together,
        quota_code=code,
        limit=limit,
        used=used,
        usd_per_hour=rate.usd * most if rate else None,
        verdict=Verdict.UNKNOWN,
    )
    if limit is None or used is None:
        return line
    quota = f"The quota {name + _SUFFIX!r} is {limit:g} in {environment.region}"
    others = f"{used} are used by endpoints that {environment.name} does not declare"
    left = limit - used
    needed = 0
    obstacles: list[str] = []
    notes: list[str] = []
    if most > left:
        needed = together
        obstacles.append(f"{quota}, and {others}. The endpoint needs up to {most}.")
    elif together > left:
        needed = together
        notes.append(f"{quota}, and {others}. All endpoints of {environment.name} together need up to {together}.")
    elif updating > left:
        needed = updating
        notes.append(
            f"{quota}, and {others}. An update of the endpoint launches a second fleet beside the first, and needs "
            f"{updating} at full load."
        )
    return line.with_remarks(
        Verdict.UNAVAILABLE if obstacles else Verdict.NO_OBSTACLE,
        obstacles=tuple(obstacles),
        notes=tuple(notes),
        actions=(_increase(environment, str(code), math.ceil(used + needed)),) if needed else (),
    )


def _increase(environment: Environment, code: str, desired: int) -> str:
    return (
        f"Request a quota of {desired} instances: aws service-quotas request-service-quota-increase --region "
        f"{environment.region} --service-code sagemaker --quota-code {code} --desired-value {desired}"
    )


def _type(endpoint: Endpoint) -> str:
    return str(getattr(endpoint.hosting, "instance_type", ""))


def _most(endpoint: Endpoint) -> int:
    """The most instances of all its variants."""
    most = getattr(endpoint.hosting, "max_instances", None) or _instances_of_a_variant(endpoint)
    return int(most) * len(endpoint.all_variants)


def _initial(endpoint: Endpoint) -> int:
    """The instances of a new fleet of all its variants."""
    return _instances_of_a_variant(endpoint) * len(endpoint.all_variants)


def _instances_of_a_variant(endpoint: Endpoint) -> int:
    return int(getattr(endpoint.hosting, "instances", 1))
