"""Lazy loading in Node.js: each JavaScript module of the provider is loaded at its first use.

`lazy_index/` is a jsii package with one class. Its code changes the way in which node reads the index of the provider.
It is loaded by jsii, which works before and after node was started. `NODE_OPTIONS` would be inherited by all child
processes, and is therefore not used.
"""

from __future__ import annotations

import atexit
import contextlib
import gzip
import io
import json
import tarfile
import tempfile
import time
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsii
from jsii.errors import JSIIError

from mlinfra._cdk.errors import NotLazyError

if TYPE_CHECKING:
    from cdktf import TerraformStack

_SOURCE = files("mlinfra._cdk") / "lazy_index"
_FILES = {
    "package.json": "package.json",
    "assembly.json": ".jsii",
    "index.js": "index.js",
    "resolution.js": "resolution.js",
}
_LONGEST_WAIT_SECONDS = 10
_loaded: list[str] = []
"""The name of the package, when jsii has loaded it."""


class _LazyIndex:
    """The class of `lazy_index/index.js`. jsii needs only its name."""

    __jsii_type__ = "@mlinfra/lazy-index.LazyIndex"


def install() -> None:
    """Load `lazy_index` into jsii's node process.

    Raises:
        NotLazyError: if jsii cannot load it.
    """
    manifest = json.loads((_SOURCE / "package.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="mlinfra-") as folder:
        tarball = Path(folder, "lazy-index.tgz")
        tarball.write_bytes(_tarball())
        try:
            jsii.load(manifest["name"], manifest["version"], str(tarball))
        except (JSIIError, RuntimeError) as error:
            message = f"jsii cannot load {manifest['name']}: {error}"
            raise NotLazyError(message) from error
    _loaded.append(manifest["name"])
    atexit.register(_wait_for_type_indexes)


def check() -> None:
    """Check that the provider was loaded lazily. Call it after the provider was loaded.

    Raises:
        NotLazyError: if the index of the provider was not found, or contains other code than re-exports.
    """
    outcome = jsii.sget(_LazyIndex, "outcome")
    if outcome != "lazy":
        message = f"the JavaScript index of the provider does not look like a list of modules ({outcome})"
        raise NotLazyError(message)


def configuration(stack: TerraformStack) -> dict[str, Any]:
    """The Terraform configuration of a stack, as its method `to_terraform` returns it, in a third of the time."""
    if not _loaded:
        found: dict[str, Any] = stack.to_terraform()
        return found
    read: dict[str, Any] = json.loads(jsii.sinvoke(_LazyIndex, "configuration", [stack]))
    return read


def version_of_node() -> str:
    """The version of node, such as `20.20.2`."""
    version: str = jsii.sget(_LazyIndex, "node")
    return version


def _tarball() -> bytes:
    """Pack `lazy_index` as an npm package.

    jsii caches extracted packages on disk by the hash of their tarball. The tarball contains no times, so that the same
    sources always have the same hash.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for source, name in _FILES.items():
            content = (_SOURCE / source).read_bytes()
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0)


def _wait_for_type_indexes() -> None:
    """At exit, wait until jsii has written its indexes of types. It writes them in the first run with an empty cache.

    This takes about 2 seconds once, and saves each later run 1 second and 1 GB of memory of node.
    """
    deadline = time.monotonic() + _LONGEST_WAIT_SECONDS
    # The process must exit even if node has already ended.
    with contextlib.suppress(OSError, ValueError, RuntimeError, JSIIError):
        while jsii.sget(_LazyIndex, "writing") and time.monotonic() < deadline:
            time.sleep(0.05)
