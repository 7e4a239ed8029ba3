"""Gap: configuration of Lambda functions.

moto discards the dead letter queue, the logging and the file systems of a function, ignores changes of its
tracing, storage, key and image, and fails if its environment is emptied. In AWS, the configuration is
returned as put, with its log group. Source: Lambda API reference, CreateFunction, UpdateFunctionConfiguration
and FunctionConfiguration, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.awslambda.models import ImageConfig, LambdaFunction

from mlinfra.local_aws.mechanisms.api_model import ApiError
from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Configuration = dict[str, Any]

_DEAD_LETTERS = "DeadLetterConfig"
_LOGGING = "LoggingConfig"
_AS_PUT = (_DEAD_LETTERS, _LOGGING, "FileSystemConfigs")
_LEVELS = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}


def is_open() -> bool:
    """True if moto discards the dead letter queue."""
    return _DEAD_LETTERS not in LambdaFunction.get_configuration.__code__.co_consts


def close() -> None:
    """Close the gap: keep the whole configuration."""
    wrap(LambdaFunction, "__init__", _create)
    wrap(LambdaFunction, "update_configuration", _update)
    wrap(LambdaFunction, "get_configuration", _configuration)


def _create(
    original: Callable[..., None],
    function: Any,  # noqa: ANN401  with an attribute that moto's class lacks
    account_id: str,
    spec: Configuration,
    *others: Any,  # noqa: ANN401  moto's
    **named: Any,  # noqa: ANN401  moto's
) -> None:
    original(function, account_id, spec, *others, **named)
    function.put_for_mlinfra = {}
    _put(function, spec)


def _update(original: Callable[..., Configuration], function: Any, updates: Configuration) -> Configuration:  # noqa: ANN401
    _put(function, updates)
    if "TracingConfig" in updates:
        function.tracing_config = updates["TracingConfig"]
    if "EphemeralStorage" in updates:
        function.ephemeral_storage = updates["EphemeralStorage"]["Size"]
    if "KMSKeyArn" in updates:
        function.kms_key_arn = updates["KMSKeyArn"] or None
    if "ImageConfig" in updates:
        function.image_config = ImageConfig(updates["ImageConfig"])
    if "Environment" in updates:
        updates = updates | {"Environment": {"Variables": {}, **updates["Environment"]}}
    return original(function, updates)


def _configuration(original: Callable[..., Configuration], function: Any, **named: Any) -> Configuration:  # noqa: ANN401
    configuration = original(function, **named)
    configuration.update(function.put_for_mlinfra)
    logging = {"LogFormat": "Text", "LogGroup": function.logs_group_name, **configuration.get(_LOGGING, {})}
    configuration[_LOGGING] = (_LEVELS | logging) if logging["LogFormat"] == "JSON" else logging
    return configuration


def _put(function: Any, given: Mapping[str, Any]) -> None:  # noqa: ANN401
    target = given.get(_DEAD_LETTERS, {}).get("TargetArn")
    if target and target.split(":")[2] not in {"sns", "sqs"}:
        message = f"The dead letter target must be an SQS queue or an SNS topic: {target}"
        raise ApiError(code="InvalidParameterValueException", message=message)
    # A new dict each time, because moto copies a function for each published version.
    put = function.put_for_mlinfra | {name: given[name] for name in _AS_PUT if name in given}
    if not put.get(_DEAD_LETTERS, {}).get("TargetArn"):
        put.pop(_DEAD_LETTERS, None)
    function.put_for_mlinfra = put
