"""Build the documentation of several versions into one folder: `python -m ci.site.versions FOLDER [NAME=REF...]`.

Each version is a folder of its name, built from the pages and the code of its commit, with links to the others. The
index of FOLDER leads to the newest release; without a release, to `main`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
MAIN = "main"
_RELEASE = re.compile(r"v(\d+)\.(\d+)\.(\d+)")

_INDEX = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="0; url={latest}/index.html">
<title>mlinfra</title>
</head>
<body>
<h1>mlinfra</h1>
<ul>
{items}
</ul>
</body>
</html>
"""


class SiteError(Exception):
    """A version that could not be built, with the output of the program that failed."""


def published(root: Path = ROOT) -> dict[str, str]:
    """The versions to publish by name, with their refs: `main`, which is the present commit, and all releases.

    A release is a tag such as v1.2.0. Releases without a site, from before it existed, are left out.

    Args:
        root: the repository.
    """
    tags = [each for each in _git(root, "tag", "--list", "v*").split() if _RELEASE.fullmatch(each)]
    with_site = [each for each in tags if _git(root, "ls-tree", "--name-only", each, "docs/conf.py")]
    newest_first = sorted(with_site, key=_order, reverse=True)
    return {MAIN: "HEAD", **{each: each for each in newest_first}}


def build(folder: Path, versions: Mapping[str, str], *, root: Path = ROOT) -> None:
    """Build all versions, and the index.

    Args:
        folder: the output folder, with a subfolder for each version.
        versions: the names of the versions, with their refs, in the order in which pages list them.
        root: the repository, with the environments `.venv` and `.venv/docs`.

    Raises:
        SiteError: if a ref does not exist, or its pages cannot be built.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, ref in versions.items():
        with tempfile.TemporaryDirectory() as temporary:
            checkout = Path(temporary)
            _extract(root, ref, checkout)
            _build_one(checkout, folder.absolute() / name, name, list(versions), root)
    items = "\n".join(f'<li><a href="{each}/index.html">{each}</a></li>' for each in versions)
    (folder / "index.html").write_text(_INDEX.format(latest=_latest(versions), items=items), encoding="utf-8")
    # GitHub Pages would leave out folders such as _static. Source: GitHub documentation, "About GitHub Pages and
    # Jekyll", read 2026-11-30.
    (folder / ".nojekyll").touch()


def _latest(versions: Mapping[str, str]) -> str:
    releases = sorted(filter(_RELEASE.fullmatch, versions), key=_order)
    return releases[-1] if releases else next(iter(versions))


def _order(name: str) -> tuple[int, ...]:
    return tuple(map(int, name.removeprefix("v").split(".")))


def _git(root: Path, *arguments: str) -> str:
    return _run(["git", *arguments], root)


def _extract(root: Path, ref: str, folder: Path) -> None:
    """Write the files of a commit that the pages are built from."""
    archive = folder / "archive.tar"
    _git(root, "archive", "--output", str(archive), ref)
    _run(["tar", "-xf", str(archive), "-C", str(folder)], root)
    archive.unlink()


def _build_one(checkout: Path, folder: Path, name: str, names: list[str], root: Path) -> None:
    variables = {
        **os.environ,
        "MLINFRA_DOCS_VERSION": name,
        "MLINFRA_DOCS_VERSIONS": " ".join(names),
        # The pages of reference come from the code of the version.
        "PYTHONPATH": str(checkout),
    }
    _run([sys.executable, "-m", "ci.site", "docs/reference"], checkout, variables)
    sphinx = root / ".venv" / "docs" / "bin" / "sphinx-build"
    # A page of a release that a newer Sphinx warns about is published all the same: it cannot be changed.
    strict = ["--fail-on-warning"] if name == MAIN else []
    _run([str(sphinx), "--quiet", *strict, "-b", "html", "docs", str(folder)], checkout, variables)


def _run(command: list[str], folder: Path, variables: Mapping[str, str] | None = None) -> str:
    ended = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)  # noqa: S603
    if ended.returncode:
        message = f"{' '.join(command)} ended with exit code {ended.returncode}:\n{ended.stdout}{ended.stderr}"
        raise SiteError(message)
    return ended.stdout


if __name__ == "__main__":
    target, *given = sys.argv[1:]
    try:
        build(Path(target), dict(each.split("=", 1) for each in given) or published())
    except SiteError as error:
        sys.exit(str(error))
