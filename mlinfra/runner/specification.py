"""Specification of a run: all that its nodes need to execute it, and all that its record states about its origin."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mlinfra.runner.contract import JOIN_SECONDS, NOTICE_SECONDS, STOP_SECONDS, RunMarker

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION: Final = 1
"""The version of the format. A runner refuses a newer one."""


@dataclass(frozen=True)
class Code:
    """The archive of a working tree in the models zone."""

    key: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Virtualenv:
    """A virtual environment that nodes build from a lock file of the code, and cache on their disk by its digest."""

    lock: str
    """The path of the lock file in the code: requirements in the form of pip, or `uv.lock` or `pylock.toml`."""
    sha256: str
    """The SHA-256 of the lock file, in hexadecimal."""
    python: str | None = None
    """The version of Python, such as 3.11. None: that of the image."""


@dataclass(frozen=True)
class Provenance:
    """The origin of a run."""

    submitted_by: str
    submitted_at: float
    mlinfra: str
    """The version of mlinfra."""
    repository: str | None = None
    """The URL of the remote, without credentials."""
    commit: str | None = None
    branch: str | None = None
    patch_key: str | None = None
    """The object key of the uncommitted changes, as a patch."""
    infrastructure_commit: str | None = None
    """The commit of the last apply of the training stack, if it is known."""
    infrastructure_plan: str | None = None
    """The SHA-256 of the synthesized stack of that apply, the `cdk.tf.json` that was planned."""
    data: Mapping[str, str] = field(default_factory=dict)
    """Prefixes of the data lake with the version id or the inventory's date that the user named for them."""
    tracking: str | None = None
    """The URI of the run in MLflow or SageMaker, if there is one."""


@dataclass(frozen=True)
class RunSpecification:
    """A run. Written once, as `run.json`."""

    run_id: str
    name: str
    environment: str
    project: str
    region: str
    experiment: str
    partition: str
    """The partition of its records: the name of the auto scaling group, or of the job queue."""
    table: str
    bucket: str
    """The bucket of the models zone."""
    prefix: str
    """`<experiment>/runs/<run id>/`"""
    log_group: str
    command: tuple[str, ...]
    nodes: int
    instance_type: str
    gpus: int
    """The number of accelerators of a node; 0: none."""
    efa_adapters: int
    provenance: Provenance
    queue: str | None = None
    """The declared name of the queue, if it runs in one."""
    array_size: int | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    code: Code | None = None
    image: str | None = None
    """The container image. None: the command runs on the node itself."""
    virtualenv: Virtualenv | None = None
    working_directory: str = "."
    """The directory of the command, in the code."""
    outputs: str = "outputs"
    """The directory that is uploaded at the end, in the working directory, or absolute."""
    checkpoints: str | None = None
    """The directory that is uploaded while the command runs and restored for a retry. None: there is none."""
    retries: int = 0
    keep_minutes: int | None = None
    """The time for which the cluster is kept after the run, in minutes. None: that of the environment."""
    notice_signal: str = "SIGTERM"
    notice_seconds: int = NOTICE_SECONDS
    stop_seconds: int = STOP_SECONDS
    join_seconds: int = JOIN_SECONDS
    check_health: bool = True
    concurrent: bool = False
    """True: it runs beside earlier runs of the cluster. False: its nodes wait until those have ended."""
    version: int = VERSION

    def to_json(self) -> str:
        """The text of `run.json`."""
        return json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> RunSpecification:
        """The specification in a `run.json`. Unknown fields of the same version are ignored.

        Raises:
            ValueError: if it is not one, or one of a newer version.
        """
        values = json.loads(text)
        if not isinstance(values, dict) or not isinstance(values.get("version"), int):
            message = "It is not the specification of a run."
            raise ValueError(message)  # noqa: TRY004  the document is wrong, not the call
        if values["version"] > VERSION:
            message = f"The specification has version {values['version']}, and this runner knows up to {VERSION}."
            raise ValueError(message)
        known = {name: value for name, value in values.items() if name in cls.__dataclass_fields__}
        try:
            return cls(
                **{
                    **known,
                    "command": tuple(known["command"]),
                    "provenance": _read(Provenance, known["provenance"]),
                    "code": _read(Code, known.get("code")),
                    "virtualenv": _read(Virtualenv, known.get("virtualenv")),
                }
            )
        except (KeyError, TypeError) as error:
            message = f"It is not the specification of a run: {error}"
            raise ValueError(message) from None

    def run_object(self, name: str) -> str:
        """The object key of a file of the run, such as `result.json`."""
        return f"{self.prefix}{name}"

    @property
    def ranks(self) -> int:
        """The number of log streams of an attempt: that of its nodes, or of the jobs of an array."""
        return self.array_size or self.nodes

    def log_stream(self, attempt: int, rank: int) -> str:
        """The log stream of a rank in an attempt."""
        return f"{RunMarker.RUNS}/{self.run_id}/{attempt}/{rank}"


def _read(kind: Any, values: Any) -> Any:  # noqa: ANN401  parts of a JSON document
    if values is None:
        return None
    return kind(**{name: value for name, value in values.items() if name in kind.__dataclass_fields__})
