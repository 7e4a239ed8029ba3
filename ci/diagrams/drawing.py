"""All pictures of the documentation as SVG."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ci.diagrams.graph import drawn, resources
from ci.diagrams.pictures import PICTURES
from ci.diagrams.svg import svg
from ci.synthesis import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "docs" / "images"


def pictures(stacks: Path) -> dict[str, str]:
    """The text of each SVG file by its name.

    Args:
        stacks: the folder with a folder for each synthesized stack, beside the manifest.

    Raises:
        DiagramError: if a picture shows what the stacks do not contain.
    """
    declared = {
        path.parent.name: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(stacks.glob("dev-*/cdk.tf.json"))
    }
    found = resources(declared)
    manifest = json.loads((stacks.parent / "manifest.json").read_text(encoding="utf-8"))
    dependencies = {name: each["dependencies"] for name, each in manifest["stacks"].items()}
    return {picture.name: svg(picture, *drawn(picture, found, dependencies)) for picture in PICTURES}
