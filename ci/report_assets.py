"""Copy the libraries of the report from node_modules to the package: `python -m ci.report_assets`.

package-lock.json pins their versions. To update one: change its version in package.json, and
run `npm install` and then this program.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "mlinfra" / "operations" / "report" / "assets"
RECORD = FOLDER / "assets.json"


class Library(NamedTuple):
    """A file of an npm package that the report contains."""

    package: str
    file: str
    licence: str
    """The SPDX identifier."""
    notices: tuple[str, ...]
    """The files of the package with the license and notices."""
    purpose: str


LIBRARIES = (
    Library(
        "echarts", "dist/echarts.common.min.js", "Apache-2.0", ("LICENSE", "NOTICE", "licenses/LICENSE-d3"), "charts"
    ),
    Library("cytoscape", "dist/cytoscape.min.js", "MIT", ("LICENSE",), "graphs"),
    Library(
        "cytoscape-dagre",
        "dist/cytoscape-dagre.min.js",
        "MIT",
        ("LICENSE",),
        "the layout of graphs; contains dagre and graphlib (MIT)",
    ),
)
"""In the order in which the page loads them."""


def source(library: Library) -> Path:
    """The file in node_modules."""
    return ROOT / "node_modules" / library.package / library.file


def record() -> list[dict[str, str]]:
    """The libraries with version, license and hash of the files in node_modules."""
    locked: dict[str, Any] = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    return [
        {
            "file": source(each).name,
            "package": each.package,
            "version": locked[f"node_modules/{each.package}"]["version"],
            "integrity": locked[f"node_modules/{each.package}"]["integrity"],
            "license": each.licence,
            "sha256": hashlib.sha256(source(each).read_bytes()).hexdigest(),
            "purpose": each.purpose,
        }
        for each in LIBRARIES
    ]


def main() -> None:
    """Copy the files and their licenses, and record versions and hashes."""
    (FOLDER / "licenses").mkdir(parents=True, exist_ok=True)
    for each in LIBRARIES:
        shutil.copyfile(source(each), FOLDER / source(each).name)
        for notice in each.notices:
            name = f"{each.package}-{Path(notice).name}.txt"
            shutil.copyfile(source(each).parents[1] / notice, FOLDER / "licenses" / name)
    RECORD.write_text(json.dumps(record(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
