"""The report as one HTML file that needs no network.

The policy of the page allows its own scripts and styles only, by their hashes: a value from AWS cannot run as a
script, even if it were inserted as HTML.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from pathlib import Path
from typing import Any, Final

_FOLDER: Final = Path(__file__).parent
_LIBRARIES: Final = ("echarts.common.min.js", "cytoscape.min.js", "cytoscape-dagre.min.js")
_SOURCES: Final = ("base", "table", "cost", "running", "changes", "architecture", "main")
"""The files of the page's own script, in the order of their use."""
_CYTOSCAPE_STYLE: Final = ".__________cytoscape_container { position: relative; }"
"""The style sheet that Cytoscape inserts (cytoscape 3.35.0, `dist/cytoscape.min.js`)."""
_ESCAPES: Final = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}
"""Characters that could end the element of the data, or a line of JavaScript."""


def page(data: dict[str, Any]) -> str:
    """The report with `data`, as `collect` returns it.

    Args:
        data: JSON values. `refresh` True: the page requests new data from the server that delivered it.
    """
    style = _read("page/page.css")
    scripts = [_read(f"assets/{name}") for name in _LIBRARIES]
    own = "\n".join(_read(f"page/{name}.js") for name in _SOURCES)
    scripts.append(f'"use strict";\n(() => {{\n{own}}})();\n')
    parts = {
        "policy": _policy(scripts, [style, _CYTOSCAPE_STYLE], refresh=bool(data.get("refresh"))),
        "title": html.escape(f"{data['project']}: cost and ownership"),
        "style": style,
        "data": embedded(data),
        "scripts": "\n".join(f"<script>{each}</script>" for each in scripts),
    }
    # In one pass, so that a part that contains the name of another is not replaced again.
    head, *rest = _read("page/page.html").split("{{")
    return head + "".join(parts[name] + text for name, _, text in (each.partition("}}") for each in rest))


def embedded(data: object) -> str:
    """`data` as JSON that can be inserted into a script element. Unknown figures must be None, not NaN."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=str)
    return text.translate(_ESCAPES)


def _policy(scripts: list[str], styles: list[str], *, refresh: bool) -> str:
    allowed = {
        "default-src": "'none'",
        "script-src": " ".join(map(_hash, scripts)),
        "style-src": " ".join(map(_hash, styles)),
        "img-src": "data:",
        "connect-src": "'self'" if refresh else "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in allowed.items())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
