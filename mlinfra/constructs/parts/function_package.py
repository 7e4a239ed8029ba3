"""The deployment package of mlinfra's functions: one zip, byte-identical on every machine.

Its source is part of the library, so that reading it does not make a synth depend on anything else.
"""

from __future__ import annotations

import atexit
import base64
import functools
import hashlib
import io
import shutil
import stat
import tempfile
import zipfile
from pathlib import Path

from mlinfra import functions
from mlinfra._cdk import AssetType, Construct, TerraformAsset, TerraformStack

MOST_BYTES = 1024 * 1024
"""The maximum size of the package. Lambda accepts 50 MB (Lambda developer guide, "Lambda quotas", read 2026-11-24); a
larger package than this contains files that do not belong in it."""

_LIBRARY = Path(functions.__file__).resolve().parent.parent
_CONTENTS = ("functions/**/*.py", "catalog/prices.zip")
"""What is packed, seen from the library. There is no `mlinfra/__init__.py` among it: what the library offers to others
needs more than functions have, and Python takes the folder for a namespace package without."""

_FILE = stat.S_IFREG | 0o644
_UNIX = 3
_BEGINNING_OF_ZIP = (1980, 1, 1, 0, 0, 0)
_FOLDER = "function-package"
_NAME = "functions.zip"


def packed(library: Path = _LIBRARY) -> bytes:
    """The bytes of the package; identical for identical sources.

    Files are stored, not deflated: the output of zlib differs between its builds.

    Args:
        library: the folder of the library `mlinfra`. Default: that of this module.

    Raises:
        ValueError: if there is nothing to pack, or the package exceeds `MOST_BYTES`.
    """
    found = {path.relative_to(library).as_posix(): path for each in _CONTENTS for path in library.glob(each)}
    if not found:
        message = f"{library} has neither functions nor a catalog to pack. Expected: the folder of the library mlinfra."
        raise ValueError(message)
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_STORED) as archive:
        for name, path in sorted(found.items()):
            entry = zipfile.ZipInfo(f"mlinfra/{name}", _BEGINNING_OF_ZIP)
            entry.create_system = _UNIX
            entry.external_attr = _FILE << 16
            archive.writestr(entry, _content(path))
    if package.tell() > MOST_BYTES:
        largest = max(found, key=lambda name: found[name].stat().st_size)
        message = (
            f"the package of the functions has {package.tell()} bytes. Expected: at most {MOST_BYTES}. Its largest "
            f"file is {largest}."
        )
        raise ValueError(message)
    return package.getvalue()


def _content(path: Path) -> bytes:
    if path.suffix == ".zip":
        return path.read_bytes()
    # Git may have checked it out with other line endings.
    return path.read_text(encoding="utf-8").encode()


class FunctionPackage(Construct):
    """The package next to the stack's Terraform JSON; one for all functions of a stack."""

    @classmethod
    def of(cls, scope: Construct) -> FunctionPackage:
        """The package of the stack that contains `scope`; created at the first call."""
        stack = TerraformStack.of(scope)
        known = stack.node.try_find_child(_FOLDER)
        return known if isinstance(known, FunctionPackage) else cls(stack)

    def __init__(self, stack: TerraformStack) -> None:
        """Add the package to `stack`. Use `FunctionPackage.of`, which does so once."""
        content, file = _written()
        super().__init__(stack, _FOLDER)
        digest = hashlib.sha256(content)
        self._source_code_hash = base64.b64encode(digest.digest()).decode()
        # The default hash of cdktf depends on the file's path as well as its content.
        self._asset = TerraformAsset(
            self, "zip", path=str(file), asset_hash=digest.hexdigest()[:32], type=AssetType.FILE
        )

    @property
    def path(self) -> str:
        """Its path relative to the stack's Terraform JSON; it differs for different content."""
        return self._asset.path

    @property
    def source_code_hash(self) -> str:
        """Its SHA-256 in Base64, as Lambda reports it."""
        return self._source_code_hash


@functools.cache
def modules() -> frozenset[str]:
    """The modules that can contain a handler, such as `mlinfra.functions.janitor`."""
    with zipfile.ZipFile(io.BytesIO(_written()[0])) as archive:
        return frozenset(
            name.removesuffix(".py").replace("/", ".") for name in archive.namelist() if name.endswith(".py")
        )


@functools.cache
def _written() -> tuple[bytes, Path]:
    """The package and a file with it. cdktf copies the file at synthesis, so it is kept until this process ends."""
    content = packed()
    folder = Path(tempfile.mkdtemp(prefix="mlinfra-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / _NAME
    file.write_bytes(content)
    return content, file
