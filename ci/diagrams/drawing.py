"""Pictures as SVG, drawn from synthesized stacks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ci.diagrams.graph import drawn, resources
from ci.diagrams.pictures import PICTURES
from ci.diagrams.svg import svgs
from ci.synthesis import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ci.diagrams.graph import Picture

FOLDER = ROOT / "docs" / "images"


def pictures(stacks: Path) -> dict[str, str]:
    """The text of each SVG file of the documentation by its name, from the stacks of the environment dev.

    Args:
        stacks: the folder with a folder for each synthesized stack, beside the manifest.

    Raises:
        DiagramError: if a picture shows what the stacks do not contain.
    """
    return drawings(stacks, PICTURES, of="dev-*")


def drawings(stacks: Path, shown: Iterable[Picture], *, of: str = "*") -> dict[str, str]:
    """The text of the SVG file of each picture by its name.

    Args:
        stacks: the folder with a folder for each synthesized stack, beside the manifest.
        shown: the pictures.
        of: a pattern of the names of the stacks that they show. Default: all.

    Raises:
        DiagramError: if a picture shows what the stacks do not contain.
    """
    paths = sorted(stacks.glob(f"{of}/cdk.tf.json"))
    found = resources({path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in paths})
    manifest = json.loads((stacks.parent / "manifest.json").read_text(encoding="utf-8"))
    dependencies = {name: each["dependencies"] for name, each in manifest["stacks"].items()}
    chosen = [(picture, *drawn(picture, found, dependencies)) for picture in shown]
    return {picture.name: text for (picture, *_), text in zip(chosen, svgs(chosen), strict=True)}
