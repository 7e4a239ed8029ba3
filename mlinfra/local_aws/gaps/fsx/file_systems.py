"""Gap: FSx file systems, complete for Lustre.

moto returns the request without a state and cannot update. In AWS, a file system is CREATING before it is
AVAILABLE, has a network interface in its subnet, reports a change as an administrative action, and is
DELETING before it is not found. Source: FSx API reference, CreateFileSystem, DescribeFileSystems,
UpdateFileSystem, DeleteFileSystem, FileSystem and AdministrativeAction, read 2026-11-24.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.core.utils import unix_time
from moto.ec2.exceptions import InvalidSubnetIdError
from moto.ec2.models import ec2_backends
from moto.fsx.models import FileSystem
from moto.fsx.responses import FSxResponse

from mlinfra.local_aws.mechanisms.api_model import ApiError, checked_request
from mlinfra.local_aws.mechanisms.extending import add_operations, kept, wrap
from mlinfra.local_aws.mechanisms.fsx_lustre_rules import (
    changed_configuration,
    default_version,
    lustre_configuration,
    require_capacity,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.fsx.models import FSxBackend

_DELETED = "DELETED"


@dataclass
class _Details:
    """Details of a file system that moto does not keep."""

    vpc_id: str
    version: str | None
    kms_key_id: str | None
    network_interface_id: str = field(default_factory=lambda: f"eni-{secrets.token_hex(8)}0")
    creation_time: float = field(default_factory=unix_time)
    states: list[str] = field(default_factory=lambda: ["CREATING", "AVAILABLE"])
    """The present state, then the following ones. Each description changes the state to the next, up to the last."""
    actions: list[dict[str, Any]] = field(default_factory=list)

    def next_state(self) -> str:
        """The present state, after which the state changes to the next."""
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]


def is_open() -> bool:
    """True if moto reports no state."""
    return "Lifecycle" not in FileSystem.to_dict.__code__.co_consts


def close() -> None:
    """Close the gap: report the states of file systems, and update them."""
    wrap(FileSystem, "to_dict", _described)
    wrap(FSxResponse, "create_file_system", _create)
    wrap(FSxResponse, "describe_file_systems", _describe)
    wrap(FSxResponse, "delete_file_system", _delete)
    add_operations(FSxResponse, update_file_system)


def existing_file_system(backend: FSxBackend, file_system_id: str) -> FileSystem:
    """The file system with the id `file_system_id`.

    Raises:
        ApiError: FileSystemNotFound.
    """
    _forget_deleted(backend)
    if file_system_id not in backend.file_systems:
        raise ApiError(code="FileSystemNotFound", message=f"File system '{file_system_id}' does not exist.")
    return backend.file_systems[file_system_id]


def update_file_system(self: FSxResponse) -> ActionResult:
    """Update a file system."""
    request = checked_request(self, "UpdateFileSystem", code="BadRequest")
    file_system = existing_file_system(self.fsx_backend, request["FileSystemId"])
    details = _all_details(self.fsx_backend)[file_system.file_system_id]
    capacity = request.get("StorageCapacity", file_system.storage_capacity)
    if file_system.file_system_type == "LUSTRE":
        described = file_system.lustre_configuration or {}
        if capacity != file_system.storage_capacity:
            _require_more(capacity, file_system)
            require_capacity(capacity, described, file_system.storage_type)
        changes = request.get("LustreConfiguration", {})
        file_system.lustre_configuration = changed_configuration(described, changes, capacity)
    file_system.storage_capacity = capacity
    details.version = request.get("FileSystemTypeVersion", details.version)
    wanted = {name: value for name, value in request.items() if name not in {"FileSystemId", "ClientRequestToken"}}
    action = {"AdministrativeActionType": "FILE_SYSTEM_UPDATE", "RequestTime": unix_time()}
    details.actions.insert(0, {**action, "TargetFileSystemValues": wanted})
    details.states = ["UPDATING", "AVAILABLE"]
    return ActionResult({"FileSystem": file_system.to_dict()})


def _create(original: Callable[[FSxResponse], str], response: FSxResponse) -> str:
    request = checked_request(response, "CreateFileSystem", code="BadRequest")
    vpc_id = _vpc_of(response, request["SubnetIds"])
    lustre = request["FileSystemType"] == "LUSTRE"
    configuration = lustre_configuration(request) if lustre else {}
    file_system_id = json.loads(original(response))["FileSystem"]["FileSystemId"]
    file_system = response.fsx_backend.file_systems[file_system_id]
    details = _Details(vpc_id, request.get("FileSystemTypeVersion"), request.get("KmsKeyId"))
    file_system.storage_type = file_system.storage_type or "SSD"
    if lustre:
        file_system.lustre_configuration = configuration
        details.version = details.version or default_version(configuration)
        if configuration["DeploymentType"].startswith("PERSISTENT"):
            default_key = f"arn:aws:kms:{response.region}:{response.current_account}:key/{_AWS_MANAGED_KEY}"
            details.kms_key_id = details.kms_key_id or default_key
    _all_details(response.fsx_backend)[file_system_id] = details
    return json.dumps({"FileSystem": file_system.to_dict()})


_AWS_MANAGED_KEY = "00000000-0000-0000-0000-000000000000"
"""A placeholder for the FSx key of every account, which moto does not have."""


def _describe(original: Callable[[FSxResponse], str], response: FSxResponse) -> str:
    request = checked_request(response, "DescribeFileSystems", code="BadRequest")
    _forget_deleted(response.fsx_backend)
    for file_system_id in request.get("FileSystemIds", []):
        existing_file_system(response.fsx_backend, file_system_id)
    return original(response)


def _delete(_original: Callable[[FSxResponse], str], response: FSxResponse) -> ActionResult:
    request = checked_request(response, "DeleteFileSystem", code="BadRequest")
    file_system = existing_file_system(response.fsx_backend, request["FileSystemId"])
    _all_details(response.fsx_backend)[file_system.file_system_id].states = ["DELETING", _DELETED]
    return ActionResult({"FileSystemId": file_system.file_system_id, "Lifecycle": "DELETING"})


def _described(original: Callable[[FileSystem], dict[str, Any]], file_system: FileSystem) -> dict[str, Any]:
    answer = original(file_system)
    details = _all_details(file_system.backend).get(file_system.file_system_id)
    if details is None:
        return answer
    state = details.next_state()
    progress = "IN_PROGRESS" if state == "UPDATING" else "COMPLETED"
    answer.update(
        OwnerId=file_system.backend.account_id,
        CreationTime=details.creation_time,
        Lifecycle=state,
        VpcId=details.vpc_id,
        NetworkInterfaceIds=[details.network_interface_id],
        AdministrativeActions=[{**each, "Status": progress} for each in details.actions],
        FileSystemTypeVersion=details.version,
        KmsKeyId=details.kms_key_id,
    )
    return {name: value for name, value in answer.items() if value is not None}


def _forget_deleted(backend: FSxBackend) -> None:
    details = _all_details(backend)
    for deleted in [each for each, known in details.items() if known.states == [_DELETED]]:
        del details[deleted]
        backend.file_systems.pop(deleted, None)


def _all_details(backend: FSxBackend) -> dict[str, _Details]:
    return kept(backend, "file systems", dict)


def _vpc_of(response: FSxResponse, subnet_ids: list[str]) -> str:
    backend = ec2_backends[response.current_account][response.region]
    try:
        return str(backend.get_subnet(subnet_ids[0]).vpc_id)
    except (InvalidSubnetIdError, IndexError):
        message = f"The subnets do not exist: {subnet_ids}"
        raise ApiError(code="InvalidNetworkSettings", message=message) from None


def _require_more(capacity: int, file_system: FileSystem) -> None:
    if capacity < file_system.storage_capacity:
        message = f"Storage capacity can only grow. It is {file_system.storage_capacity} GiB, asked for {capacity}."
        raise ApiError(code="BadRequest", message=message)
