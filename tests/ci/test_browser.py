"""The program that finds or installs the browser of the tests."""

from __future__ import annotations

import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# Records its arguments, and installs a file in place of a browser.
APT_GET = """\
#!/bin/sh
echo "$*" >> "$0.record"
case "$1" in install) {installation} ;; esac
"""


def browser(tools: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ci.browser", *arguments]
    environment = {"PATH": str(tools), **variables}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """The only folder on the PATH, with a `sudo` that runs its command."""
    put(tmp_path / "sudo", '#!/bin/sh\n[ "$1" = --non-interactive ] && shift\nexec "$@"\n')
    return tmp_path


def put(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(stat.S_IRWXU)
    return path


def test_an_installed_browser_is_printed_and_nothing_is_installed(tools: Path) -> None:
    found = put(tools / "google-chrome", "")
    apt = put(tools / "apt-get", APT_GET)
    assert browser(tools, "--install").stdout == f"{found}\n"
    assert not (apt.parent / "apt-get.record").exists()


def test_the_variable_names_another_browser(tools: Path) -> None:
    assert browser(tools, MLINFRA_CHROMIUM="/opt/chromium").stdout == "/opt/chromium\n"


def test_without_a_browser_the_ways_to_install_it_are_printed(tools: Path) -> None:
    assert browser(tools).stdout == (
        "The tests of the report need Chromium or Chrome. Install it (Debian: apt-get install chromium; Ubuntu: snap "
        "install chromium; macOS: brew install --cask chromium), or set MLINFRA_CHROMIUM to its path.\n"
    )


def test_it_is_installed_with_apt_get(tools: Path) -> None:
    chromium = tools / "chromium"
    put(tools / "apt-get", APT_GET.format(installation=f'echo "" > "{chromium}" && /bin/chmod +x "{chromium}"'))
    ended = browser(tools, "--install")
    assert (ended.returncode, ended.stdout) == (0, f"{chromium}\n"), ended.stderr
    assert (tools / "apt-get.record").read_text().splitlines() == [
        "update --quiet",
        "install --quiet --yes --no-install-recommends chromium",
    ]


@pytest.mark.parametrize("apt_get", [None, "exit 1", "true"], ids=["missing", "fails", "installs nothing"])
def test_a_failed_installation_ends_with_the_ways_to_install_it(tools: Path, apt_get: str | None) -> None:
    if apt_get:
        put(tools / "apt-get", APT_GET.format(installation=apt_get))
    ended = browser(tools, "--install")
    assert ended.returncode == 1
    assert "The tests of the report need Chromium or Chrome." in ended.stderr
