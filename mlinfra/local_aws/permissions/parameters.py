"""Parameters of requests, in all protocols of AWS."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from mlinfra.checks.wildcards import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moto.core.responses import BaseResponse

_TAG = re.compile(r"(?P<entry>(?:TagSpecification\.\d+\.Tag|Tags?(?:\.member)?)\.\d+)\.(?P<part>Key|Value)")


def parameter(response: BaseResponse, name: str) -> Any:  # noqa: ANN401  any JSON value
    """The value of a parameter. None: it is not given."""
    return response._get_param(name)  # noqa: SLF001  moto's own method of reading parameters of all protocols


def parameters(response: BaseResponse, name: str) -> list[str]:
    """The values of a parameter with several values, such as `InstanceId.1` and `InstanceId.2` of EC2."""
    given = parameter(response, name)
    if isinstance(given, list):
        return [str(each) for each in given]
    pattern = re.compile(rf"{re.escape(name)}(\.member)?(\.\d+)?")
    return [str(values[0]) for key, values in sorted(response.querystring.items()) if pattern.fullmatch(key)]


def own_arn(response: BaseResponse, service: str, resource: str) -> str:
    """The ARN of a resource in the account and region of the request."""
    return f"arn:aws:{service}:{response.region}:{response.current_account}:{resource}"


def request_tags(response: BaseResponse) -> dict[str, str]:
    """The tags that a request sets, in each of the forms of AWS's services."""
    return dict(_from_query(response)) | dict(_from_json(response))


def _from_query(response: BaseResponse) -> Iterator[tuple[str, str]]:
    entries: dict[str, dict[str, str]] = {}
    for key, values in response.querystring.items():
        if found := _TAG.fullmatch(key):
            entries.setdefault(found["entry"], {})[found["part"]] = str(values[0])
    for each in entries.values():
        if "Key" in each:
            yield each["Key"], each.get("Value", "")


def _from_json(response: BaseResponse) -> Iterator[tuple[str, str]]:
    try:
        body = json.loads(response.body)
    except (TypeError, ValueError):
        return
    if not isinstance(body, dict):
        return
    for name in ("Tags", "tags"):
        given = body.get(name)
        if isinstance(given, dict):
            yield from ((str(key), str(value)) for key, value in given.items())
        else:
            for each in listed(given or []):
                if isinstance(each, dict) and "Key" in each:
                    yield str(each["Key"]), str(each.get("Value", ""))
