"""Start of the runner on a node: `mlinfra-start-run`, a part of the program of the node guard.

Called by the document of Systems Manager for one run, and each minute for all active runs of the cluster. The runner is
a transient unit of systemd, so that it outlives the command and the service of the minute, and so that there is one for
each run. Imports the standard library, `mlinfra.node_guard` and `mlinfra.functions.contract`; AWS is called through its
command line.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mlinfra.functions.contract import Table
from mlinfra.node_guard.aws import set_environment
from mlinfra.node_guard.commands import Commands, Stuck
from mlinfra.node_guard.jobs import plain
from mlinfra.node_guard.settings import read_settings
from mlinfra.runner.contract import RUN_ID, RUN_PREFIX, RunAttribute, RunStatus
from mlinfra.runner.paths import LEFT, root, state_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

log = logging.getLogger("mlinfra-start-run")

PROGRAM: Final = "/usr/local/bin/mlinfra-start-run"
_LOG: Final = "var/log/mlinfra-guard.log"
"""The file that the CloudWatch agent of the node sends to the log group of the cluster."""
_SECONDS: Final = 30.0
_QUERY_SECONDS: Final = 12.0
_DOWNLOAD_SECONDS: Final = 300.0
_LOOK_BACK_SECONDS: Final = 60 * 24 * 60 * 60
"""The age up to which active runs are looked for: longer than any run of a Capacity Block, or of an expiry."""
_KEPT_RUNNERS: Final = 3
_NEWEST_MINOR: Final = 14
"""The newest version of Python 3 that is looked for, as in `guard.sh`."""
_PROPERTIES: Final = ("--collect", "--property=OOMPolicy=continue", "--property=TimeoutStopSec=300")
"""By default, systemd stops all processes of a unit if the kernel ends one of them for lack of memory
(systemd.service(5), OOMPolicy, since version 243). Amazon Linux 2 has version 219, which knows none of the three."""


def main(argv: Sequence[str]) -> int:
    """Start the runner of one run, or of all active runs of the cluster.

    Args:
        argv: the arguments, without the program's name.

    Returns:
        0: it runs, or is not needed. 1: it could not be started. 2: the arguments are not valid.
    """
    parser = argparse.ArgumentParser(prog="mlinfra-start-run", description="Start a run on this node.")
    parser.add_argument("run_id", nargs="?", metavar="RUN_ID", help="the id of the run, such as 20261130-101500-7f3a")
    parser.add_argument("--active", action="store_true", help="start all active runs of the cluster")
    parser.add_argument("--execute", action="store_true", help="become the runner, in its unit")
    options = parser.parse_args(argv)
    if options.active == (options.run_id is not None) or (options.active and options.execute):
        parser.error("expected the id of a run, or --active")
    if options.run_id is not None and not RUN_ID.fullmatch(options.run_id):
        parser.error(f"{options.run_id!r} is not the id of a run, such as 20261130-101500-7f3a")
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%SZ", level=logging.INFO)
    logging.Formatter.converter = time.gmtime
    node = root()
    settings = read_settings(node / "etc/mlinfra/node")
    set_environment(settings["REGION"])
    starter = Starter(node, settings)
    if options.active:
        return starter.start_active()
    return starter.execute(options.run_id) if options.execute else starter.start(options.run_id)


class Starter:
    """Starts runners on this node."""

    def __init__(self, node: Path, settings: Mapping[str, str]) -> None:
        """Start nothing yet.

        Args:
            node: the root folder of the node.
            settings: its settings.
        """
        self._root = node
        self._settings = settings

    def start_active(self) -> int:
        """Start the runner of each active run of the cluster, such as after the replacement of this node."""
        if not self._is_booted:
            return 0
        runs = self._runs()
        if runs is None:
            return 1
        return max((self._start(each) for each in runs), default=0)

    def start(self, run_id: str) -> int:
        """Start the runner of one run."""
        if not self._is_booted:
            log.info("the boot of this node has not ended; its guard starts run %s within a minute", run_id)
            return 0
        found = self._runs(run_id)
        if found is None:
            log.error("the records of run %s cannot be read; the guard of this node tries again", run_id)
            return 1
        if not found:
            log.error("run %s is not an active run of cluster %s", run_id, self._settings["CLUSTER"])
            return 1
        return self._start(found[0])

    def execute(self, run_id: str) -> int:
        """Get the runner to the node, and become it.

        Returns:
            1: it could not be read. The guard tries again within a minute.
        """
        with (self._root / _LOG).open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        found = self._runs(run_id)
        if not found:
            log.error("the records of run %s cannot be read, or it has ended", run_id)
            return 1
        run = found[0]
        folder = self._runner(run["bucket"], run["key"], run["sha256"])
        if folder is None:
            return 1
        interpreter = suitable_python(folder)
        if interpreter is None:
            return 1
        os.chdir(folder)
        # The program of the guard has a part of the package, too.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        os.execve(interpreter, [interpreter, "-m", "mlinfra.runner", run_id], environment)  # noqa: S606
        return 1  # not reached

    @property
    def _is_booted(self) -> bool:
        """True once the boot of the node has ended: its file systems are mounted, and its GPUs were checked."""
        return (self._root / "etc/mlinfra/environment").exists()

    def _start(self, run: Mapping[str, str]) -> int:
        run_id = run["id"]
        unit = f"mlinfra-run-{run_id}"
        if self._left_attempt(run_id) >= int(run["attempt"]) or self._is_active(unit):
            return 0
        # A unit that has failed keeps its name on old versions of systemd.
        _call("systemctl", "reset-failed", f"{unit}.service")
        for properties in (_PROPERTIES, ()):
            done = _call("systemd-run", f"--unit={unit}", *properties, PROGRAM, "--execute", run_id)
            if done.returncode == 0 or self._is_active(unit):
                log.info("run %s: its runner was started", run_id)
                return 0
        log.error("run %s: its runner could not be started: %s", run_id, done.stderr.strip()[-300:])
        return 1

    def _is_active(self, unit: str) -> bool:
        return _call("systemctl", "is-active", "--quiet", f"{unit}.service").returncode == 0

    def _left_attempt(self, run_id: str) -> int:
        """The attempt that runs on other nodes; 0: this node may be a member of the current one."""
        try:
            return int((state_folder(self._root) / "runs" / run_id / LEFT).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return 0

    def _runs(self, run_id: str | None = None) -> list[dict[str, str]] | None:
        """Active runs of the cluster, the oldest first. None: the records cannot be read.

        Args:
            run_id: the only run to look for. Default: all.
        """
        day = time.strftime("%Y%m%d", time.gmtime(time.time() - _LOOK_BACK_SECONDS))
        first, last = (run_id, run_id) if run_id else (day, "~")
        statuses = {f":a{number}": {"S": status} for number, status in enumerate(RunStatus.ACTIVE)}
        answer = Commands(Stuck({}), seconds=_QUERY_SECONDS).run(
            [
                "aws",
                "dynamodb",
                "query",
                "--table-name",
                self._settings["TABLE"],
                "--key-condition-expression",
                "#c = :c and #r between :first and :last",
                "--filter-expression",
                f"#s in ({', '.join(statuses)})",
                "--expression-attribute-names",
                json.dumps({"#c": Table.CLUSTER, "#r": Table.RECORD, "#s": RunAttribute.STATUS}),
                "--expression-attribute-values",
                json.dumps(
                    {
                        ":c": {"S": self._settings["CLUSTER"]},
                        ":first": {"S": f"{RUN_PREFIX}{first}"},
                        ":last": {"S": f"{RUN_PREFIX}{last}"},
                        **statuses,
                    }
                ),
                "--query",
                "Items",
                "--output",
                "json",
            ],
            seconds=_QUERY_SECONDS,
        )
        try:
            items = None if answer is None else [plain(each) for each in json.loads(answer) or []]
        except (ValueError, AttributeError):
            return None
        return None if items is None else [found for each in items if (found := _run_of(each))]

    def _runner(self, bucket: str, key: str, digest: str) -> Path | None:
        """The folder with the runner, downloaded if it is not there. None: it cannot be read, or has another digest."""
        folder = state_folder(self._root) / "runner" / digest
        if folder.exists():
            folder.touch()
            return folder
        folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        archive = folder.with_name(f"{digest}.{os.getpid()}.tar.gz")
        partial = folder.with_name(f"{digest}.{os.getpid()}")
        try:
            got = Commands(Stuck({}), seconds=_DOWNLOAD_SECONDS).run(
                ["aws", "s3", "cp", "--only-show-errors", f"s3://{bucket}/{key}", str(archive)],
                seconds=_DOWNLOAD_SECONDS,
            )
            if got is None:
                log.error("the runner s3://%s/%s cannot be read", bucket, key)
                return None
            if sha256(archive) != digest:
                log.error("the runner s3://%s/%s does not have the recorded digest", bucket, key)
                return None
            with tarfile.open(archive) as content:
                _extract(content, partial)
            partial.replace(folder)
        except (OSError, tarfile.TarError) as error:
            if not folder.exists():
                log.error("the runner cannot be unpacked: %s", error)  # noqa: TRY400  in one line
                return None
        finally:
            archive.unlink(missing_ok=True)
            shutil.rmtree(partial, ignore_errors=True)
        self._remove_old_runners(folder)
        return folder

    def _remove_old_runners(self, current: Path) -> None:
        """Keep the runners that were used last: another run may still load files of one."""
        found = sorted(
            (each for each in current.parent.iterdir() if each.is_dir()), key=lambda each: each.stat().st_mtime
        )
        for each in found[:-_KEPT_RUNNERS]:
            if each != current:
                shutil.rmtree(each, ignore_errors=True)


def suitable_python(runner: Path) -> str | None:
    """A Python of the node that is new enough for a runner. None: there is none.

    Args:
        runner: the folder of the runner, with the oldest version in the file `python-requires`.
    """
    try:
        needed = (runner / "python-requires").read_text(encoding="utf-8").strip()
    except OSError:
        return sys.executable
    parts = tuple(int(each) for each in needed.split(".") if each.isdecimal())
    if sys.version_info >= parts:
        return sys.executable
    for minor in range(_NEWEST_MINOR, parts[1] - 1, -1):
        if found := shutil.which(f"python3.{minor}"):
            return found
    log.error("the runner needs Python %s, and the image has %d.%d", needed, *sys.version_info[:2])
    return None


def sha256(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while block := content.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _extract(content: tarfile.TarFile, folder: Path) -> None:
    """Unpack regular files and folders only. Filters of `tarfile` exist in later versions of Python 3.9 only.

    Raises:
        tarfile.TarError: if a member is of another kind, or leads out of the folder.
    """
    members = content.getmembers()
    for each in members:
        if not (each.isfile() or each.isdir()) or each.name.startswith("/") or ".." in Path(each.name).parts:
            message = f"{each.name} is not a file in the archive's folder"
            raise tarfile.TarError(message)
        each.uid = each.gid = os.getuid()
        each.uname = each.gname = ""
        each.mode = 0o755 if each.isdir() else 0o644
    folder.mkdir(mode=0o755)
    content.extractall(folder, members)  # noqa: S202  checked above


def _run_of(item: Mapping[str, Any]) -> dict[str, str] | None:
    """The values of a run's record that its start needs. None: it is another record, or incomplete."""
    run_id = str(item.get(Table.RECORD, ""))[len(RUN_PREFIX) :]
    names = {"bucket": RunAttribute.BUCKET, "key": RunAttribute.RUNNER_KEY, "sha256": RunAttribute.RUNNER_SHA256}
    if not RUN_ID.fullmatch(run_id) or any(not item.get(each) for each in names.values()):
        return None
    attempt = str(item.get(RunAttribute.ATTEMPT, "1"))
    if not attempt.isdecimal() or not str(item[RunAttribute.RUNNER_SHA256]).isalnum():
        return None
    return {"id": run_id, "attempt": attempt, **{name: str(item[each]) for name, each in names.items()}}


def _call(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of systemd."""
    try:
        return subprocess.run(  # noqa: S603
            command, check=False, capture_output=True, text=True, timeout=_SECONDS, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError) as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
