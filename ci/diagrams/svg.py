"""A picture as SVG, with colors for light and dark pages. It loads nothing: fonts are those of the reader."""

from __future__ import annotations

import json
import subprocess
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from ci.synthesis import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci.diagrams.graph import Arrow, Drawn, Picture

_HEIGHT = 52
_MARGIN = 24
_STYLE = """\
.back { fill: #ffffff; }
.node { fill: #eef4fb; stroke: #4a7ebb; stroke-width: 1.2; }
.arrow { fill: none; stroke: #5b6673; stroke-width: 1.3; }
.head { fill: #5b6673; }
.kind-1 { stroke: #c2410c; stroke-width: 1.8; }
.kind-2 { stroke-dasharray: 5 4; }
text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; text-anchor: middle; }
.title { font-size: 14px; font-weight: 600; fill: #16202c; }
.note { font-size: 11.5px; fill: #43505e; }
.legend { font-size: 11.5px; fill: #43505e; text-anchor: start; }
@media (prefers-color-scheme: dark) {
.back { fill: #14181d; }
.node { fill: #1f2d3d; stroke: #6f9fd8; }
.arrow { stroke: #a3afbb; }
.head { fill: #a3afbb; }
.title { fill: #eef2f6; }
.kind-1 { stroke: #fb923c; }
.note, .legend { fill: #b9c4cf; }
}
"""
_HEAD = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" '
    'markerUnits="userSpaceOnUse" orient="auto-start-reverse">'
    '<path class="head" d="M0 0.5 L8 4 L0 7.5 z"/></marker></defs>'
)
"""The head of an arrow."""


class _Box(NamedTuple):
    """A node with its place: the center and the width."""

    node: Drawn
    x: int
    y: int
    width: int


def svgs(pictures: Sequence[tuple[Picture, Sequence[Drawn], Sequence[Arrow]]]) -> list[str]:
    """The text of the SVG file of each picture, from its nodes and arrows. One process computes all layouts.

    Raises:
        subprocess.CalledProcessError: Node.js could not compute the layouts.
    """
    layouts = _layouts([_graph(nodes, arrows) for _, nodes, arrows in pictures])
    return [_svg(*each, places) for each, places in zip(pictures, layouts, strict=True)]


def _svg(picture: Picture, nodes: Sequence[Drawn], arrows: Sequence[Arrow], places: Sequence[tuple[int, int]]) -> str:
    widths = [_width(each) for each in nodes]
    left = min(x - width // 2 for (x, _), width in zip(places, widths, strict=True)) - _MARGIN
    top = min(y for _, y in places) - _HEIGHT // 2 - _MARGIN
    boxes = [_Box(node, x - left, y - top, width) for node, (x, y), width in zip(nodes, places, widths, strict=True)]
    width = max(each.x + each.width // 2 for each in boxes) + _MARGIN
    below = max(each.y + _HEIGHT // 2 for each in boxes) + _MARGIN
    labels = list(dict.fromkeys(["", *(each.label for each in arrows if each.label)]))
    legend = _legend(labels, below) if len(labels) > 1 else []
    height = below + (_MARGIN if legend else 0)
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
            f"<title>{escape(picture.alt)}</title>",
            f"<style>\n{_STYLE}</style>",
            _HEAD,
            f'<rect class="back" width="{width}" height="{height}" rx="8"/>',
            *(_path(boxes[each.begin], boxes[each.end], labels.index(each.label)) for each in arrows),
            *(_node(each) for each in boxes),
            *legend,
            "</svg>\n",
        ]
    )


def _width(node: Drawn) -> int:
    """Wide enough for the texts in any usual font: at most 8.4 and 6.6 pixels for a character."""
    return round(max(len(node.title) * 8.4, len(node.note) * 6.6) + 28) // 2 * 2


def _graph(nodes: Sequence[Drawn], arrows: Sequence[Arrow]) -> dict[str, object]:
    return {
        "nodes": [{"width": _width(each), "height": _HEIGHT} for each in nodes],
        "arrows": [(each.begin, each.end) for each in arrows],
    }


def _layouts(graphs: Sequence[dict[str, object]]) -> list[list[tuple[int, int]]]:
    """The centers of the nodes of each graph."""
    ended = subprocess.run(
        ["node", "ci/diagrams/layouts.cjs"],  # noqa: S607  the PATH has it, as for cdktf
        cwd=ROOT,
        input=json.dumps(graphs),
        capture_output=True,
        text=True,
        check=True,
    )
    return [[(x, y) for x, y in places] for places in json.loads(ended.stdout)]


def _ends(begin: _Box, end: _Box) -> tuple[int, int, int, int]:
    """The begin and the end of an arrow at the borders of its nodes: vertical, or horizontal in one row."""
    if begin.y == end.y:
        side = 1 if end.x > begin.x else -1
        return begin.x + side * begin.width // 2, begin.y, end.x - side * end.width // 2, end.y
    side = 1 if end.y > begin.y else -1
    return begin.x, begin.y + side * _HEIGHT // 2, end.x, end.y - side * _HEIGHT // 2


def _path(begin: _Box, end: _Box, kind: int) -> str:
    x1, y1, x2, y2 = _ends(begin, end)
    middle = (y1 + y2) // 2
    return (
        f'<path class="arrow kind-{kind}" marker-end="url(#head)" '
        f'd="M{x1} {y1} C{x1} {middle} {x2} {middle} {x2} {y2}"/>'
    )


def _legend(labels: Sequence[str], y: int) -> list[str]:
    """A line for each kind of arrow, with its label; those without one are uses."""
    drawn = []
    for kind, label in enumerate(labels):
        x = _MARGIN + kind * 110
        drawn += [
            f'<path class="arrow kind-{kind}" marker-end="url(#head)" d="M{x} {y} L{x + 34} {y}"/>',
            f'<text class="legend" x="{x + 42}" y="{y + 4}">{escape(label or "uses")}</text>',
        ]
    return drawn


def _node(box: _Box) -> str:
    x, y = box.x - box.width // 2, box.y - _HEIGHT // 2
    return (
        f'<rect class="node" x="{x}" y="{y}" width="{box.width}" height="{_HEIGHT}" rx="7"/>'
        f'<text class="title" x="{box.x}" y="{box.y - 4}">{escape(box.node.title)}</text>'
        f'<text class="note" x="{box.x}" y="{box.y + 15}">{escape(box.node.note)}</text>'
    )
