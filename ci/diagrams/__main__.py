"""Draw all pictures: `python -m ci.diagrams [FOLDER]`. FOLDER has the synthesized stacks. Default: synthesize them."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from ci.diagrams.drawing import FOLDER, pictures
from ci.synthesis import synthesize_all


def main(stacks: Path) -> None:
    """Write the pictures to docs/images."""
    for name, text in pictures(stacks).items():
        (FOLDER / f"{name}.svg").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:]:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(synthesize_all(Path(folder)))
