"""The folder of a node: its directories, devices and commands."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlinfra.local_aws.nodes.rewriting import BIN, TOP

if TYPE_CHECKING:
    from collections.abc import Iterable

AGENT_CONTROL: Final = "opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl"
KERNEL_LOG: Final = "var/log/dmesg"
JOURNAL: Final = "var/log/journal"
_FOLDERS: Final = ("proc", "dev", "tmp", "etc/systemd/system", "usr/local/bin", "usr/local/sbin", "var/lib", JOURNAL)
_SYSTEM_PATH: Final = ("/opt/homebrew/bin", "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin")

_SHIM: Final = '''"""A command of a node, which the local AWS answers."""
import base64, json, os, socket, sys
HOST, PORT = {host!r}, {port!r}
name, arguments = sys.argv[1], sys.argv[2:]
variables = {{each: os.environ[each] for each in os.environ if each.startswith("AWS_")}}
body = {{"arguments": arguments, "directory": os.getcwd(), "variables": variables}}
if name == "install" and "/dev/stdin" in arguments:
    body["input"] = base64.b64encode(sys.stdin.buffer.read()).decode()
text = json.dumps(body).encode()
try:
    connection = socket.create_connection((HOST, PORT))
    head = "POST /local-aws/%s HTTP/1.0\\r\\nContent-Length: %d\\r\\n\\r\\n" % (name, len(text))
    connection.sendall(head.encode() + text)
    answer = json.loads(b"".join(iter(lambda: connection.recv(65536), b"")).partition(b"\\r\\n\\r\\n")[2])
except (OSError, ValueError) as error:
    sys.exit("%s: the local AWS does not answer: %s" % (name, error))
if "execute" in answer:
    os.execv(answer["execute"][0], answer["execute"])
sys.stdout.buffer.write(base64.b64decode(answer["output"]))
sys.stdout.flush()
sys.stderr.write(answer["errors"])
sys.exit(answer["status"])
'''


def make_folder(root: Path, *, gpus: int, has_local_disk: bool) -> None:
    """Create the directories and the devices of a node.

    Args:
        root: its folder.
        gpus: the number of its NVIDIA GPUs.
        has_local_disk: True if it has local NVMe disks.
    """
    for each in (*TOP, *_FOLDERS):
        (root / each).mkdir(parents=True, exist_ok=True)
    for index in range(gpus):
        (root / f"dev/nvidia{index}").touch()
    if not has_local_disk:
        (root / "scratch").rmdir()
    (root / "lustre").rmdir()
    # The clock of processes is that of this machine.
    uptime = Path("/proc/uptime")
    if uptime.exists():
        (root / "proc/uptime").symlink_to(uptime)


def install_commands(root: Path, names: Iterable[str], *, host: str, port: int) -> None:
    """Install the commands that the local AWS answers, and Python without the packages of this project.

    Args:
        root: the folder of the node.
        names: the names of the commands.
        host: the address on which the local AWS answers them.
        port: the port.
    """
    folder = root / BIN
    folder.mkdir(parents=True, exist_ok=True)
    shim = folder.parent / "command.py"
    shim.write_text(_SHIM.format(host=host, port=port), encoding="utf-8")
    python = shlex.quote(_python())
    for name in names:
        _executable(folder / name, f'#!/bin/sh\nexec {python} -IS {shlex.quote(str(shim))} {name} "$@"\n')
    control = root / AGENT_CONTROL
    control.parent.mkdir(parents=True, exist_ok=True)
    _executable(control, f'#!/bin/sh\nexec {python} -IS {shlex.quote(str(shim))} amazon-cloudwatch-agent-ctl "$@"\n')
    # A link: on macOS, the interpreter of a script must not be a script.
    (folder / "python3").symlink_to(_python())


def search_path(root: Path) -> str:
    """The value of PATH on a node.

    Args:
        root: its folder.
    """
    own = [str(root / each) for each in (BIN, "usr/local/sbin", "usr/local/bin")]
    return ":".join([*own, *(each for each in _SYSTEM_PATH if Path(each).is_dir())])


def _python() -> str:
    """The interpreter outside of the virtual environment of this process, as an image has it."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    return str(Path(base).resolve())


def _executable(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
