"""Enforcement of IAM: a request that the caller is not allowed to send is refused, as in AWS.

moto evaluates identity policies without conditions, `NotResource` and boundaries, and not for every service. It is
replaced here by one check of every request. Access keys are checked, signatures are not.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from moto.core.responses import BaseResponse
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from mlinfra.local_aws.mechanisms.extending import wrap
from mlinfra.local_aws.permissions.principals import access_key_of, policy_exists, principal_of
from mlinfra.local_aws.permissions.requests import requests_of
from mlinfra.local_aws.permissions.trust import refusal_of_trust

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("mlinfra.local_aws")

_ALWAYS_ALLOWED = frozenset({"sts:GetCallerIdentity", "sts:GetSessionToken"})
"""Actions that need no permission. Source: STS API reference, GetCallerIdentity, GetSessionToken."""

_UNSIGNED = frozenset({"sts:AssumeRoleWithWebIdentity"})
"""Actions without credentials of AWS: the token is the credential."""


def enforce() -> None:
    """Check every request from now on, until the end of the process."""
    wrap(BaseResponse, "setup_class", _checked)


def _checked(original: Callable[..., None], response: BaseResponse, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  as moto's
    original(response, *args, **kwargs)
    if response.service_name in {"moto_api", "instance_metadata"}:
        return
    requests = requests_of(response)
    if requests[0].action in _UNSIGNED | {"sts:AssumeRole"}:
        _check_trust(response, requests[0].action)
    if requests[0].action in _ALWAYS_ALLOWED | _UNSIGNED:
        return
    key = _access_key(response)
    principal = principal_of(key)
    if principal is None:
        raise _refused(response, "InvalidClientTokenId", "The security token included in the request is invalid.")
    for request in requests:
        reason = principal.refusal(request)
        if reason:
            message = (
                f"User: {principal.arn} is not authorized to perform: {request.action} on resource: "
                f"{request.resource} {reason}"
            )
            # In the log of the server too: what a node or a function is refused reaches no terminal.
            log.warning("IAM refused: %s", message)
            raise _refused(response, "AccessDenied", message)
    _check_boundary(response, requests[0].action)


def _check_trust(response: BaseResponse, action: str) -> None:
    role = response._get_param("RoleArn")  # noqa: SLF001  moto's own method of reading parameters
    caller = principal_of(_access_key(response))
    token = response._get_param("WebIdentityToken")  # noqa: SLF001
    reason = refusal_of_trust(str(role), action, caller=caller, token=token)
    if reason:
        raise _refused(response, "AccessDenied", reason)


def _check_boundary(response: BaseResponse, action: str) -> None:
    if action not in {"iam:CreateRole", "iam:PutRolePermissionsBoundary"}:
        return
    boundary = response._get_param("PermissionsBoundary")  # noqa: SLF001
    if boundary and not policy_exists(boundary):
        message = f"Policy {boundary} does not exist or is not attachable."
        raise _refused(response, "NoSuchEntity", message, status=404)


def _access_key(response: BaseResponse) -> str:
    arguments = response.normalized_request.args
    return access_key_of(str(response.headers.get("Authorization", "")), str(arguments.get("X-Amz-Credential", "")))


def _refused(response: BaseResponse, code: str, message: str, *, status: int = 403) -> HTTPException:
    """The refusal in the form of the service's protocol, which clients read."""
    protocol = _protocol(response)
    if "json" in protocol:
        name = "UnrecognizedClientException" if code == "InvalidClientTokenId" else f"{code}Exception"
        status = 400 if protocol == "json" else status
        body = json.dumps({"__type": name, "message": message, "Message": message})
        headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": name}
        return HTTPException(response=Response(body, status, headers))
    if protocol == "ec2":
        name = {"AccessDenied": "UnauthorizedOperation", "InvalidClientTokenId": "AuthFailure"}.get(code, code)
        body = f"<Response><Errors><Error>{_xml(name, message)}</Error></Errors><RequestID>-</RequestID></Response>"
    elif protocol == "rest-xml":
        name = "InvalidAccessKeyId" if code == "InvalidClientTokenId" else code
        body = f"<Error>{_xml(name, message)}</Error>"
    else:
        body = f"<ErrorResponse><Error>{_xml(code, message)}</Error><RequestId>-</RequestId></ErrorResponse>"
    return HTTPException(response=Response(body, status, {"Content-Type": "text/xml"}))


def _xml(code: str, message: str) -> str:
    return f"<Code>{code}</Code><Message>{escape(message)}</Message>"


def _protocol(response: BaseResponse) -> str:
    if response.headers.get("X-Amz-Target"):
        return "json"
    return str(get_service_model(response.boto3_service_name).metadata["protocol"])
