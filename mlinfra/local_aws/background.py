"""A local AWS that outlives the command which started it: one per user, recorded in a file."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

from platformdirs import user_log_path, user_state_path

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.local_aws.server import LocalAws, end, is_alive, new_identity, start


@dataclass(frozen=True)
class Background:
    """A local AWS in the background, with its start time."""

    server: LocalAws
    started: datetime


def up(*, port: int = 0, enforce_iam: bool = False, nodes: bool = True) -> tuple[Background, bool]:
    """The local AWS in the background, started if none is running.

    Args:
        port: the port on 127.0.0.1 for a new server. Default: a free port.
        enforce_iam: True if a new server refuses requests that IAM does not allow. Default: False.
        nodes: True if instances of auto scaling groups of a new server execute programs. Default: True.

    Returns:
        The server, and True if it was started by this call.

    Raises:
        OperationError: the server cannot start, or one that does not enforce IAM runs and `enforce_iam` is True.
    """
    if there_already := running():
        if enforce_iam and not there_already.server.enforces_iam:
            message = (
                f"The running local AWS, {there_already.server.endpoint}, does not enforce IAM. Stop it first, which "
                f"deletes its resources: {own_command()} local down"
            )
            raise OperationError(message)
        return there_already, False
    identity = new_identity()
    log = user_log_path("mlinfra", ensure_exists=True) / "local-aws.log"
    process = start(port=port, log=log, identity=identity, ends_with_parent=False, enforce_iam=enforce_iam, nodes=nodes)
    try:
        background = Background(process.answering(), datetime.now(timezone.utc))
        _write_record(background)
    except BaseException:
        process.stop()
        raise
    process.leave()
    return background, True


def down() -> Background | None:
    """End the local AWS in the background. Its resources are deleted.

    Returns:
        The ended server, or None if none was running.
    """
    background = running()
    if background:
        end(background.server)
    _record_path().unlink(missing_ok=True)
    return background


def running() -> Background | None:
    """The local AWS in the background if its process is alive and matches the record, otherwise None."""
    try:
        record = json.loads(_record_path().read_text())
        server = LocalAws(**{**record["server"], "log": Path(record["server"]["log"])})
        background = Background(server, datetime.fromisoformat(record["started"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return background if is_alive(background.server) else None


def _record_path() -> Path:
    return user_state_path("mlinfra", ensure_exists=True) / "local-aws.json"


def _write_record(background: Background) -> None:
    path = _record_path()
    record = {
        "server": {**asdict(background.server), "log": str(background.server.log)},
        "started": background.started.isoformat(),
    }
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(record, indent=2) + "\n")
    draft.replace(path)
