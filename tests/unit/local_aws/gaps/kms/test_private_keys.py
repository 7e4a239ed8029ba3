"""Key pairs of KMS keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.local_aws.conftest import error_code

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def kms(client: Callable[..., Any]) -> Any:
    return client("kms")


@pytest.mark.parametrize(
    "request_", [{}, {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}], ids=["symmetric", "hmac"]
)
def test_a_symmetric_key_has_no_public_key(kms: Any, request_: dict[str, str]) -> None:
    key = kms.create_key(**request_)["KeyMetadata"]["KeyId"]
    assert error_code(kms.get_public_key, KeyId=key) == "UnsupportedOperationException"


@pytest.mark.parametrize(
    ("spec", "algorithm"), [("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256"), ("ECC_NIST_P256", "ECDSA_SHA_256")]
)
def test_an_asymmetric_key_signs_and_has_a_public_key(kms: Any, spec: str, algorithm: str) -> None:
    key = kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    signed = kms.sign(KeyId=key, Message=b"text", SigningAlgorithm=algorithm)["Signature"]
    assert kms.verify(KeyId=key, Message=b"text", Signature=signed, SigningAlgorithm=algorithm)["SignatureValid"]
    assert kms.get_public_key(KeyId=key)["PublicKey"]


def test_a_symmetric_key_encrypts(kms: Any) -> None:
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    encrypted = kms.encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=encrypted)["Plaintext"] == b"text"
