"""Gap: Batch compute environments without a service role.

moto refuses such an environment. In AWS, Batch then uses its service-linked role, which it creates with the
first such environment of an account. Source: Batch API reference, CreateComputeEnvironment (serviceRole);
Batch user guide, "Using service-linked roles for AWS Batch"; read 2026-11-24.
"""

from __future__ import annotations

from inspect import unwrap
from typing import TYPE_CHECKING, Any

from moto.batch.models import BatchBackend
from moto.iam.exceptions import NotFoundException

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.batch.models import ComputeEnvironment
    from moto.iam.models import IAMBackend

_SERVICE = "batch.amazonaws.com"
_NAME = "AWSServiceRoleForBatch"
_TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "batch.amazonaws.com"}, '
    '"Action": "sts:AssumeRole"}]}'
)


def is_open() -> bool:
    """True if moto requires a role."""
    # Another gap may already have wrapped the same method.
    constants = unwrap(BatchBackend.create_compute_environment).__code__.co_consts
    return any("ServiceRole is required" in str(each) for each in constants)


def close() -> None:
    """Close the gap: use the service-linked role when no role is given."""
    wrap(BatchBackend, "create_compute_environment", _create)


def _create(
    original: Callable[..., ComputeEnvironment],
    backend: BatchBackend,
    *args: Any,  # noqa: ANN401  moto's
    service_role: str | None,
    **others: Any,  # noqa: ANN401  moto's
) -> ComputeEnvironment:
    role = service_role or _service_linked_role(backend.iam_backend)
    return original(backend, *args, service_role=role, **others)


def _service_linked_role(iam: IAMBackend) -> str:
    try:
        return str(iam.get_role(_NAME).arn)
    except NotFoundException:
        role = iam.create_role(
            _NAME,
            _TRUST,
            f"/aws-service-role/{_SERVICE}/",
            permissions_boundary=None,
            description="",
            tags=[],
            max_session_duration="3600",
            linked_service=_SERVICE,
        )
        return str(role.arn)
