"""States of resources that nothing has created: for plans of updates of services that the local AWS does not have."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT: Final = "123456789012"
_PROVIDER: Final = 'provider["registry.terraform.io/hashicorp/aws"]'
_VALUES: Final = {
    "owner_id": ACCOUNT,
    "account_id": ACCOUNT,
    "status": "READY",
    "prevent_user_existence_errors": "LEGACY",
    "stream_view_type": "",
    "fifo_throughput_scope": "",
    "user_data": None,
    "user_data_base64": None,
}
"""Values of computed attributes that the provider checks or normalizes."""


def as_applied(plan: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The state after the apply of a plan that only creates resources. Values that AWS would compute are invented.

    Args:
        plan: the output of `terraform show -json`.
        schemas: the schemas of the types of resources, by type.
    """
    resources: dict[tuple[str, str, str], dict[str, Any]] = {}
    for each in plan["resource_changes"]:
        change = each["change"]
        if each["mode"] != "managed" or change["after"] is None:
            continue
        schema = schemas[each["type"]]
        key = (each.get("module_address", ""), each["type"], each["name"])
        resource = resources.setdefault(
            key,
            {
                **({"module": key[0]} if key[0] else {}),
                "mode": "managed",
                "type": each["type"],
                "name": each["name"],
                "provider": _PROVIDER,
                "instances": [],
            },
        )
        resource["instances"].append(
            {
                **({"index_key": each["index"]} if "index" in each else {}),
                "schema_version": schema.get("version", 0),
                "attributes": _block(change["after"], change["after_unknown"], schema["block"], each["address"]),
            }
        )
    return {
        "version": 4,
        "terraform_version": "1.11.4",
        "serial": 1,
        "lineage": "00000000-0000-0000-0000-000000000000",
        "outputs": {},
        "resources": list(resources.values()),
    }


def _block(known: Any, unknown: Any, schema: Mapping[str, Any], address: str) -> dict[str, Any]:
    known = known if isinstance(known, dict) else {}
    unknown = unknown if isinstance(unknown, dict) else {}
    values: dict[str, Any] = {}
    for name, attribute in schema.get("attributes", {}).items():
        if name in known:
            values[name] = known[name]
        else:
            values[name] = _computed(attribute["type"], name, address) if unknown.get(name) else None
    for name, nested in schema.get("block_types", {}).items():
        value, marks = known.get(name), unknown.get(name)
        if nested["nesting_mode"] in {"list", "set"}:
            blocks = value if isinstance(value, list) else []
            marked = marks if isinstance(marks, list) else []
            marked = [*marked, *({} for _ in range(len(blocks) - len(marked)))]
            values[name] = [
                _block(one, mark, nested["block"], address) for one, mark in zip(blocks, marked, strict=False)
            ]
        else:
            values[name] = _block(value, marks, nested["block"], address) if isinstance(value, dict) else value
    return values


def _computed(kind: Any, name: str, address: str) -> Any:
    """An invented value of a type, the same in each run."""
    if kind == "string":
        return _text(name, address)
    if isinstance(kind, str):
        return {"number": 0, "bool": False}[kind]
    if kind[0] == "object":
        return {member: _computed(inner, member, address) for member, inner in kind[1].items()}
    return {} if kind[0] == "map" else []


def _text(name: str, address: str) -> str | None:
    digest = hashlib.sha256(f"{address} {name}".encode()).hexdigest()
    if name == "arn" or name.endswith("_arn"):
        return f"arn:aws:test:us-east-1:{ACCOUNT}:test/{digest[:8]}"
    if name.endswith(("_at", "_date", "_time")):
        return "2026-01-01T00:00:00Z"
    return _VALUES.get(name, digest[:12])
