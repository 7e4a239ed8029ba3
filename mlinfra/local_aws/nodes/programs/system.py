"""Small commands of a node: what its boot script and its guard use, and what must not reach this machine."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlinfra.local_aws.nodes.folder import KERNEL_LOG
from mlinfra.local_aws.nodes.programs.answers import Answer, refused
from mlinfra.local_aws.nodes.rewriting import rewritten_program

if TYPE_CHECKING:
    from mlinfra.local_aws.nodes.node import Node
    from mlinfra.local_aws.nodes.programs.answers import Call

ABSENT: Final = (
    *("amazon-linux-extras", "apt-get", "blkid", "dnf", "dpkg", "halt", "killall", "loginctl", "lsblk", "mdadm"),
    *("mkfs.xfs", "modprobe", "mount", "pgrep", "pkill", "poweroff", "prlimit", "py-spy", "reboot", "shutdown"),
    *("umount", "wipefs", "yum"),
)
"""Commands that would read or change this machine: they fail on a node."""
_NOT_FOUND: Final = 127
_DEFAULT_MODE: Final = 0o755
_DOCKER_FAILED: Final = 125


def absent(_node: Node, _call: Call) -> Answer:
    """A command that a node of the local AWS does not have."""
    return Answer(errors="not available on a node of the local AWS\n", status=_NOT_FOUND)


def dmesg(node: Node, _call: Call) -> Answer:
    """`dmesg`: the log of the node's kernel, which is simulated."""
    file = node.root / KERNEL_LOG
    return Answer(file.read_text(encoding="utf-8") if file.exists() else "")


def docker(_node: Node, call: Call) -> Answer:
    """`docker`: present, with NVIDIA's runtime, as images have it; containers are refused."""
    if call.arguments[:1] == ("info",):
        return Answer('{"nvidia":{"path":"nvidia-container-runtime"},"runc":{"path":"runc"}}\n')
    return refused("docker", "nodes of the local AWS run no containers", _DOCKER_FAILED)


def fi_info(node: Node, _call: Call) -> Answer:
    """`fi_info`: the Elastic Fabric Adapters of the instance type."""
    kind = node.instance.type
    count = int(kind.efa_count) if kind else 0
    if not count:
        return refused("fi_getinfo", "-61 (No data available)", 61)
    return Answer("".join(f"provider: efa\n    fabric: efa\n    domain: efa_{index}-rdm\n" for index in range(count)))


def mountpoint(node: Node, call: Call) -> Answer:
    """`mountpoint`: the local disks of the instance type are at /scratch, and the file system at /lustre."""
    path = call.path(call.arguments[-1])
    mounted = (node.root / "scratch", node.root / "lustre")
    return Answer(status=0 if path in mounted and path.is_dir() else 32)


def nvidia_ctk(_node: Node, _call: Call) -> Answer:
    """`nvidia-ctk`: there is nothing to configure."""
    return Answer()


def install(node: Node, call: Call) -> Answer:
    """`install`: copies a file; scripts are rewritten for the folder of the node."""
    mode, paths = _DEFAULT_MODE, []
    words = list(call.arguments)
    while words:
        word = words.pop(0)
        if word == "-m":
            mode = int(words.pop(0), 8)
        elif not word.startswith("-"):
            paths.append(word)
    if len(paths) < 2:  # noqa: PLR2004  source and target
        return refused("install", "the local AWS copies files only: install [-D] [-m MODE] SOURCE... TARGET")
    *sources, target = paths
    is_folder = target.endswith("/") or call.path(target).is_dir()
    try:
        for source in sources:
            content = call.input if source == "/dev/stdin" else call.path(source).read_bytes()
            _write(node, call.path(target) / Path(source).name if is_folder else call.path(target), content, mode)
    except OSError as error:
        return refused("install", f"{error.filename}: {error.strerror}")
    return Answer()


def _write(node: Node, target: Path, content: bytes, mode: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(f".{target.name}.new")
    new.write_bytes(rewritten_program(content, node.root, node.metadata.url))
    new.chmod(mode)
    new.replace(target)


def df(node: Node, call: Call) -> Answer:
    """`df`: the size of the disk of this machine, on which the folder of the node is."""
    total = shutil.disk_usage(node.root).total // 2**30
    return Answer(f" Size\n {total}G\n" if "--output=size" in call.arguments else f"{total}G\n")
