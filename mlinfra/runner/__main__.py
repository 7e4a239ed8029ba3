"""Execute a run on this node: `python -m mlinfra.runner RUN_ID`."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
from dataclasses import fields
from typing import TYPE_CHECKING

from mlinfra.runner.clients import connect
from mlinfra.runner.command import adopt_orphans, end_descendants
from mlinfra.runner.contract import RUN_ID
from mlinfra.runner.execution import Execution
from mlinfra.runner.nodes import ThisNode
from mlinfra.runner.pulse import Intervals

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

log = logging.getLogger("mlinfra.runner")


def main(argv: Sequence[str]) -> int:
    """Execute a run, attempt by attempt.

    Args:
        argv: the arguments, without the program's name.

    Returns:
        0, also if the run failed: its records tell. 1: AWS cannot be called. 2: the arguments are not valid.
    """
    parser = argparse.ArgumentParser(prog="python -m mlinfra.runner", description="Execute a run on this node.")
    parser.add_argument("run_id", metavar="RUN_ID", help="the id of the run, such as 20261130-101500-7f3a")
    for each in fields(Intervals):
        parser.add_argument(f"--{each.name}-seconds", type=float, default=each.default, dest=each.name)
    options = parser.parse_args(argv)
    if not RUN_ID.fullmatch(options.run_id):
        parser.error(f"{options.run_id!r} is not the id of a run, such as 20261130-101500-7f3a")
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%SZ", level=logging.WARNING)
    logging.Formatter.converter = time.gmtime
    logging.getLogger("mlinfra").setLevel(logging.INFO)
    node = ThisNode.read()
    adopt_orphans()
    try:
        clients = connect(node.region, node.table)
    except Exception as error:  # noqa: BLE001  whatever boto3 raises
        log.error("%s; the guard of this node starts the runner again within a minute", error)  # noqa: TRY400
        return 1
    execution = Execution(
        options.run_id,
        node=node,
        clients=clients,
        intervals=Intervals(**{each.name: getattr(options, each.name) for each in fields(Intervals)}),
    )

    def stop(_signum: int, _frame: FrameType | None) -> None:
        execution.pulse.is_stopping = True

    signal.signal(signal.SIGTERM, stop)
    another_follows = execution.run()
    end_descendants()
    if another_follows:
        sys.stderr.flush()
        # A new process, so that no thread, file or variable of this attempt is left.
        os.execv(sys.executable, [sys.executable, "-m", "mlinfra.runner", *argv])  # noqa: S606
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
