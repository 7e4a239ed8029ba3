"""Find the Chromium that tests the report, or install it: `python -m ci.browser [--install]`.

Runs on the system's Python, before the installation. `--install` uses apt-get, as root or with sudo.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

VARIABLE = "MLINFRA_CHROMIUM"
"""The environment variable with the path of a Chromium or Chrome."""
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW = (
    "The tests of the report need Chromium or Chrome. Install it (Debian: apt-get install chromium; Ubuntu: snap "
    f"install chromium; macOS: brew install --cask chromium), or set {VARIABLE} to its path."
)


def find() -> str | None:
    """The path of the browser; None: it is not installed."""
    return os.environ.get(VARIABLE) or next(filter(None, map(shutil.which, NAMES)), None)


def install() -> None:
    """Install Chromium with apt-get.

    Raises:
        SystemExit: if that is not possible, with the ways to install it.
    """
    if shutil.which("apt-get") is None:
        sys.exit(HOW)
    prefix = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    # A source that cannot be read does not matter, if another has the package.
    _run([*prefix, "apt-get", "update", "--quiet"])
    code = _run([*prefix, "apt-get", "install", "--quiet", "--yes", "--no-install-recommends", "chromium"])
    if code or find() is None:
        sys.exit(f"apt-get could not install chromium. {HOW}")


def _run(command: list[str]) -> int:
    """Run a command without its output, and return its exit code."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    if find() is None and "--install" in sys.argv[1:]:
        install()
    print(find() or HOW)  # noqa: T201
