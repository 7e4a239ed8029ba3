"""Plans as Terraform writes them, as small as a rule needs them."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

from mlinfra.operations.review import review

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.operations.review import Report

TODAY = date(2026, 11, 26)


def change(
    address: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    *,
    actions: list[str] | None = None,
    unknown: Any = None,
    sensitive: Any = None,
    **more: Any,
) -> dict[str, Any]:
    """An element of `resource_changes`. Its actions follow from what there is before and after."""
    follows = ["create"] if before is None else ["delete"] if after is None else ["update"]
    return {
        "address": address,
        "mode": "managed",
        "type": address.partition(".")[0],
        "change": {
            "actions": actions or follows,
            "before": before,
            "after": after,
            "after_unknown": unknown or {},
            "before_sensitive": sensitive or {},
            "after_sensitive": sensitive or {},
            **{name: more.pop(name) for name in ("replace_paths", "importing") if name in more},
        },
        **more,
    }


def reviewed(folder: Path, *changes: dict[str, Any], **more: Any) -> Report:
    """The report about a plan of `changes`."""
    path = folder / "dev-data.json"
    path.write_text(json.dumps({"format_version": "1.2", "resource_changes": list(changes), **more}), encoding="utf-8")
    return review([path], root=folder, today=TODAY)


def texts(report: Report) -> dict[str, str]:
    """The texts of what was found, by rule; the tags that lack are left out."""
    return {each.id: each.text for each in report.findings if each.id != "MLR601"}


def policy(*statements: dict[str, Any]) -> str:
    """A policy's document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: Any, resources: Any = "*", **more: Any) -> dict[str, Any]:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


OWN = "123456789012"
OTHER = "999999999999"
IN_OWN_ACCOUNT: dict[str, Any] = {
    "configuration": {
        "provider_config": {"aws": {"expressions": {"allowed_account_ids": {"constant_value": [OWN]}}}},
        "root_module": {},
    }
}
"""The configuration of a plan of the account `OWN`."""


def rules_of(folder: Path, *changes: dict[str, Any]) -> set[tuple[str, str]]:
    """Rules and levels that were found in a plan of the account `OWN`, without tags."""
    report = reviewed(folder, *changes, **IN_OWN_ACCOUNT)
    return {(each.id, each.level.value) for each in report.findings if each.id != "MLR601"}
