"""Folders on this machine that contain the AWS provider, in both layouts that Terraform reads.

Unpacked: `registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64/`.
Packed: `registry.terraform.io/hashicorp/aws/terraform-provider-aws_5.100.0_linux_amd64.zip`.
https://developer.hashicorp.com/terraform/cli/config/config-file#filesystem_mirror
"""

from __future__ import annotations

import os
import platform
import re
import sys
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HOST = "registry.terraform.io"
PROVIDER = f"{HOST}/hashicorp/aws"

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
_DEPTH = 4
_SECONDS = 0.7
"""The time limit for the search in all folders. Other mirrors can be set in the Terraform configuration."""

_SKIPPED_FOLDERS = frozenset({"node_modules", "site-packages", "__pycache__", "proc", "sys", "doc", "locale", "man"})


@dataclass(frozen=True)
class Wanted:
    """The acceptable versions of the provider."""

    locked: str | None = None
    """The version in the project's `.terraform.lock.hcl`; None if there is no lock file."""

    def accepts(self, version: str) -> bool:
        """True if `version` is the locked one, or, without a lock file, in the range that stacks require."""
        if self.locked is not None:
            return version == self.locked
        match = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", version)
        return match is not None and (5, 100, 0) <= tuple(int(part) for part in match.groups()) < (7, 0, 0)

    def __str__(self) -> str:
        return self.locked or ">= 5.100.0, < 7.0.0"


@dataclass(frozen=True)
class Mirror:
    """A folder from which Terraform can install the provider."""

    path: Path
    version: str
    unpacked: bool
    """True if Terraform can run the provider from this folder, without a copy for each stack."""


def wanted(root: Path) -> Wanted:
    """The acceptable versions of the project at `root`, by its lock file."""
    try:
        lock = (root / ".terraform.lock.hcl").read_text()
    except FileNotFoundError:
        return Wanted()
    match = re.search(rf'provider\s+"{re.escape(PROVIDER)}"\s*{{\s*version\s*=\s*"([^"]+)"', lock)
    return Wanted(match[1] if match else None)


def target_platform() -> str:
    """The platform of this machine in Terraform's notation, such as linux_amd64."""
    machine = platform.machine().lower()
    return f"{sys.platform}_{_MACHINES.get(machine, machine)}"


def default_locations() -> Iterator[Path]:
    """The folders that Terraform searches without any configuration."""
    yield Path.home() / ".terraform.d" / "plugins"
    if sys.platform == "darwin":
        yield Path.home() / "Library/Application Support/io.hashicorp.terraform/plugins"
        yield Path("/Library/Application Support/io.hashicorp.terraform/plugins")
        return
    data_home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    data_folders = (os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    yield from (Path(folder) / "terraform" / "plugins" for folder in (data_home, *data_folders))


def common_locations() -> Iterator[Path]:
    """Common folders for mirrors, and the caches of Terraform and cdktf."""
    yield from map(Path, ("/opt", "/usr/local", "/srv"))
    yield Path.home() / ".terraform.d" / "plugin-cache"
    yield from map(Path, ("/usr/share", "/usr/lib", "/var/lib", "/var/cache"))
    yield Path.home()


def find(locations: Iterable[Path], required: Wanted) -> Mirror | None:
    """The first mirror in `locations`, or up to four levels below, with the provider for this machine."""
    deadline = time.monotonic() + _SECONDS
    for location in locations:
        for mirror in _mirrors_below(location, deadline):
            if found := provider_in(mirror, required):
                return found
    return None


def provider_in(mirror: Path, required: Wanted) -> Mirror | None:
    """The provider in `mirror`, in the newest acceptable version; None if there is none."""
    folder = mirror / PROVIDER
    found = [
        *(
            Mirror(mirror, path.parent.parent.name, unpacked=True)
            for path in folder.glob(f"*/{target_platform()}/terraform-provider-aws_v*")
        ),
        *(
            Mirror(mirror, path.name.split("_")[1], unpacked=False)
            for path in folder.glob(f"terraform-provider-aws_*_{target_platform()}.zip")
        ),
    ]
    fitting = [each for each in found if required.accepts(each.version)]
    return max(fitting, key=lambda each: (_number(each.version), each.unpacked), default=None)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def _mirrors_below(location: Path, deadline: float) -> Iterator[Path]:
    """Folders with a `registry.terraform.io`, in order of depth."""
    queue = deque([(location, 0)])
    while queue and time.monotonic() < deadline:
        folder, depth = queue.popleft()
        try:
            with os.scandir(folder) as entries:
                names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue
        if HOST in names:
            yield folder
        if depth < _DEPTH:
            inside = (name for name in names if not name.startswith(".") and name not in _SKIPPED_FOLDERS)
            queue.extend((folder / name, depth + 1) for name in inside)
