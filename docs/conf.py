"""Settings of the documentation site: Sphinx with MyST Markdown and the theme Furo. ADR 15 records the choice."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "mlinfra"
author = "The mlinfra authors"
copyright = "the mlinfra authors, Apache-2.0"  # noqa: A001  Sphinx's name
version = release = os.environ.get("MLINFRA_DOCS_VERSION", "main")

extensions = ["myst_parser", "sphinx_copybutton"]
exclude_patterns = ["_templates"]
source_suffix = {".md": "markdown"}
root_doc = "index"
nitpicky = True

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
"""Headings with an anchor, as on a page of a repository: links such as `review.md#exit-codes` work in both."""

html_theme = "furo"
html_static_path = ["_static"]
templates_path = ["_templates"]
html_context = {"versions": os.environ.get("MLINFRA_DOCS_VERSIONS", "").split()}
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/versions.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
"""Furo's parts without advertisements, and the links to other versions, of which `ci.site.versions` gives the names."""
html_css_files = ["site.css"]
html_extra_path = ["reference/llms.txt"]
html_title = "mlinfra" if version == "main" else f"mlinfra {version}"
html_theme_options = {"navigation_with_keys": True}
html_copy_source = False
html_show_sourcelink = False
copybutton_exclude = ".linenos, .gp, .go"

_FOLDER = Path(__file__).resolve().parent
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((\.\./[^)#\s]+)(#[^)\s]*)?\)")


_DECISIONS = "\n```{toctree}\n:hidden:\n:glob:\n\n0*\n```\n"


def _adapted(_app: Sphinx, document: str, source: list[str]) -> None:
    """Adapt a page that is also read in the repository.

    Links to files of the repository become paths: the site does not contain these files.
    """
    page = (_FOLDER / document).parent

    def path(found: re.Match[str]) -> str:
        target = (page / found[2]).resolve()
        if target.is_relative_to(_FOLDER):
            return found[0]
        shown = target.relative_to(_FOLDER.parent).as_posix()
        return f"`{shown}`" if found[1].strip("`") in {shown, found[2]} else f"{found[1]} (`{shown}`)"

    source[0] = _LINK.sub(path, source[0]) + (_DECISIONS if document == "adr/README" else "")


def setup(app: Sphinx) -> None:
    """Connect the changes of pages."""
    app.connect("source-read", _adapted)
