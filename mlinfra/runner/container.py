"""Container of a run on a node: its image, the devices and limits that training needs, and the meaning of its end."""

from __future__ import annotations

import base64
import os
import re
import shutil
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlinfra.job.aws import open_session
from mlinfra.runner.programs import run_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from mlinfra.runner.paths import RunPaths
    from mlinfra.runner.specification import RunSpecification

_ECR: Final = re.compile(r"(?P<registry>\d{12}\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com)/.+")
_PULLS: Final = 3
_PULL_SECONDS: Final = 10.0
"""The pause before the second attempt, in seconds; it doubles."""
_SAY_SECONDS: Final = 15.0
_FINAL: Final = re.compile(
    r"manifest unknown|manifest for .* not found|pull access denied|repository does not exist|no basic auth credentials"
    r"|unauthorized|denied|invalid reference format|no matching manifest|no space left on device",
    re.IGNORECASE,
)
"""Errors of `docker pull` that another attempt does not change."""

_STACK_BYTES: Final = 67_108_864
_OPEN_FILES: Final = 65_536


class ContainerError(Exception):
    """The image cannot be used. The message is a sentence."""


def container_name(spec: RunSpecification) -> str:
    """The name of the container of a run on each of its nodes."""
    return f"mlinfra-run-{spec.run_id}"


def registry_token(region: str) -> str:
    """The password for ECR's registries in a region, with the permissions of the node."""
    data = open_session(region).client("ecr").get_authorization_token()["authorizationData"]
    return base64.b64decode(data[0]["authorizationToken"]).decode().partition(":")[2]


def pull(
    image: str,
    *,
    say: Callable[[str], None],
    token: Callable[[str], str] = registry_token,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Download `image` unless the node has it. Logs in to ECR for it, without a trace in the settings of Docker.

    Args:
        image: the image, with a tag or digest.
        say: tells people about the progress.
        token: the password for ECR in a region.
        sleep: waits between attempts, in seconds.
        clock: the seconds since some time.

    Raises:
        ContainerError: if Docker is missing, or the image cannot be downloaded.
    """
    if shutil.which("docker") is None:
        message = "The image of the node has no container runtime, which --image needs: docker is missing."
        raise ContainerError(message)
    if "@sha256:" in image and run_program(["docker", "image", "inspect", image]).status == 0:
        say("the node has the image")
        return
    settings = tempfile.mkdtemp(prefix="mlinfra-docker-")
    try:
        docker = ["docker", "--config", settings]
        _log_in(docker, image, token)
        progress = _Progress(say, clock)
        for attempt in range(1, _PULLS + 1):
            say(f"downloading the image {image}" + (f", attempt {attempt}" if attempt > 1 else ""))
            ended = run_program([*docker, "pull", image], on_line=progress.line)
            if ended.status == 0:
                return
            if attempt == _PULLS or _FINAL.search(ended.text):
                break
            sleep(_PULL_SECONDS * 2 ** (attempt - 1))
    finally:
        shutil.rmtree(settings, ignore_errors=True)
    message = f"The image {image} cannot be downloaded. The last lines of `docker pull`:\n{ended.text}"
    raise ContainerError(message)


def _log_in(docker: Sequence[str], image: str, token: Callable[[str], str]) -> None:
    registry = _ECR.fullmatch(image)
    if registry is None:
        return
    try:
        password = token(registry["region"])
    except Exception as error:  # noqa: BLE001  whatever boto3 raises
        message = f"The node may not log in to {registry['registry']}: {error}"
        raise ContainerError(message) from None
    login = [*docker, "login", "--username", "AWS", "--password-stdin", registry["registry"]]
    ended = run_program(login, text=password)
    if ended.status != 0:
        message = f"`docker login {registry['registry']}` failed:\n{ended.text}"
        raise ContainerError(message)


class _Progress:
    """Counts the layers in the lines of `docker pull`, and reports them now and then."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._say = say
        self._clock = clock
        self._said = clock()
        self._layers: set[str] = set()
        self._done: set[str] = set()

    def line(self, line: str) -> None:
        layer, separator, state = line.partition(": ")
        if not separator or not re.fullmatch(r"[0-9a-f]{12}", layer):
            return
        self._layers.add(layer)
        if state.startswith(("Pull complete", "Already exists")):
            self._done.add(layer)
        if self._clock() - self._said >= _SAY_SECONDS:
            self._said = self._clock()
            self._say(f"downloading the image: {len(self._done)} of {len(self._layers)} layers")


def container_command(
    spec: RunSpecification, paths: RunPaths, names: Iterable[str], *, shared_memory_bytes: int | None = None
) -> list[str]:
    """`docker run` for the command of a run.

    - The network of the host, so that NCCL, EFA and the other nodes see the addresses of the node.
    - `memlock` without limit, and large stacks: EFA registers memory, and NCCL and CUDA need both. Source: NCCL user
      guide, "Troubleshooting", "Docker"; EC2 user guide, "Get started with EFA and NCCL", which sets no limit for
      locked memory. Read 2026-11-29.
    - Half of the memory as shared memory, the default of Linux: data loaders and NCCL use it, and Docker gives 64 MiB.
    - All GPUs, Neuron devices, Elastic Fabric Adapters and GDRCopy's device that the node has. Sources: Docker
      documentation, "Access an NVIDIA GPU"; AWS Neuron documentation, "Docker environment setup" (`--device`);
      ROCm documentation, "Running ROCm Docker containers"; Batch user guide, "Elastic Fabric Adapter" (the devices in
      /dev/infiniband). Read 2026-11-29.
    - An init process (`--init`), since a process with id 1 ignores signals that it does not handle, SIGTERM for one.
    - The user of the image. The folders of the run, /scratch and /lustre have the same paths as on the node.

    Args:
        spec: the run.
        paths: its folders on the node.
        names: the variables to pass on from the environment of `docker run`, so that no value is in a process list.
        shared_memory_bytes: the size of /dev/shm, in bytes. Default: half of the memory of the node.
    """
    limits = [f"memlock=-1:-1", f"stack={_STACK_BYTES}:{_STACK_BYTES}", f"nofile={_OPEN_FILES}:{_OPEN_FILES}"]  # noqa: F541
    size = shared_memory_bytes or _memory_bytes(paths.root) // 2
    command = ["docker", "run", "--name", container_name(spec), "--init", "--network", "host"]
    for limit in limits:
        command += ["--ulimit", limit]
    command += ["--shm-size", str(size), *_devices(spec, paths.root)]
    for folder in _mounts(paths):
        command += ["--volume", f"{folder}:{folder}"]
    if spec.code:
        command += ["--workdir", str(paths.work)]
    for name in sorted(names):
        command += ["--env", name]
    return [*command, str(spec.image), *spec.command]


def _devices(spec: RunSpecification, root: Path) -> list[str]:
    devices = root / "dev"
    found: list[str] = []
    if spec.gpus and (devices / "nvidiactl").exists():
        found += ["--gpus", "all"]
    elif spec.gpus and (devices / "kfd").exists():
        found += ["--device", "/dev/kfd", "--device", "/dev/dri", "--group-add", "video"]
        found += ["--security-opt", "seccomp=unconfined"]
    adapters = sorted((devices / "infiniband").glob("uverbs*")) if spec.efa_adapters else []
    neuron = sorted(devices.glob("neuron[0-9]*"), key=lambda each: int(re.sub(r"\D", "", each.name)))
    copying = [devices / "gdrdrv"] if (devices / "gdrdrv").exists() else []
    for each in [*neuron, *adapters, *copying]:
        found += ["--device", f"/{each.relative_to(root)}"]
    return found


def _mounts(paths: RunPaths) -> list[str]:
    """The folders of the node in the container, without those inside others."""
    wanted = [paths.run, paths.code, paths.outputs, *([] if paths.checkpoints is None else [paths.checkpoints])]
    wanted += [each for each in (paths.root / "scratch", paths.root / "lustre") if os.path.ismount(each)]
    found: list[str] = []
    for each in sorted(map(str, wanted), key=len):
        if not any(each == other or each.startswith(f"{other}/") for other in found):
            found.append(each)
    return found


def _memory_bytes(root: Path) -> int:
    try:
        text = (root / "proc/meminfo").read_text(encoding="utf-8")
        return int(re.findall(r"^MemTotal: +(\d+) kB", text, re.MULTILINE)[0]) * 1024
    except (OSError, IndexError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@dataclass(frozen=True)
class ContainerEnd:
    """The end of a container."""

    reason: str | None
    """The reason in a sentence, if it is not an exit code of the command itself."""


def end_container(name: str, status: int) -> ContainerEnd:
    """Remove the container `name`, and explain its exit code.

    Source: Docker documentation, "docker container run", "Exit status": 125, Docker itself; 126, the command cannot be
    invoked; 127, it is not found; otherwise that of the command, 128 plus the number of the signal that ended it. Read
    2026-11-29.

    Args:
        name: the name of the container.
        status: the exit code of `docker run`.
    """
    state = run_program(["docker", "inspect", "--format", "{{.State.OOMKilled}} {{.State.Error}}", name])
    killed, _, error = state.text.partition(" ") if state.status == 0 else ("", "", "")
    remove_container(name)
    reasons: dict[int, str] = {
        125: f"Docker could not start the container{': ' + error.strip() if error.strip() else ''}.",
        126: "The command of the container cannot be invoked: it is not executable, or a folder.",
        127: "The command of the container is not in the image.",
    }
    if killed == "true":
        return ContainerEnd("The kernel ended the container, because it ran out of memory (OOM).")
    return ContainerEnd(reasons.get(status))


def remove_container(name: str) -> None:
    """Remove the container `name`, running or not. Does nothing if there is none."""
    run_program(["docker", "rm", "--force", "--volumes", name])


def signal_container(name: str, signal_name: str) -> Any:  # noqa: ANN401
    """Send a signal such as SIGKILL to the container `name`: `docker run` forwards all others."""
    return run_program(["docker", "kill", "--signal", signal_name, name])
