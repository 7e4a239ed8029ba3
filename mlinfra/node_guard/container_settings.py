"""Locked and shared memory for containers, which Elastic Fabric Adapters and NCCL need. Set once at boot.

Run as `mlinfra-python3 -m mlinfra.node_guard.container_settings /etc`.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Run = Callable[[Sequence[str]], "str | None"]
    """Runs a command. Returns its output; None: it failed."""

log = logging.getLogger("mlinfra-container-settings")

MEMLOCK: Final = "default-ulimits"
SHARED_MEMORY: Final = "default-shm-size"
"""The settings of the Docker daemon. Source: Docker documentation, "dockerd", "Daemon configuration file"."""

_SECONDS: Final = 120
_DAEMONS: Final = "containerd|dockerd|amazon-ssm-agent|ssm-agent-worker"
"""Processes that were started before the boot script. Containers and Session Manager inherit their limits."""


class InvalidSettings(Exception):  # noqa: N818  it names the fact that is reported
    """The settings of Docker could not be used. The message is the reason."""


def main(argv: Sequence[str]) -> int:
    """Set the limits of services, logins and containers. Settings of the image are kept. Docker can be missing.

    Args:
        argv: the folder of settings: /etc.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    etc = Path(argv[0])
    allow_locked_memory(etc, run)
    if run(["docker", "--version"]) is None:
        return 0
    try:
        set_docker_defaults(etc, run, shared_memory=half_of_memory())
    except (InvalidSettings, OSError) as reason:
        log.warning("Docker has no default for locked and shared memory: %s", reason)
        return 1
    return 0


def run(command: Sequence[str]) -> str | None:
    """The output of a command. None: it is missing, failed or took too long."""
    try:
        ended = subprocess.run(  # noqa: S603  the commands are those of this file
            command, capture_output=True, text=True, timeout=_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return ended.stdout


def half_of_memory() -> str:
    """The size of shared memory: half of the node's memory, which is the default of Linux (tmpfs(5)).

    It is a limit, not a reservation.
    """
    mebibytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**21
    return f"{mebibytes}m"


def allow_locked_memory(etc: Path, run: Run) -> None:
    """Remove the limit of locked memory for services, logins, and the daemons that already run.

    EFA registers memory with the adapter, which locks it; the default limit of systemd is 8 MiB. Sources:
    systemd-system.conf(5), "DefaultLimitMEMLOCK="; limits.conf(5); prlimit(1); EC2 user guide, "Install the EFA
    software in a container" (limits are set outside the container), read 2026-11-29.
    """
    _write(etc / "systemd/system.conf.d/mlinfra.conf", "[Manager]\nDefaultLimitMEMLOCK=infinity\n")
    # limits.conf(5): a wildcard does not apply to root.
    _write(etc / "security/limits.d/mlinfra.conf", "* - memlock unlimited\nroot - memlock unlimited\n")
    run(["systemctl", "daemon-reexec"])
    for pid in (run(["pgrep", "-f", _DAEMONS]) or "").split():
        run(["prlimit", "--pid", pid, "--memlock=unlimited:unlimited"])


def set_docker_defaults(etc: Path, run: Run, *, shared_memory: str) -> None:
    """Merge the defaults into daemon.json, and restart Docker if they are new and no container runs.

    Args:
        etc: the folder of settings.
        run: how to run commands.
        shared_memory: the default size of /dev/shm in containers, with a unit, such as 512m.

    Raises:
        InvalidSettings: if daemon.json is invalid, or Docker does not start with the new settings. The file is then
            as it was before.
    """
    file = etc / "docker/daemon.json"
    before = file.read_text(encoding="utf-8") if file.exists() else None
    flags = run(["ps", "-C", "dockerd", "-o", "args="]) or ""
    after = merged(before, shared_memory=shared_memory, flags=flags)
    if after is None:
        return
    _write(file, after)
    running = run(["docker", "ps", "--quiet"])
    if running is None or running.strip():
        log.info("Docker uses its new defaults after its next restart: containers are running, or it does not answer")
        return
    if run(["systemctl", "restart", "docker"]) is not None:
        return
    if before is None:
        file.unlink()
    else:
        _write(file, before)
    # systemd refuses further starts of a unit that failed often (systemd.unit(5), "StartLimitIntervalSec=").
    run(["systemctl", "reset-failed", "docker"])
    restored = run(["systemctl", "restart", "docker"]) is not None
    reason = "it does not start with them, and they were removed"
    raise InvalidSettings(reason if restored else f"{reason}; it still does not start")


def merged(text: str | None, *, shared_memory: str, flags: str) -> str | None:
    """The settings of Docker with the defaults. None: it has them.

    Docker does not start if an option is both a flag and a setting. The packages of Amazon Linux give the flag
    `--default-ulimit`; containers then inherit the limit of locked memory. Sources: Docker documentation, "dockerd",
    "On Linux" of "Daemon configuration file"; github.com, elastic/ansible-elastic-cloud-enterprise, pull request 227
    (the message); awslabs/amazon-eks-ami, issue 219 (/etc/sysconfig/docker); read 2026-11-29.

    Args:
        text: daemon.json. None: there is none.
        shared_memory: the default size of /dev/shm in containers.
        flags: the command line of the daemon.

    Raises:
        InvalidSettings: if it is not a JSON object.
    """
    try:
        settings: Any = json.loads(text) if text and text.strip() else {}
    except ValueError as error:
        reason = f"daemon.json is not valid JSON: {error}"
        raise InvalidSettings(reason) from None
    limits = settings.get(MEMLOCK, {}) if isinstance(settings, dict) else None
    if not isinstance(limits, dict):
        reason = f"daemon.json is not an object with an object {MEMLOCK}"
        raise InvalidSettings(reason)
    changed = False
    if "memlock" not in limits and "--default-ulimit" not in flags:
        settings[MEMLOCK] = {**limits, "memlock": {"Name": "memlock", "Hard": -1, "Soft": -1}}
        changed = True
    if SHARED_MEMORY not in settings and "--default-shm-size" not in flags:
        settings[SHARED_MEMORY] = shared_memory
        changed = True
    return f"{json.dumps(settings, indent=4)}\n" if changed else None


def _write(file: Path, text: str) -> None:
    """Write a file in one step, so that no reader finds a part of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.new")
    new.write_text(text, encoding="utf-8")
    if file.exists():
        new.chmod(file.stat().st_mode & 0o777)
    new.replace(file)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
