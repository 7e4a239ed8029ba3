"""Gap: origin, properties and idempotence of SageMaker model packages.

moto accepts properties of any number and with any characters, and ignores `SourceUri` and `ClientToken`: a repeated
request makes a second version. AWS answers a repeated token with the first version, and refuses an origin together with
an inference specification. Source: SageMaker API reference,
CreateModelPackage, and aws/sagemaker-python-sdk, pull request 4492, read 2026-11-30.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import AWSValidationException
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from mlinfra.local_aws.mechanisms.extending import kept, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MOST_PROPERTIES = 50
_PROPERTY = re.compile(r"[\w .:/=+\-@]{1,256}")


def is_open() -> bool:
    """True if moto has no origin of model packages."""
    return "source_uri" not in SageMakerModelBackend.create_model_package.__code__.co_varnames


def close() -> None:
    """Close the gap: keep origins, and answer a repeated token with the first version."""
    wrap(SageMakerResponse, "create_model_package", _create)
    wrap(SageMakerResponse, "describe_model_package", _describe)


def _create(of_moto: Callable[[SageMakerResponse], ActionResult], response: SageMakerResponse) -> ActionResult:
    origin, token = response.params.get("SourceUri"), response.params.get("ClientToken")
    if origin and response.params.get("InferenceSpecification"):
        message = "SourceUri and InferenceSpecification cannot be specified together."
        raise AWSValidationException(message)
    _check(response.params.get("CustomerMetadataProperties") or {})
    tokens: dict[str, str] = kept(response.sagemaker_backend, "model_package_tokens", dict)
    if token in tokens:
        return ActionResult({"ModelPackageArn": tokens[token]})
    made = of_moto(response)
    arn: str = made.result["ModelPackageArn"]  # type: ignore[index]
    if token:
        tokens[token] = arn
    if origin:
        _origins(response)[arn] = origin
    return made


def _describe(of_moto: Callable[[SageMakerResponse], ActionResult], response: SageMakerResponse) -> ActionResult:
    found: dict[str, object] = dict(of_moto(response).result)  # type: ignore[call-overload]
    origin = _origins(response).get(str(found["ModelPackageArn"]))
    return ActionResult(found | {"SourceUri": origin} if origin else found)


def _check(properties: Mapping[str, str]) -> None:
    if len(properties) > _MOST_PROPERTIES:
        message = f"CustomerMetadataProperties: at most {_MOST_PROPERTIES} entries, got {len(properties)}."
        raise AWSValidationException(message)
    for text in (*properties, *properties.values()):
        if not _PROPERTY.fullmatch(text):
            message = f"CustomerMetadataProperties: {text!r} does not satisfy the pattern {_PROPERTY.pattern}"
            raise AWSValidationException(message)


def _origins(response: SageMakerResponse) -> dict[str, str]:
    return kept(response.sagemaker_backend, "model_package_origins", dict)
