"""Containers of runs: `docker run` for each kind of node, downloads, and ends."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from mlinfra.runner import Code
from mlinfra.runner.container import (
    ContainerError,
    container_command,
    container_name,
    end_container,
    pull,
)
from mlinfra.runner.paths import RunPaths
from tests.unit.runner.runs import RUN_ID, specification

if TYPE_CHECKING:
    from pathlib import Path

_IMAGE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/two-tower:2.3"


def _options(command: list[str], name: str) -> list[str]:
    return [command[at + 1] for at, each in enumerate(command) if each == name]


def _command(root: Path, *devices: str, **fields: object) -> list[str]:
    (root / "proc").mkdir()
    (root / "proc/meminfo").write_text("MemTotal:       2097152 kB\nMemFree: 1 kB\n")
    for each in devices:
        (root / "dev" / each).parent.mkdir(parents=True, exist_ok=True)
        (root / "dev" / each).touch()
    spec = specification(image=_IMAGE, **fields)
    return container_command(spec, RunPaths(root, spec), ["NODE_RANK", "A"])


def test_the_image_and_its_command_come_last(tmp_path: Path) -> None:
    assert _command(tmp_path)[-3:] == [_IMAGE, "python3", "train.py"]


def test_a_container_has_the_limits_that_nccl_and_efa_need(tmp_path: Path) -> None:
    command = _command(tmp_path)
    assert _options(command, "--ulimit") == ["memlock=-1:-1", "stack=67108864:67108864", "nofile=65536:65536"]
    assert _options(command, "--shm-size") == [str(1024**3)]
    assert _options(command, "--network") == ["host"]
    assert "--init" in command


def test_a_node_with_nvidia_gpus_passes_them_and_its_adapters(tmp_path: Path) -> None:
    devices = ("nvidiactl", "infiniband/uverbs0", "infiniband/uverbs1", "gdrdrv")
    command = _command(tmp_path, *devices, gpus=8, efa_adapters=2)
    assert _options(command, "--gpus") == ["all"]
    assert _options(command, "--device") == ["/dev/infiniband/uverbs0", "/dev/infiniband/uverbs1", "/dev/gdrdrv"]


def test_a_trainium_node_passes_its_neuron_devices_in_order(tmp_path: Path) -> None:
    command = _command(tmp_path, "neuron10", "neuron2", "neuron0", gpus=16, instance_type="trn1.32xlarge")
    assert _options(command, "--device") == ["/dev/neuron0", "/dev/neuron2", "/dev/neuron10"]
    assert "--gpus" not in command


def test_a_node_with_amd_gpus_passes_them(tmp_path: Path) -> None:
    command = _command(tmp_path, "kfd", "dri/card0", gpus=1, instance_type="g4ad.xlarge")
    assert _options(command, "--device") == ["/dev/kfd", "/dev/dri"]


def test_variables_are_passed_by_name_so_that_no_process_list_shows_values(tmp_path: Path) -> None:
    assert _options(_command(tmp_path), "--env") == ["A", "NODE_RANK"]


def test_folders_have_the_same_paths_as_on_the_node(tmp_path: Path) -> None:
    code = Code(key="k", sha256="ab", bytes=1)
    command = _command(tmp_path, code=code, checkpoints="/checkpoints", working_directory="training")
    run = tmp_path / f"var/lib/mlinfra/runs/{RUN_ID}"
    assert _options(command, "--volume") == [f"{each}:{each}" for each in (tmp_path / "checkpoints", run)]
    assert _options(command, "--workdir") == [str(run / "code/training")]


def test_an_image_with_its_own_code_keeps_its_working_directory(tmp_path: Path) -> None:
    assert "--workdir" not in _command(tmp_path)


class _Docker:
    """Stands for docker: a script that records its arguments and input, and answers as docker's client does."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls_file = folder / "calls"
        self.script = folder / "bin" / "docker"
        self.script.parent.mkdir()
        monkeypatch.setenv("PATH", f"{self.script.parent}:{os.environ['PATH']}")
        self.answer("exit 0")

    def answer(self, body: str) -> None:
        self.script.write_text(f'#!/bin/bash\necho "$@" >>{self.calls_file}\n[ "$1" != --config ] || shift 2\n{body}\n')
        self.script.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        return self.calls_file.read_text().splitlines()


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Docker:
    return _Docker(tmp_path, monkeypatch)


def _pull(said: list[str] | None = None, waits: list[float] | None = None) -> None:
    pull(
        _IMAGE,
        say=(said if said is not None else []).append,
        token=lambda region: f"token of {region}",
        sleep=(waits if waits is not None else []).append,
        clock=iter(range(0, 1000, 20)).__next__,
    )


def test_a_private_image_is_downloaded_after_a_login_that_leaves_nothing(docker: _Docker, tmp_path: Path) -> None:
    docker.answer(f'[ "$1" != login ] || cat >{tmp_path}/password')
    _pull()
    login, download = docker.calls
    assert login.endswith(" login --username AWS --password-stdin 111111111111.dkr.ecr.us-east-1.amazonaws.com")
    assert (tmp_path / "password").read_text() == "token of us-east-1"
    settings = download.split()[1]
    assert download == f"--config {settings} pull {_IMAGE}"
    assert not os.path.exists(settings)  # noqa: PTH110


def test_the_progress_of_a_download_is_reported(docker: _Docker) -> None:
    docker.answer('[ "$1" != pull ] || printf "%s\\n" "0123456789ab: Pulling fs layer" "0123456789ab: Pull complete"')
    said: list[str] = []
    _pull(said)
    assert said[-1] == "downloading the image: 1 of 1 layers"


def test_a_broken_connection_is_tried_again(docker: _Docker, tmp_path: Path) -> None:
    docker.answer(
        f'[ "$1" = pull ] || exit 0\n[ -e {tmp_path}/again ] && exit 0\ntouch {tmp_path}/again\n'
        'echo "read tcp: connection reset by peer"; exit 1'
    )
    waits: list[float] = []
    _pull(waits=waits)
    assert waits == [10.0]


def test_an_image_that_does_not_exist_is_not_tried_again(docker: _Docker) -> None:
    docker.answer('[ "$1" = pull ] || exit 0\necho "Error: manifest for two-tower:2.3 not found"; exit 1')
    waits: list[float] = []
    with pytest.raises(ContainerError, match=r"cannot be downloaded.*\n.*not found"):
        _pull(waits=waits)
    assert waits == []


@pytest.mark.usefixtures("docker")
def test_a_node_without_permission_for_ecr_is_explained() -> None:
    def refuse(_region: str) -> str:
        message = "AccessDeniedException"
        raise RuntimeError(message)

    with pytest.raises(ContainerError, match="may not log in to 111111111111"):
        pull(_IMAGE, say=[].append, token=refuse)


def test_a_node_without_docker_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ContainerError, match="docker is missing"):
        _pull()


@pytest.mark.usefixtures("docker")
def test_an_image_with_a_digest_is_not_downloaded_twice() -> None:
    said: list[str] = []
    pull(f"two-tower@sha256:{'0' * 64}", say=said.append)
    assert said == ["the node has the image"]


@pytest.mark.parametrize(
    ("state", "status", "reason"),
    [
        ("false ", 0, None),
        ("false ", 1, None),
        ("false ", 137, None),
        ("true ", 137, "ran out of memory"),
        ("true ", 1, "ran out of memory"),
        ("false could not select device driver", 125, "Docker could not start the container: could not select"),
        ("false ", 126, "not executable"),
        ("false ", 127, "not in the image"),
    ],
)
def test_an_exit_code_is_explained(docker: _Docker, state: str, status: int, reason: str | None) -> None:
    docker.answer(f'[ "$1" != inspect ] || echo "{state}"')
    found = end_container("mlinfra-run-1", status).reason
    assert found is None if reason is None else reason in (found or "")
    assert docker.calls[-1] == "rm --force --volumes mlinfra-run-1"


def test_the_container_is_named_after_the_run() -> None:
    assert container_name(specification()) == f"mlinfra-run-{RUN_ID}"
