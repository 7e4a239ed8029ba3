"""Gap: changes of the user data of an existing instance.

moto decodes the new user data when it reads the request and a second time when it treats the result as
Base64, which fails for most data. In AWS, a request carries user data that is encoded once. Source: EC2 API
reference, ModifyInstanceAttribute and BlobAttributeValue, read 2026-11-24.
"""

from __future__ import annotations

import base64
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses.instances import InstanceResponse

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.core.responses import ActionResult


class _Probe(InstanceResponse):
    """A request to change the user data, without a server or an instance."""

    ec2_backend: Any = SimpleNamespace(modify_instance_attribute=lambda *_: None)

    def __init__(self) -> None:
        self.automated_parameter_parsing = True
        self.params = {"InstanceId": "i-0", "UserData": {"Value": b"#!/bin/sh"}}
        self.uri_match: Any = {}


def is_open() -> bool:
    """True if moto decodes user data twice."""
    try:
        _Probe()._dot_value_instance_attribute_handler()  # noqa: SLF001  the code has no public entry
    except EC2ClientError:
        return True
    return False


def close() -> None:
    """Close the gap: pass user data to moto in the encoding that it expects."""
    wrap(InstanceResponse, "modify_instance_attribute", _modify)


def _modify(original: Callable[..., ActionResult], response: InstanceResponse) -> ActionResult:
    user_data = (response.params.get("UserData") or {}).get("Value")
    if isinstance(user_data, bytes):
        response.params["UserData"]["Value"] = base64.b64encode(user_data).decode()
    return original(response)
