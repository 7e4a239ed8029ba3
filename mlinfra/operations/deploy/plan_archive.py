"""A saved plan as one archive, whose digest depends on the content of the plan only."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Final

from mlinfra.errors import OperationError

if TYPE_CHECKING:
    from pathlib import Path

FILES: Final = ("tfplan", "plan.json", "about.json")
"""The files of a plan beside the folder of its stack."""

_STACK: Final = "stack/"
_WORKING_FOLDER: Final = "stack/.terraform/"
_DATE: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest date of the format. Equal plans have equal archives."""


def pack(folder: Path) -> bytes:
    """The archive of the plan in `folder`: its files and its stack, without providers and records of applies."""
    stack = (path for path in folder.joinpath("stack").rglob("*") if path.is_file())
    names = sorted([*FILES, *(path.relative_to(folder).as_posix() for path in stack)])
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            if not name.startswith(_WORKING_FOLDER):
                archive.writestr(zipfile.ZipInfo(name, _DATE), (folder / name).read_bytes(), zipfile.ZIP_DEFLATED)
    return content.getvalue()


def unpack(content: bytes, folder: Path) -> None:
    """Write the files of an archive to `folder`, which must exist.

    Raises:
        OperationError: if it is not an archive of a plan, or contains files outside the plan's folder.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile:
        files = {}
    stack = [name for name in files if name not in FILES]
    if not files.keys() >= {*FILES} or not all(map(_is_in_stack, stack)):
        message = (
            "The stored plan is not an archive that `mlinfra plan --store` wrote. Nothing was applied. Plan again."
        )
        raise OperationError(message)
    for name, file in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file)


def _is_in_stack(name: str) -> bool:
    parts = name.split("/")
    return name.startswith(_STACK) and "\\" not in name and not {"", ".", ".."} & set(parts)
