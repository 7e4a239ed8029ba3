"""Installation of the pinned Terraform on a runner."""

from __future__ import annotations

import hashlib
import io
import platform
import stat
import sys
import zipfile
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, ClassVar

import pytest

from ci import install_terraform
from tests.ci.servers import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def archive() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        made.writestr("LICENSE.txt", "text")
        made.writestr("terraform", "#!/bin/sh\n")
    return content.getvalue()


class Releases(BaseHTTPRequestHandler):
    content: ClassVar[bytes] = archive()
    paths: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.paths.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Write no log."""


@pytest.fixture
def releases(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    Releases.paths.clear()
    with serving(Releases) as address:
        yield address


def test_the_pinned_version_is_installed(releases: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = hashlib.sha256(Releases.content).hexdigest()
    monkeypatch.setitem(install_terraform.DIGESTS, "linux_amd64", digest)  # type: ignore[arg-type]
    path = install_terraform.install(tmp_path / ".tools", releases=releases)
    assert path == tmp_path / ".tools" / "terraform"
    assert path.read_text() == "#!/bin/sh\n"
    assert path.stat().st_mode & stat.S_IXUSR
    version = install_terraform.VERSION
    assert Releases.paths == [f"/{version}/terraform_{version}_linux_amd64.zip"]


def test_another_archive_is_not_installed(releases: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"has the SHA-256 [0-9a-f]{64}, expected 1ce994251c.*Nothing was installed"):
        install_terraform.install(tmp_path / ".tools", releases=releases)
    assert not (tmp_path / ".tools").exists()


@pytest.mark.usefixtures("releases")
def test_an_unknown_platform_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(SystemExit, match="for linux_riscv64 is recorded"):
        install_terraform.install(tmp_path / ".tools")
