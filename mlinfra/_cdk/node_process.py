"""Start the `node` process that jsii runs cdktf's JavaScript in."""

import contextlib
import os
from collections.abc import Iterator

import jsii

_SILENCED_VERSIONS = "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"
# The oldest version that mlinfra supports, past its end of life since April 2026. jsii 1.142 reads a list of major
# versions here: `1` silences nothing, and the banner of any other version still appears.
_OLDEST_SUPPORTED = "20"


def start() -> None:
    """Start node, or do nothing where it runs already. Without jsii's 11-line banner on Node 20's end of life.

    Raises:
        RuntimeError: There is no node.
    """
    with _silenced(_OLDEST_SUPPORTED):
        try:
            # jsii starts node at the first request, and this one asks for nothing else.
            jsii.stats()  # type: ignore[no-untyped-call]
        except FileNotFoundError as error:
            message = (
                f"CDK for Terraform runs on Node.js, and {error.filename!r} was not found: "
                "install Node.js 20 or later, or set JSII_NODE to the path of its executable"
            )
            raise RuntimeError(message) from error


@contextlib.contextmanager
def _silenced(version: str) -> Iterator[None]:
    """Add `version` to the versions whose banner jsii leaves out, and restore the environment afterwards."""
    before = os.environ.get(_SILENCED_VERSIONS)
    os.environ[_SILENCED_VERSIONS] = version if before is None else f"{before},{version}"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SILENCED_VERSIONS]
        else:
            os.environ[_SILENCED_VERSIONS] = before
