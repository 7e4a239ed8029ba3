"""Gap: asynchronous invocation of a Lambda function: retries, event age and failure destinations.

moto appends each configuration to the previous ones and returns the first, so that a configuration never
changes. In AWS, PutFunctionEventInvokeConfig replaces the configuration, and UpdateFunctionEventInvokeConfig
changes the settings it names. Source: Lambda API reference, PutFunctionEventInvokeConfig and
UpdateFunctionEventInvokeConfig, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.awslambda.models import LambdaBackend

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    Configuration = dict[str, Any]
    Put = Callable[[LambdaBackend, str, Configuration], Configuration]


def is_open() -> bool:
    """True if moto appends configurations."""
    return "append" in LambdaBackend.put_function_event_invoke_config.__code__.co_names


def close() -> None:
    """Close the gap: keep one configuration for a function."""
    wrap(LambdaBackend, "put_function_event_invoke_config", _put)
    wrap(LambdaBackend, "update_function_event_invoke_config", _update)


def _put(original: Put, backend: LambdaBackend, function_name: str, config: Configuration) -> Configuration:
    answer = original(backend, function_name, config)
    del backend.get_function(function_name).event_invoke_config[:-1]
    return answer


def _update(original: Put, backend: LambdaBackend, function_name: str, config: Configuration) -> Configuration:
    present = backend.get_function_event_invoke_config(function_name)
    kept = {name: value for name, value in present.items() if name not in {"FunctionArn", "LastModified"}}
    return original(backend, function_name, kept | config)
