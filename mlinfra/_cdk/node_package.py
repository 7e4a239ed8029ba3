"""The Node side: the provider's JavaScript modules are loaded when first used.

`lazy_index/` is a jsii package of one class whose code changes how node reads the provider's index. Loading it through
jsii's own interface works whether or not node is running already, and leaves `NODE_OPTIONS`, which every child process
would inherit, alone.
"""

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

import jsii
from jsii.errors import JSIIError

from mlinfra._cdk.errors import NotLazyError

_SOURCE = files("mlinfra._cdk") / "lazy_index"
_FILES = {"package.json": "package.json", "assembly.json": ".jsii", "index.js": "index.js"}
_LONGEST_WAIT_SECONDS = 10


class _LazyIndex:
    """The class of `lazy_index/index.js`: jsii asks for no more of a class than its name."""

    __jsii_type__ = "@mlinfra/lazy-index.LazyIndex"


def install() -> None:
    """Load `lazy_index` into jsii's node process.

    Raises:
        NotLazyError: jsii refused it.
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
    atexit.register(_wait_for_type_indexes)


def check() -> None:
    """Make sure that the provider, loaded by now, was loaded lazily.

    Raises:
        NotLazyError: Its index was not found, or holds more than re-exports, so node ran it unchanged.
    """
    outcome = jsii.sget(_LazyIndex, "outcome")
    if outcome != "lazy":
        message = f"the JavaScript index of @cdktf/provider-aws does not look like a list of modules ({outcome})"
        raise NotLazyError(message)


def _tarball() -> bytes:
    """Pack `lazy_index` as an npm package.

    jsii keeps an extracted package on disk under the hash of its tarball: with names and contents only, and no times,
    the same sources always find the same entry.
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
    """At exit, let jsii finish the indexes of types it writes on the first run in a fresh package cache.

    They take about 2 seconds once, and save every later run 1 second and 1 GB of node's memory.
    """
    deadline = time.monotonic() + _LONGEST_WAIT_SECONDS
    # Whatever became of node by now, exiting must go on.
    with contextlib.suppress(OSError, ValueError, RuntimeError, JSIIError):
        while jsii.sget(_LazyIndex, "writing") and time.monotonic() < deadline:
            time.sleep(0.05)
