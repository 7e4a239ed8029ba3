"""Vacancy of a node: nothing on it could go on working or start something."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from mlinfra.node_guard.judgement import History, Signs
from mlinfra.node_guard.processes import read_processes
from mlinfra.node_guard.state import State
from mlinfra.node_guard.vacancy import find_occupant, note_vacancy

if TYPE_CHECKING:
    from tests.unit.node_guard.conftest import FakeNode

SESSION = "0::/user.slice/user-1000.slice/session-3.scope"
CONTAINER = "0::/system.slice/docker-0123456789ab.scope"


def occupant(node: FakeNode) -> str | None:
    return find_occupant(node.root, read_processes(node.root))


def service(name: str) -> str:
    return f"0::/system.slice/{name}.service"


def test_a_freshly_booted_node_has_no_occupant(node: FakeNode) -> None:
    daemons = {
        "systemd-journal": "systemd-journald",
        "sshd": "sshd",
        "amazon-ssm-agen": "amazon-ssm-agent",
        "ssm-agent-worke": "snap.amazon-ssm-agent.amazon-ssm-agent",
        "amazon-cloudwat": "amazon-cloudwatch-agent",
        "dockerd": "docker",
        "containerd": "containerd",
        "nvidia-persiste": "nvidia-persistenced",
        "dbus-broker-lau": "dbus-broker",
        "(udev-worker)": "systemd-udevd",
    }
    node.process(1, "/sbin/init", name="systemd", parent=0, cgroup="0::/init.scope")
    node.process(2, "", name="kthreadd", parent=0, cgroup="0::/")
    node.process(3, "", name="kworker/0:1", parent=2, cgroup="0::/")
    for pid, (name, unit) in enumerate(daemons.items(), start=100):
        node.process(pid, name, name=name, cgroup=service(unit))
    assert occupant(node) is None


def test_daemons_are_known_with_cgroups_of_version_1_too(node: FakeNode) -> None:
    node.process(100, name="sshd", cgroup="9:memory:/system.slice\n1:name=systemd:/system.slice/sshd.service")
    assert occupant(node) is None


@pytest.mark.parametrize(
    ("name", "cgroup"),
    [
        ("bash", SESSION),
        ("sshd", SESSION),
        ("sleep", service("cron")),
        ("ssm-session-wor", service("amazon-ssm-agent")),
        ("ssm-document-wo", service("amazon-ssm-agent")),
        ("bash", service("amazon-ssm-agent")),
        ("containerd-shim", service("containerd")),
        ("sshd", CONTAINER),
        ("systemd", "0::/user.slice/user-1000.slice/user@1000.service/init.scope"),
        ("python", service("mlinfra-minute")),
        ("slurmd", service("slurmd")),
        ("dockerd", "0::/system.slice/run-u7.scope"),
    ],
)
def test_any_other_process_occupies_a_node(node: FakeNode, name: str, cgroup: str) -> None:
    node.process(100, name=name, cgroup=cgroup)
    assert occupant(node) == f"process 100 ({name})"


def test_a_process_without_a_readable_cgroup_occupies_a_node(node: FakeNode) -> None:
    node.process(100, name="sshd")
    (node.root / "proc/100/cgroup").unlink()
    assert occupant(node) == "process 100 (sshd)"


def test_the_guard_itself_does_not_occupy_a_node(node: FakeNode) -> None:
    node.process(90, "bash", name="bash", parent=1, cgroup=service("mlinfra-minute"))
    node.process(os.getpid(), "python3", name="python3", parent=90, cgroup=service("mlinfra-minute"))
    assert occupant(node) is None


@pytest.mark.parametrize(
    "path",
    [
        "run/systemd/transient/run-u7.timer",
        "var/spool/cron/ec2-user",
        "var/spool/cron/crontabs/ubuntu",
        "var/spool/cron/atjobs/a0000101a2b3c4",
        "var/spool/at/a0000101a2b3c4",
    ],
)
def test_a_timer_of_a_user_occupies_a_node(node: FakeNode, path: str) -> None:
    node.write(path, "")
    assert occupant(node) == f"timer {path}"


@pytest.mark.parametrize("path", ["var/spool/cron/atjobs/.SEQ", "var/spool/at/.SEQ"])
def test_the_counter_of_at_is_not_a_timer(node: FakeNode, path: str) -> None:
    node.write(path, "0")
    assert occupant(node) is None


def test_an_open_terminal_occupies_a_node(node: FakeNode) -> None:
    node.terminal(0, input_ago=7_200)
    assert occupant(node) == "a terminal is open"


USED = Signs(jobs=("bert",))


@pytest.mark.parametrize(
    "signs", [USED, Signs(processes=1), Signs(kernel_executed=True)], ids=["job", "compute process", "notebook"]
)
def test_vacancy_begins_with_the_first_idle_minute_after_work(signs: Signs) -> None:
    state = State(History.beginning(0))
    assert note_vacancy(state, signs, 0, "process 7 (python)", idle=False, now=60) == 0
    assert note_vacancy(state, Signs(), 0, None, idle=True, now=120) == 0
    assert note_vacancy(state, Signs(), 0, None, idle=True, now=420) == 300


@pytest.mark.parametrize(("found", "idle"), [("process 8 (bash)", True), (None, False)])
def test_an_occupant_or_activity_ends_vacancy(found: str | None, idle: bool) -> None:  # noqa: FBT001
    state = State(History.beginning(0), used=True)
    note_vacancy(state, Signs(), 0, None, idle=True, now=60)
    assert note_vacancy(state, Signs(), 0, found, idle=idle, now=120) == 0
    note_vacancy(state, Signs(), 0, None, idle=True, now=180)
    assert note_vacancy(state, Signs(), 0, None, idle=True, now=240) == 60


def test_a_node_that_has_not_worked_since_its_boot_waits_for_its_first_job() -> None:
    state = State(History.beginning(0))
    for now in (60, 3_600):
        assert note_vacancy(state, Signs(), 0, None, idle=True, now=now) == 0


def test_a_container_is_work() -> None:
    state = State(History.beginning(0))
    note_vacancy(state, Signs(), 1, "process 9 (containerd-shim)", idle=True, now=60)
    note_vacancy(state, Signs(), 0, None, idle=True, now=120)
    assert note_vacancy(state, Signs(), 0, None, idle=True, now=180) == 60
