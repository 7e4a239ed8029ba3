"""IAM policies in the documentation, as its readers adapt them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping


def documented_policies(page: str, names: Mapping[str, str]) -> list[Any]:
    """The policies and lists of statements of a page, in their order.

    Args:
        page: the name of the page, such as `runs.md`.
        names: what the page calls things, each with the name to use instead.
    """
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    found = []
    for block in re.findall(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for name, own in names.items():
            block = block.replace(name, own)  # noqa: PLW2901  all names are replaced in turn
        found.append(json.loads(block))
    return [each for each in found if '"Effect"' in json.dumps(each)]
