"""Gap: sessions of Session Manager.

moto has no StartSession and TerminateSession. AWS refuses a session with TargetNotConnected unless the agent of a
running node in the same account and region is connected, and an unknown document with InvalidDocument. Here, every
running instance is connected, and its stream has no other end. Source: Systems Manager API reference, StartSession and
TerminateSession, read 2026-11-29.
"""

from __future__ import annotations

import json
from typing import Final

from moto.core.exceptions import JsonRESTError
from moto.ec2.models import ec2_backends
from moto.moto_api._internal import mock_random
from moto.ssm.responses import SimpleSystemManagerResponse

from mlinfra.local_aws.mechanisms.api_model import request_of

DOCUMENTS: Final = frozenset(
    {
        "AWS-StartInteractiveCommand",
        "AWS-StartPortForwardingSession",
        "AWS-StartPortForwardingSessionToRemoteHost",
        "AWS-StartSSHSession",
        "SSM-SessionManagerRunShell",
    }
)
"""AWS's own documents for sessions."""


def is_open() -> bool:
    """True if moto has no sessions."""
    return not hasattr(SimpleSystemManagerResponse, "start_session")


def close() -> None:
    """Close the gap: add sessions with running instances."""
    for operation in (start_session, terminate_session):
        setattr(SimpleSystemManagerResponse, operation.__name__, operation)


def start_session(response: SimpleSystemManagerResponse) -> str:
    """StartSession."""
    request = request_of(response, "StartSession")
    target, region = request["Target"], response.region
    if request.get("DocumentName", "SSM-SessionManagerRunShell") not in DOCUMENTS:
        error = "InvalidDocument"
        raise JsonRESTError(error, f"Document with name {request['DocumentName']} does not exist.")
    instances = [
        each
        for reservation in ec2_backends[response.current_account][region].reservations.values()
        for each in reservation.instances
    ]
    if not any(each.id == target and each.state == "running" for each in instances):
        error = "TargetNotConnected"
        raise JsonRESTError(error, f"{target} is not connected.")
    session = f"local-{mock_random.get_random_hex(17)}"
    return json.dumps(
        {
            "SessionId": session,
            "TokenValue": mock_random.get_random_hex(32),
            "StreamUrl": f"wss://ssmmessages.{region}.amazonaws.com/v1/data-channel/{session}?role=publish_subscribe",
        }
    )


def terminate_session(response: SimpleSystemManagerResponse) -> str:
    """TerminateSession."""
    return json.dumps({"SessionId": request_of(response, "TerminateSession")["SessionId"]})
