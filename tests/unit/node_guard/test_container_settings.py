"""Locked and shared memory for containers."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.node_guard import container_settings
from mlinfra.node_guard.container_settings import (
    InvalidSettings,
    allow_locked_memory,
    half_of_memory,
    main,
    merged,
    run,
    set_docker_defaults,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

UNLIMITED = {"Name": "memlock", "Hard": -1, "Soft": -1}
DEFAULTS = {"default-ulimits": {"memlock": UNLIMITED}, "default-shm-size": "512m"}
NVIDIA = {"runtimes": {"nvidia": {"args": [], "path": "nvidia-container-runtime"}}}
RESTART = "systemctl restart docker"


class Host:
    """The commands of a node: answers by the beginning of a command. Others succeed without output."""

    def __init__(self, **answers: str | None) -> None:
        self.answers = answers
        self.calls: list[str] = []

    def __call__(self, command: Sequence[str]) -> str | None:
        self.calls.append(" ".join(command))
        return self.answers.get(command[0], "")


class BrokenDocker(Host):
    """A host whose Docker does not start with the new settings."""

    def __init__(self, file: Path, *, starts_again: bool) -> None:
        super().__init__()
        self.file = file
        self.starts_again = starts_again

    def __call__(self, command: Sequence[str]) -> str | None:
        super().__call__(command)
        if " ".join(command) != RESTART:
            return ""
        has_defaults = self.file.exists() and "memlock" in self.file.read_text()
        return "" if self.starts_again and not has_defaults else None


def daemon_json(etc: Path, settings: Any = None) -> Path:
    file = etc / "docker/daemon.json"
    file.parent.mkdir(parents=True)
    if settings is not None:
        file.write_text(json.dumps(settings))
        file.chmod(0o640)
    return file


def test_a_node_without_settings_of_docker_gets_both_defaults(tmp_path: Path) -> None:
    host = Host()
    set_docker_defaults(tmp_path, host, shared_memory="512m")
    assert json.loads((tmp_path / "docker/daemon.json").read_text()) == DEFAULTS
    assert RESTART in host.calls


def test_the_nvidia_runtime_and_other_settings_are_kept(tmp_path: Path) -> None:
    file = daemon_json(tmp_path, NVIDIA | {"default-ulimits": {"nofile": {"Name": "nofile", "Hard": 9, "Soft": 9}}})
    set_docker_defaults(tmp_path, Host(), shared_memory="512m")
    limits = {"nofile": {"Name": "nofile", "Hard": 9, "Soft": 9}, "memlock": UNLIMITED}
    assert json.loads(file.read_text()) == NVIDIA | DEFAULTS | {"default-ulimits": limits}
    assert file.stat().st_mode & 0o777 == 0o640


def test_values_of_the_image_are_not_replaced_and_docker_is_not_restarted(tmp_path: Path) -> None:
    given = {
        "default-ulimits": {"memlock": {"Name": "memlock", "Hard": 64, "Soft": 64}},
        "default-shm-size": "8g",
    }
    file = daemon_json(tmp_path, given)
    host = Host()
    set_docker_defaults(tmp_path, host, shared_memory="512m")
    assert json.loads(file.read_text()) == given
    assert RESTART not in host.calls


def test_a_second_boot_does_not_restart_docker(tmp_path: Path) -> None:
    set_docker_defaults(tmp_path, Host(), shared_memory="512m")
    host = Host()
    set_docker_defaults(tmp_path, host, shared_memory="512m")
    assert RESTART not in host.calls


@pytest.mark.parametrize("containers", ["4f2a91b7c0de\n", None], ids=["running", "no-answer"])
def test_docker_is_not_restarted_while_containers_may_run(tmp_path: Path, containers: str | None) -> None:
    host = Host(docker=containers)
    set_docker_defaults(tmp_path, host, shared_memory="512m")
    assert json.loads((tmp_path / "docker/daemon.json").read_text()) == DEFAULTS
    assert RESTART not in host.calls


def test_an_option_that_is_a_flag_of_the_daemon_is_not_set_again(tmp_path: Path) -> None:
    host = Host(ps="/usr/bin/dockerd -H fd:// --default-ulimit nofile=32768:65536\n")
    set_docker_defaults(tmp_path, host, shared_memory="512m")
    assert json.loads((tmp_path / "docker/daemon.json").read_text()) == {"default-shm-size": "512m"}
    flags = "dockerd --default-ulimit nofile=1024:4096 --default-shm-size 1g"
    assert merged(None, shared_memory="512m", flags=flags) is None


@pytest.mark.parametrize("given", [NVIDIA, None], ids=["with-settings", "without"])
def test_settings_with_which_docker_does_not_start_are_removed(tmp_path: Path, given: Any) -> None:
    file = daemon_json(tmp_path, given)
    host = BrokenDocker(file, starts_again=True)
    with pytest.raises(InvalidSettings, match=r"^it does not start with them, and they were removed$"):
        set_docker_defaults(tmp_path, host, shared_memory="512m")
    assert (json.loads(file.read_text()) if file.exists() else None) == given
    assert host.calls[-2:] == ["systemctl reset-failed docker", RESTART]


def test_docker_that_does_not_start_without_them_either_is_reported(tmp_path: Path) -> None:
    host = BrokenDocker(daemon_json(tmp_path, NVIDIA), starts_again=False)
    with pytest.raises(InvalidSettings, match=r"they were removed; it still does not start$"):
        set_docker_defaults(tmp_path, host, shared_memory="512m")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "^daemon.json is not valid JSON: Expecting property name"),
        ("[]", "^daemon.json is not an object with an object default-ulimits$"),
        ('{"default-ulimits": []}', "^daemon.json is not an object with an object default-ulimits$"),
    ],
)
def test_invalid_settings_are_refused_and_unchanged(tmp_path: Path, text: str, reason: str) -> None:
    file = daemon_json(tmp_path)
    file.write_text(text)
    with pytest.raises(InvalidSettings, match=reason):
        set_docker_defaults(tmp_path, Host(), shared_memory="512m")
    assert file.read_text() == text


def test_services_and_logins_may_lock_memory(tmp_path: Path) -> None:
    host = Host(pgrep="41\n42\n")
    allow_locked_memory(tmp_path, host)
    assert (tmp_path / "systemd/system.conf.d/mlinfra.conf").read_text() == "[Manager]\nDefaultLimitMEMLOCK=infinity\n"
    logins = (tmp_path / "security/limits.d/mlinfra.conf").read_text().splitlines()
    assert logins == ["* - memlock unlimited", "root - memlock unlimited"]
    assert host.calls == [
        "systemctl daemon-reexec",
        "pgrep -f containerd|dockerd|amazon-ssm-agent|ssm-agent-worker",
        "prlimit --pid 41 --memlock=unlimited:unlimited",
        "prlimit --pid 42 --memlock=unlimited:unlimited",
    ]


def test_shared_memory_is_half_of_the_memory_of_the_node() -> None:
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert half_of_memory() == f"{total // 2 // 1024 // 1024}m"


def test_a_node_without_docker_only_gets_the_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container_settings, "run", Host(docker=None))
    assert main([str(tmp_path)]) == 0
    assert (tmp_path / "security/limits.d/mlinfra.conf").exists()
    assert not (tmp_path / "docker").exists()


def test_the_reason_of_a_failure_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(container_settings, "run", Host())
    daemon_json(tmp_path).write_text("[]")
    assert main([str(tmp_path)]) == 1
    assert "Docker has no default for locked and shared memory: daemon.json is not" in caplog.text


def test_a_command_that_is_missing_or_fails_has_no_output() -> None:
    assert run(["/bin/echo", "text"]) == "text\n"
    assert run(["/bin/false"]) is None
    assert run(["/no/such/command"]) is None
