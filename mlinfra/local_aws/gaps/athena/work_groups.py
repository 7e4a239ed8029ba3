"""Gap: updates of Athena workgroups, and unknown workgroups.

moto has no UpdateWorkGroup and returns an empty answer for an unknown workgroup. In AWS, an update changes
only the settings it names, `Remove...` deletes a setting, and GetWorkGroup refuses an unknown name. Source:
Athena API reference, UpdateWorkGroup, WorkGroupConfigurationUpdates, ResultConfigurationUpdates and
GetWorkGroup, read 2026-11-26.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.athena.models import AthenaBackend
from moto.athena.responses import AthenaResponse
from moto.core.exceptions import JsonRESTError

from mlinfra.local_aws.mechanisms.extending import add_operations, wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    Settings = dict[str, Any]

_RESULTS = "ResultConfiguration"


def is_open() -> bool:
    """True if moto cannot update a workgroup."""
    return not hasattr(AthenaResponse, "update_work_group")


def close() -> None:
    """Close the gap: add UpdateWorkGroup and refuse unknown workgroups."""
    add_operations(AthenaResponse, update_work_group)
    wrap(AthenaBackend, "get_work_group", _get)


def update_work_group(response: AthenaResponse) -> str:
    """Update only the settings that the request names."""
    name = response._get_param("WorkGroup")  # noqa: SLF001  moto's way to read a parameter
    response.athena_backend.get_work_group(name)
    group = response.athena_backend.work_groups[name]
    updates: Settings = dict(response._get_param("ConfigurationUpdates") or {})  # noqa: SLF001
    results = updates.pop(f"{_RESULTS}Updates", None)
    group.configuration = _updated(group.configuration, updates)
    if results is not None:
        group.configuration[_RESULTS] = _updated(group.configuration.get(_RESULTS, {}), results)
    description, state = response._get_param("Description"), response._get_param("State")  # noqa: SLF001
    group.description = group.description if description is None else description
    group.state = state or group.state
    return "{}"


def _updated(present: Settings, updates: Settings) -> Settings:
    removed = {name.removeprefix("Remove") for name, value in updates.items() if name.startswith("Remove") and value}
    changed = {name: value for name, value in updates.items() if not name.startswith("Remove")}
    return {name: value for name, value in (present | changed).items() if name not in removed}


def _get(original: Callable[..., Settings | None], backend: AthenaBackend, name: str) -> Settings:
    found = original(backend, name)
    if found is None:
        error, message = "InvalidRequestException", f"WorkGroup {name} is not found."
        raise JsonRESTError(error, message)
    return found
