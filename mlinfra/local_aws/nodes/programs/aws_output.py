"""Output of the AWS CLI: JSON and text.

Source: AWS CLI user guide, "Setting the output format in the AWS CLI" (text: tab-separated values, a line for each list
of lists; None for a missing value), read 2026-11-29.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def as_json(value: Any) -> str:  # noqa: ANN401  an answer of AWS
    """A value as JSON. Empty: there is nothing to show."""
    if value is None or value == {}:
        return "" if value == {} else "null\n"
    return json.dumps(value, indent=4, default=_plain, ensure_ascii=False) + "\n"


def as_text(value: Any) -> str:  # noqa: ANN401
    """A value as text."""
    return "".join(f"{line}\n" for line in _lines(value, None))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return list(value) if isinstance(value, set) else str(value)


def _lines(value: Any, label: str | None) -> Iterator[str]:  # noqa: ANN401
    if isinstance(value, dict):
        scalars = [_scalar(each) for _, each in sorted(value.items()) if not isinstance(each, (dict, list))]
        if scalars:
            yield "\t".join([label.upper(), *scalars] if label else scalars)
        for name, each in sorted(value.items()):
            if isinstance(each, (dict, list)):
                yield from _lines(each, name)
    elif isinstance(value, list):
        scalars = [_scalar(each) for each in value if not isinstance(each, (dict, list))]
        if scalars:
            yield "\t".join([label.upper(), *scalars] if label else scalars)
        for each in value:
            if isinstance(each, (dict, list)):
                yield from _lines(each, label)
    else:
        yield _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, (datetime, bytes)):
        return str(_plain(value))
    return str(value)
