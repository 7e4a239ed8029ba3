"""Gap: rotation period of KMS keys.

moto keeps only whether a key rotates, so a plan with a period always has a difference. In AWS, the default
period is 365 days, and it is returned with the date of the next rotation. Source: KMS API reference,
EnableKeyRotation and GetKeyRotationStatus, read 2026-11-24.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from moto.core.utils import unix_time, utcnow
from moto.kms.responses import KmsResponse

from mlinfra.local_aws.mechanisms.api_model import ApiError, checked_request
from mlinfra.local_aws.mechanisms.extending import kept, wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.kms.models import Key

_DEFAULT_DAYS = 365


def is_open() -> bool:
    """True if moto ignores the period."""
    return "RotationPeriodInDays" not in KmsResponse.enable_key_rotation.__code__.co_consts


def close() -> None:
    """Close the gap: keep and return the period."""
    wrap(KmsResponse, "enable_key_rotation", _enable)
    wrap(KmsResponse, "get_key_rotation_status", _status)


def _enable(original: Callable[[KmsResponse], str], response: KmsResponse) -> str:
    request = checked_request(response, "EnableKeyRotation")
    answer = original(response)
    key = _key(response)
    if key.key_spec != "SYMMETRIC_DEFAULT":
        key.key_rotation_status = False
        raise ApiError(code="UnsupportedOperationException", message="The key type does not support rotation.")
    period = request.get("RotationPeriodInDays", _DEFAULT_DAYS)
    _periods(response)[key.id] = (period, unix_time(utcnow() + timedelta(days=period)))
    return answer


def _status(original: Callable[[KmsResponse], str], response: KmsResponse) -> str:
    answer: dict[str, Any] = json.loads(original(response))
    key = _key(response)
    answer["KeyId"] = key.id
    if answer["KeyRotationEnabled"]:
        answer["RotationPeriodInDays"], answer["NextRotationDate"] = _periods(response)[key.id]
    return json.dumps(answer)


def _key(response: KmsResponse) -> Key:
    backend = response.kms_backend
    return backend.keys[backend.get_key_id(response._get_param("KeyId"))]  # noqa: SLF001  moto's way to read a parameter


def _periods(response: KmsResponse) -> dict[str, tuple[int, float]]:
    """Period in days and date of the next rotation, by key."""
    return kept(response.kms_backend, "rotation periods", dict)
