"""Folders on this machine that hold the AWS provider, in either layout that Terraform reads.

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
"""For all places together. A mirror that is buried deeper can be named in Terraform's own configuration."""

_NOT_LOOKED_INTO = frozenset({"node_modules", "site-packages", "__pycache__", "proc", "sys", "doc", "locale", "man"})


@dataclass(frozen=True)
class Wanted:
    """Which versions of the provider will do."""

    locked: str | None = None
    """The one version that the project's `.terraform.lock.hcl` allows; None where there is no lock file."""

    def accepts(self, version: str) -> bool:
        """Whether `version` will do: the locked one, or else any of the range that stacks ask for."""
        if self.locked is not None:
            return version == self.locked
        match = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", version)
        return match is not None and (5, 100, 0) <= tuple(int(part) for part in match.groups()) < (7, 0, 0)

    def __str__(self) -> str:
        return self.locked or ">= 5.100.0, < 7.0.0"


@dataclass(frozen=True)
class Mirror:
    """A folder that Terraform can install the provider from."""

    path: Path
    version: str
    unpacked: bool
    """Whether Terraform can run the provider from where it lies, without a copy for each stack."""


def wanted(root: Path) -> Wanted:
    """What the project at `root` needs, by its lock file."""
    try:
        lock = (root / ".terraform.lock.hcl").read_text()
    except FileNotFoundError:
        return Wanted()
    match = re.search(rf'provider\s+"{re.escape(PROVIDER)}"\s*{{\s*version\s*=\s*"([^"]+)"', lock)
    return Wanted(match[1] if match else None)


def target_platform() -> str:
    """This machine as Terraform names it, such as linux_amd64."""
    machine = platform.machine().lower()
    return f"{sys.platform}_{_MACHINES.get(machine, machine)}"


def implied_places() -> Iterator[Path]:
    """Where Terraform looks by itself, without any configuration."""
    yield Path.home() / ".terraform.d" / "plugins"
    if sys.platform == "darwin":
        yield Path.home() / "Library/Application Support/io.hashicorp.terraform/plugins"
        yield Path("/Library/Application Support/io.hashicorp.terraform/plugins")
        return
    data_home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    data_folders = (os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    yield from (Path(folder) / "terraform" / "plugins" for folder in (data_home, *data_folders))


def likely_places() -> Iterator[Path]:
    """Where administrators put mirrors, and where Terraform and cdktf keep what they downloaded."""
    yield from map(Path, ("/opt", "/usr/local", "/srv"))
    yield Path.home() / ".terraform.d" / "plugin-cache"
    yield from map(Path, ("/usr/share", "/usr/lib", "/var/lib", "/var/cache"))
    yield Path.home()


def find(places: Iterable[Path], needed: Wanted) -> Mirror | None:
    """The first mirror in `places`, or a few levels below them, that has the provider for this machine."""
    deadline = time.monotonic() + _SECONDS
    for place in places:
        for mirror in _mirrors_below(place, deadline):
            if found := look_into(mirror, needed):
                return found
    return None


def look_into(mirror: Path, needed: Wanted) -> Mirror | None:
    """What `mirror` has of the provider; the newest of several versions that will do."""
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
    fitting = [each for each in found if needed.accepts(each.version)]
    return max(fitting, key=lambda each: (_number(each.version), each.unpacked), default=None)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def _mirrors_below(place: Path, deadline: float) -> Iterator[Path]:
    """Folders that hold a `registry.terraform.io`, the shallow ones first."""
    queue = deque([(place, 0)])
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
            inside = (name for name in names if not name.startswith(".") and name not in _NOT_LOOKED_INTO)
            queue.extend((folder / name, depth + 1) for name in inside)
