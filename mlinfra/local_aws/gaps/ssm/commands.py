"""Gap: commands of Systems Manager (Run Command).

moto's commands succeed at once, without a document, and it has no ListCommandInvocations and no CancelCommand. In AWS,
the document and its parameters are checked, and so are the instances, whose agents must have registered; each agent
executes the steps. Its output is known after its end: 24,000 characters of standard output and 8,000 of standard error,
2,500 in ListCommandInvocations. A command that no agent has begun within `TimeoutSeconds` is not delivered. Here, nodes
(`mechanisms/managed_nodes.py`) execute; without nodes, invocations stay `Pending`. Not covered: MaxConcurrency,
MaxErrors, notifications, output to S3 and CloudWatch Logs, and the delay after which an invocation becomes visible.

Source: Systems Manager API reference, SendCommand, CommandInvocation, CommandPlugin (Output), GetCommandInvocation,
ListCommandInvocations and CancelCommand; user guide, "Understanding command statuses"; read 2026-11-30.
"""

from __future__ import annotations

import signal
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.moto_api._internal import mock_random
from moto.ssm.exceptions import InvalidDocument
from moto.ssm.responses import SimpleSystemManagerResponse

from mlinfra.local_aws.mechanisms import managed_nodes, pages
from mlinfra.local_aws.mechanisms.api_model import checked_request
from mlinfra.local_aws.mechanisms.command_documents import (
    InvalidParametersError,
    Step,
    UnsupportedDocumentError,
    content_of,
    own_document,
    steps,
)
from mlinfra.local_aws.mechanisms.extending import kept

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

    from moto.ssm.models import SimpleSystemManagerBackend

    from mlinfra.local_aws.mechanisms.managed_nodes import Execution, ManagedNode

_DELIVERY_SECONDS: Final = 3600
_POLL_SECONDS: Final = 0.1
_OUTPUT: Final = 24_000
_ERRORS: Final = 8_000
_SHORT_OUTPUT: Final = 2_500
"""The characters of the output that are returned."""
_ENDED: Final = frozenset({"Success", "Failed", "TimedOut", "Cancelled"})
_DETAILS: Final = {"TimedOut": "Execution Timed Out", "InProgress": "In Progress"}
_PAGE: Final = 50


def is_open() -> bool:
    """True if moto has no invocations to list."""
    return not hasattr(SimpleSystemManagerResponse, "list_command_invocations")


def close() -> None:
    """Close the gap: check commands, and have nodes execute them."""
    for operation in (send_command, list_commands, list_command_invocations, get_command_invocation, cancel_command):
        setattr(SimpleSystemManagerResponse, operation.__name__, operation)


@dataclass
class Invocation:
    """A command on one node."""

    instance_id: str
    steps: list[Step]
    status: str = "Pending"
    details: str = "Pending"
    code: int = -1
    output: str = ""
    errors: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)

    def set_status(self, status: str, details: str | None = None) -> None:
        """Change the status."""
        self.status, self.details = status, details or _DETAILS.get(status, status)

    def run(self, account: str, region: str, delivery_seconds: float) -> None:
        """Wait for the agent, and have it execute the steps."""
        deadline = time.monotonic() + delivery_seconds
        while (node := managed_nodes.node(account, region, self.instance_id)) is None:
            if self.cancelled.wait(_POLL_SECONDS):
                self.set_status("Cancelled")
                return
            if time.monotonic() > deadline:
                self.set_status("TimedOut", "Delivery Timed Out")
                return
        self.set_status("InProgress")
        self.started = _now()
        status = "Success"
        for step in self.steps:
            status = self._execute(node, step)
            if status != "Success":
                break
        self.ended = _now()
        self.set_status(status)

    def _execute(self, node: ManagedNode, step: Step) -> str:
        with tempfile.TemporaryDirectory() as folder:
            output, errors = Path(folder) / "stdout", Path(folder) / "stderr"
            execution = node.execute_script(step.script, directory=step.directory, output=output, errors=errors)
            status = self._wait(execution, step.seconds)
            for name, file, limit in (("output", output, _OUTPUT), ("errors", errors, _ERRORS)):
                text = file.read_text(errors="replace") if file.exists() else ""
                setattr(self, name, (getattr(self, name) + text)[:limit])
        self.code = execution.code if execution.code is not None else -1
        return status

    def _wait(self, execution: Execution, seconds: float) -> str:
        deadline = time.monotonic() + seconds
        while not execution.wait(_POLL_SECONDS):
            expired = time.monotonic() > deadline
            if expired or self.cancelled.is_set():
                execution.signal(signal.SIGKILL)
                execution.wait(_POLL_SECONDS * 50)
                return "TimedOut" if expired else "Cancelled"
        return "Failed" if execution.code else "Success"


@dataclass
class Command:
    """A command on some nodes."""

    command_id: str
    request: Mapping[str, Any]
    requested: datetime
    expires: datetime
    invocations: dict[str, Invocation]

    @property
    def status(self) -> str:
        """The status of all its invocations."""
        states = {each.status for each in self.invocations.values()}
        if states <= _ENDED:
            return next((each for each in ("Failed", "TimedOut", "Cancelled") if each in states), "Success")
        if any(each.cancelled.is_set() for each in self.invocations.values()):
            return "Cancelling"
        return "Pending" if states == {"Pending"} else "InProgress"

    def described(self) -> dict[str, Any]:
        """The command in the form of the API reference."""
        ended = [each for each in self.invocations.values() if each.status in _ENDED]
        return {
            "CommandId": self.command_id,
            "DocumentName": self.request["DocumentName"],
            "DocumentVersion": self.request.get("DocumentVersion", "$DEFAULT"),
            "Comment": self.request.get("Comment", ""),
            "ExpiresAfter": self.expires,
            "Parameters": self.request.get("Parameters", {}),
            "InstanceIds": list(self.request.get("InstanceIds", ())),
            "Targets": list(self.request.get("Targets", ())),
            "RequestedDateTime": self.requested,
            "Status": self.status,
            "StatusDetails": self.status,
            "MaxConcurrency": self.request.get("MaxConcurrency", "50"),
            "MaxErrors": self.request.get("MaxErrors", "0"),
            "TargetCount": len(self.invocations),
            "CompletedCount": len(ended),
            "ErrorCount": sum(each.status in {"Failed", "TimedOut"} for each in ended),
            "DeliveryTimedOutCount": sum(each.details == "Delivery Timed Out" for each in ended),
            "TimeoutSeconds": int(self.request.get("TimeoutSeconds", _DELIVERY_SECONDS)),
        }


def send_command(response: SimpleSystemManagerResponse) -> ActionResult:
    """SendCommand."""
    request = checked_request(response, "SendCommand")
    account, region = response.current_account, response.region
    planned = _steps(response.ssm_backend, request)
    chosen = _instances(request, account, region)
    seconds = int(request.get("TimeoutSeconds") or _DELIVERY_SECONDS)
    now = _now()
    command = Command(
        command_id=str(mock_random.uuid4()),
        request=request,
        requested=now,
        # After the time for the delivery and that for the execution.
        expires=now + timedelta(seconds=seconds + sum(each.seconds for each in planned)),
        invocations={each: Invocation(each, planned) for each in chosen},
    )
    _commands(response.ssm_backend)[command.command_id] = command
    described = command.described()
    if managed_nodes.has_nodes():
        for each in command.invocations.values():
            threading.Thread(target=each.run, args=(account, region, seconds), daemon=True).start()
    return ActionResult({"Command": described})


def list_commands(response: SimpleSystemManagerResponse) -> ActionResult:
    """ListCommands: the latest first."""
    request = checked_request(response, "ListCommands")
    found = _chosen(response, request)
    some, token = _page(request, found)
    return ActionResult({"Commands": [each.described() for each in some], "NextToken": token})


def list_command_invocations(response: SimpleSystemManagerResponse) -> ActionResult:
    """ListCommandInvocations."""
    request = checked_request(response, "ListCommandInvocations")
    found = [
        (command, each)
        for command in _chosen(response, request)
        for each in command.invocations.values()
        if request.get("InstanceId") in {None, each.instance_id}
    ]
    some, token = _page(request, found)
    listed = [_listed(command, each, details=bool(request.get("Details"))) for command, each in some]
    return ActionResult({"CommandInvocations": listed, "NextToken": token})


def get_command_invocation(response: SimpleSystemManagerResponse) -> ActionResult:
    """GetCommandInvocation."""
    request = checked_request(response, "GetCommandInvocation")
    command = _commands(response.ssm_backend).get(request["CommandId"])
    found = command.invocations.get(request["InstanceId"]) if command else None
    if command is None or found is None:
        _refuse("InvocationDoesNotExist", "")
    names = [each.name for each in found.steps]
    plugin = request.get("PluginName")
    if plugin is not None and plugin not in names:
        _refuse("InvalidPluginName", f"The plugin name {plugin} isn't valid.")
    has_ended = found.status in _ENDED
    return ActionResult(
        {
            "CommandId": command.command_id,
            "InstanceId": found.instance_id,
            "Comment": command.request.get("Comment", ""),
            "DocumentName": command.request["DocumentName"],
            "DocumentVersion": command.request.get("DocumentVersion", "$DEFAULT"),
            "PluginName": plugin or names[0],
            "ResponseCode": found.code,
            "ExecutionStartDateTime": _written(found.started),
            "ExecutionEndDateTime": _written(found.ended),
            "ExecutionElapsedTime": _elapsed(found),
            "Status": found.status,
            "StatusDetails": found.details,
            "StandardOutputContent": found.output if has_ended else "",
            "StandardOutputUrl": "",
            "StandardErrorContent": found.errors if has_ended else "",
            "StandardErrorUrl": "",
            "CloudWatchOutputConfig": {"CloudWatchLogGroupName": "", "CloudWatchOutputEnabled": False},
        }
    )


def cancel_command(response: SimpleSystemManagerResponse) -> ActionResult:
    """CancelCommand: a step that has begun is ended."""
    request = checked_request(response, "CancelCommand")
    command = _commands(response.ssm_backend).get(request["CommandId"])
    if command is None:
        _refuse("InvalidCommandId", "The specified command ID isn't valid.")
    for name in request.get("InstanceIds") or command.invocations:
        if name not in command.invocations:
            _refuse("InvalidInstanceId", f"Instance {name} is not a target of the command.")
        invocation = command.invocations[name]
        if invocation.status not in _ENDED:
            invocation.cancelled.set()
            if not managed_nodes.has_nodes():
                invocation.set_status("Cancelled")
    return ActionResult({})


def _steps(backend: SimpleSystemManagerBackend, request: Mapping[str, Any]) -> list[Step]:
    name = request["DocumentName"].rpartition("document/")[2]
    content = own_document(name)
    if content is None:
        try:
            versions = backend._get_documents(name)  # noqa: SLF001  moto has no other way to read one
        except InvalidDocument:
            _refuse("InvalidDocument", f"Document with name {name} does not exist.")
        version = request.get("DocumentVersion", "$DEFAULT")
        document = versions.find(None if version == "$DEFAULT" else version)
        if document.document_type != "Command":
            _refuse("InvalidDocument", f"Document with name {name} has the type {document.document_type}, not Command.")
        content = content_of(document)
    try:
        return steps(content, request.get("Parameters") or {})
    except InvalidParametersError as error:
        _refuse("InvalidParameters", str(error))
    except UnsupportedDocumentError as error:
        _refuse("UnsupportedPlatformType", str(error))


def _instances(request: Mapping[str, Any], account: str, region: str) -> list[str]:
    asked = list(request.get("InstanceIds") or ())
    targets = list(request.get("Targets") or ())
    if not asked and not targets:
        _refuse("InvalidInstanceId", "Specify instance ids or targets.")
    if len(set(asked)) < len(asked):
        _refuse("DuplicateInstanceId", "You can't specify an instance ID in more than one association.")
    connected = managed_nodes.connected(account, region)
    missing = [each for each in asked if each not in connected]
    if missing:
        # Also for nodes that are stopped, and for those without a registered agent.
        _refuse("InvalidInstanceId", f"Instances [[{', '.join(missing)}]] not in a valid state for account {account}")
    for target in targets:
        if target["Key"] == "InstanceIds":
            asked += [each for each in target["Values"] if each in connected]
        elif target["Key"].startswith("tag:"):
            filters = {target["Key"]: target["Values"]}
            found = ec2_backends[account][region].all_reservations(filters=filters)
            asked += [each.id for reservation in found for each in reservation.instances if each.id in connected]
    return list(dict.fromkeys(asked))


def _chosen(response: SimpleSystemManagerResponse, request: Mapping[str, Any]) -> list[Command]:
    commands = _commands(response.ssm_backend)
    asked = request.get("CommandId")
    if asked is not None and asked not in commands:
        _refuse("InvalidCommandId", "The specified command ID isn't valid.")
    return [
        each
        for each in reversed(commands.values())
        if asked in {None, each.command_id} and request.get("InstanceId") in {None, *each.invocations}
    ]


def _listed(command: Command, invocation: Invocation, *, details: bool) -> dict[str, Any]:
    listed: dict[str, Any] = {
        "CommandId": command.command_id,
        "InstanceId": invocation.instance_id,
        "InstanceName": "",
        "Comment": command.request.get("Comment", ""),
        "DocumentName": command.request["DocumentName"],
        "DocumentVersion": command.request.get("DocumentVersion", "$DEFAULT"),
        "RequestedDateTime": command.requested,
        "Status": invocation.status,
        "StatusDetails": invocation.details,
        "CommandPlugins": [],
    }
    if details:
        text = invocation.output
        if invocation.errors:
            text += f"\n----------ERROR-------\n{invocation.errors}"
        listed["CommandPlugins"] = [
            {
                "Name": each.name,
                "Status": invocation.status,
                "StatusDetails": invocation.details,
                "ResponseCode": invocation.code,
                "Output": text[:_SHORT_OUTPUT] if invocation.status in _ENDED else "",
                **({"ResponseStartDateTime": invocation.started} if invocation.started else {}),
                **({"ResponseFinishDateTime": invocation.ended} if invocation.ended else {}),
            }
            for each in invocation.steps
        ]
    return listed


def _page(request: Mapping[str, Any], items: list[Any]) -> tuple[list[Any], str | None]:
    try:
        return pages.page(items, token=request.get("NextToken"), size=int(request.get("MaxResults") or _PAGE))
    except ValueError:
        _refuse("InvalidNextToken", "The specified token isn't valid.")


def _commands(backend: SimpleSystemManagerBackend) -> dict[str, Command]:
    return kept(backend, "commands", dict)


def _refuse(code: str, message: str) -> NoReturn:
    raise JsonRESTError(code, message)


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _written(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z" if moment else ""


def _elapsed(invocation: Invocation) -> str:
    """The duration in the form of ISO 8601."""
    if invocation.started is None or invocation.ended is None:
        return ""
    return f"PT{(invocation.ended - invocation.started).total_seconds():.3f}S"
