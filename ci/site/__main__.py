"""Write the pages of the documentation that come from the code: `python -m ci.site FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from ci.site.commands import command_pages
from ci.site.llms import llms_text
from ci.site.python_api import api_pages


def write(folder: Path) -> None:
    """Write the pages and `llms.txt` below `folder`. Present pages that no longer have a subject are removed."""
    commands = command_pages()
    for name, pages in {"commands": commands, "python": api_pages()}.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for present in (folder / name).glob("*.md"):
            if present.stem not in pages:
                present.unlink()
        for page, text in pages.items():
            (folder / name / f"{page}.md").write_text(text, encoding="utf-8")
    index = (folder.parent / "index.md").read_text(encoding="utf-8")
    (folder / "llms.txt").write_text(llms_text(index, commands), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
