from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from mlinfra.operations.terraform import provider_mirrors
from mlinfra.operations.terraform.provider_mirrors import PROVIDER, Wanted, find, provider_in, target_platform, wanted

if TYPE_CHECKING:
    from pathlib import Path

ANY = Wanted()


def unpacked(mirror: Path, version: str, platform: str | None = None) -> Path:
    folder = mirror / PROVIDER / version / (platform or target_platform())
    folder.mkdir(parents=True)
    (folder / f"terraform-provider-aws_v{version}_x5").touch()
    return mirror


def packed(mirror: Path, version: str) -> Path:
    folder = mirror / PROVIDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"terraform-provider-aws_{version}_{target_platform()}.zip").touch()
    return mirror


@pytest.mark.parametrize("lay_out", [unpacked, packed])
def test_a_mirror_is_found_in_either_layout(tmp_path: Path, lay_out: object) -> None:
    assert callable(lay_out)
    mirror = lay_out(tmp_path / "a" / "b" / "mirror", "5.100.0")
    found = find([tmp_path], ANY)
    assert found is not None
    assert (found.path, found.version, found.unpacked) == (mirror, "5.100.0", lay_out is unpacked)


def test_the_newest_suitable_version_is_used(tmp_path: Path) -> None:
    for version in ("5.99.1", "5.100.0", "6.9.0", "6.25.0", "7.0.0"):
        unpacked(tmp_path, version)
    found = provider_in(tmp_path, ANY)
    assert found is not None
    assert found.version == "6.25.0"


def test_a_lock_file_leaves_one_version(tmp_path: Path) -> None:
    unpacked(tmp_path, "5.100.0")
    unpacked(tmp_path, "6.25.0")
    found = provider_in(tmp_path, Wanted("5.100.0"))
    assert found is not None
    assert found.version == "5.100.0"
    assert provider_in(tmp_path, Wanted("5.101.0")) is None


def test_a_mirror_for_another_platform_is_not_used(tmp_path: Path) -> None:
    unpacked(tmp_path, "5.100.0", platform="plan9_mips")
    assert find([tmp_path], ANY) is None


def test_an_incomplete_download_is_not_used(tmp_path: Path) -> None:
    (tmp_path / PROVIDER / "5.100.0" / target_platform()).mkdir(parents=True)
    assert find([tmp_path], ANY) is None


def test_a_mirror_that_does_not_fit_does_not_hide_one_that_does(tmp_path: Path) -> None:
    unpacked(tmp_path / "first", "4.0.0")
    right = unpacked(tmp_path / "second" / "deeper", "5.100.0")
    found = find([tmp_path], ANY)
    assert found is not None
    assert found.path == right


def test_the_search_ends_soon_in_a_large_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        (tmp_path / str(number)).mkdir()
    folders: list[object] = []
    scan = os.scandir
    monkeypatch.setattr(provider_mirrors.os, "scandir", lambda folder: folders.append(folder) or scan(folder))
    # Each folder takes a tenth of a second.
    monkeypatch.setattr(provider_mirrors, "time", SimpleNamespace(monotonic=lambda: len(folders) / 10))
    find([tmp_path] * 50, ANY)
    assert len(folders) == 7


def test_a_missing_folder_is_skipped(tmp_path: Path) -> None:
    assert find([tmp_path / "nowhere"], ANY) is None


def test_the_lock_file_of_a_project_says_which_version_is_needed(tmp_path: Path) -> None:
    (tmp_path / ".terraform.lock.hcl").write_text(
        'provider "registry.terraform.io/hashicorp/aws" {\n  version     = "5.100.0"\n  hashes = []\n}\n'
    )
    assert wanted(tmp_path) == Wanted("5.100.0")
    assert wanted(tmp_path / "elsewhere") == ANY
