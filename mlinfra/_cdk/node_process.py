"""The `node` process in which jsii runs the JavaScript of cdktf."""

import contextlib
import os
import warnings
from collections.abc import Iterator

import jsii

_SILENCED_VERSIONS = "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"
# The oldest version that mlinfra supports. Its support by Node.js ended in April 2026. jsii 1.142 reads a list of major
# versions from this variable, and still prints the warning for versions that are not in it.
_OLDEST_SUPPORTED = 20


def start() -> None:
    """Start node, unless it runs already. jsii's warning about the end of life of Node.js 20 is not printed.

    With `direct_process`, jsii prints no warning about the version of node.

    Raises:
        RuntimeError: if Node.js is not found.
    """
    with _silenced(str(_OLDEST_SUPPORTED)):
        try:
            # jsii starts node at the first request. This request has no other effect.
            jsii.stats()  # type: ignore[no-untyped-call]
        except FileNotFoundError as error:
            message = (
                f"CDK for Terraform runs on Node.js, and {error.filename!r} was not found: "
                "install Node.js 20 or later, or set JSII_NODE to the path of its executable"
            )
            raise RuntimeError(message) from error


def warn_if_older(version: str) -> None:
    """Warn if a version of node is older than the oldest supported one."""
    if int(version.partition(".")[0]) < _OLDEST_SUPPORTED:
        warnings.warn(
            f"Node.js {version} is not supported by mlinfra, and synthesis may fail. "
            f"Install Node.js {_OLDEST_SUPPORTED} or later.",
            RuntimeWarning,
            stacklevel=2,
        )


@contextlib.contextmanager
def _silenced(version: str) -> Iterator[None]:
    """Silence the warning of jsii about `version`. The environment is restored afterwards."""
    before = os.environ.get(_SILENCED_VERSIONS)
    os.environ[_SILENCED_VERSIONS] = version if before is None else f"{before},{version}"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SILENCED_VERSIONS]
        else:
            os.environ[_SILENCED_VERSIONS] = before
