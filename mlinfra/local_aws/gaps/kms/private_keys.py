"""Gap: symmetric KMS keys have no private key.

moto generates an RSA key for each KMS key, also for a symmetric one, which takes a tenth of a second to a second, and
returns its public part. In AWS, only asymmetric keys have a key pair, and GetPublicKey refuses others. Source: KMS API
reference, GetPublicKey and its errors, read 2026-11-30.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from moto.kms import models
from moto.kms.utils import KeySpec, generate_private_key

from mlinfra.local_aws.mechanisms.api_model import ApiError

if TYPE_CHECKING:
    from moto.kms.utils import AbstractPrivateKey


class _NoPrivateKey:
    """The private key of a key without one. moto refuses to sign and verify by the usage of the key."""

    def public_key(self) -> NoReturn:
        raise ApiError(code="UnsupportedOperationException", message="The key type does not support this operation.")


def is_open() -> bool:
    """True if moto generates a private key when it creates any key."""
    return "generate_private_key" in models.Key.__init__.__code__.co_names


def close() -> None:
    """Close the gap: generate private keys of asymmetric keys only."""
    module: Any = models
    module.generate_private_key = _private_key


def _private_key(key_spec: str) -> AbstractPrivateKey | _NoPrivateKey:
    asymmetric = {*KeySpec.rsa_key_specs(), *KeySpec.ecc_key_specs(), KeySpec.SM2}
    return generate_private_key(key_spec) if key_spec in asymmetric else _NoPrivateKey()
