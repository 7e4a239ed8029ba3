"""Execution of one attempt on one of its members."""

from __future__ import annotations

import logging
import signal
import time
from typing import TYPE_CHECKING, Final

from mlinfra.runner.checkpoints import CheckpointCopies, Copy, restore
from mlinfra.runner.collective import check_collective
from mlinfra.runner.command import Command, end_descendants
from mlinfra.runner.contract import Fault, RunAttribute
from mlinfra.runner.environment import MASTER_PORT, network_variables
from mlinfra.runner.files import is_shared
from mlinfra.runner.gpus import GpuUse
from mlinfra.runner.hardware_faults import hardware_fault, uptime
from mlinfra.runner.health import check_node
from mlinfra.runner.log_writer import LogWriter
from mlinfra.runner.notices import NoticeForCommand, RunNotice, first_notice, signal_number
from mlinfra.runner.preparation import PreparationError, end_of, launch, prepare
from mlinfra.runner.pulse import Stop, StoppedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlinfra.job.notices import NoticeChecks
    from mlinfra.runner.health import HealthProblem
    from mlinfra.runner.pulse import Pulse
    from mlinfra.runner.run_on_node import RunOnNode
    from mlinfra.runner.state import RunState

log = logging.getLogger("mlinfra.runner")

_SHUTDOWN_FLUSH_SECONDS: Final = 5
_KILLED_SECONDS: Final = 30
"""The time that a killed process may need, in seconds: one that waits for a lost GPU in the kernel never ends."""


class UnhealthyNodeError(Exception):
    """The node cannot execute the run."""

    def __init__(self, problems: Sequence[HealthProblem]) -> None:
        """Name all problems."""
        super().__init__(" ".join(each.message for each in problems))
        self.replaces = any(each.replaces for each in problems)
        """True if another node would not have the problem."""


class MemberAttempt:
    """One attempt on this node, from the checks to the end of the command. Afterwards, the members settle it."""

    def __init__(self, run: RunOnNode, *, notices: NoticeChecks, rank: int) -> None:
        """Do nothing yet.

        Args:
            run: the run on this node, in an attempt whose members are decided.
            notices: the notices of EC2 to this node.
            rank: the rank of this node.
        """
        self._notices = notices
        self._spec = run.spec
        self._node = run.node
        self._paths = run.paths
        self._clients = run.clients
        self._pulse = run.pulse
        self._rank = rank
        self._restored: Copy | None = None

    def run(self) -> None:
        """Check and prepare the node, run the command, and report its end."""
        try:
            self._prepare()
            self._await_others()
            self._check_network()
            self._run_command()
        except StoppedError as error:
            end_descendants()
            self._report_end(stopped=True, reason=error.stop.reason)
        except UnhealthyNodeError as error:
            self._report_end(fault=Fault.HEALTH if error.replaces else Fault.CODE, reason=str(error))
        except PreparationError as error:
            self._report_end(fault=Fault.CODE, reason=str(error))
        except (ValueError, OSError) as error:
            self._report_end(fault=Fault.CODE, reason=f"The run cannot be executed: {error}")
        self._pulse.set(**{RunAttribute.SAVED: True})
        self._pulse.confirm()

    def _stop(self) -> Stop | None:
        return stop_reason(self._pulse, self._node.instance_id)

    def _prepare(self) -> None:
        self._paths.run.mkdir(parents=True, exist_ok=True)
        pulse, state = self._pulse, self._pulse.state
        if self._spec.check_health:
            pulse.step("checking")
            problems = pulse.during(
                lambda: check_node(self._node.root, data=self._paths.data, say=pulse.say), self._stop
            )
            if problems:
                raise UnhealthyNodeError(problems)
        pulse.step("preparing")
        pulse.during(lambda: prepare(self._spec, self._paths, download=self._download, say=pulse.say), self._stop)
        folder = self._checkpoints
        if folder is not None and state is not None and state.checkpoint:
            key = state.checkpoint
            self._restored = pulse.during(lambda: self._restore(folder, key), self._stop)

    @property
    def _checkpoints(self) -> Path | None:
        """The folder to copy. None: there is none, or all nodes share it."""
        folder = self._paths.checkpoints
        return None if folder is None or is_shared(folder, self._node.root) else folder

    def _download(self, key: str, file: Path) -> None:
        self._clients.s3.download_file(self._spec.bucket, key, str(file))

    def _restore(self, folder: Path, key: str) -> Copy:
        owner = self._paths.work.stat()
        try:
            return restore(
                self._clients.s3,
                key,
                folder,
                bucket=self._spec.bucket,
                owner=(owner.st_uid, owner.st_gid),
                say=self._pulse.say,
            )
        except Exception as error:
            message = f"The checkpoint {key} could not be restored: {error}"
            raise PreparationError(message) from error

    def _await_others(self) -> None:
        """Wait until all members are ready: those who start first would wait for the others within a time limit."""
        pulse = self._pulse
        pulse.set(**{RunAttribute.READY_AT: pulse.now})
        pulse.step("preparing", "ready, waiting for the other nodes")
        while True:
            pulse.wait()
            if stop := self._stop():
                raise StoppedError(stop)
            state = pulse.state
            if state and all(
                (node := state.nodes.get(each.instance_id)) is not None and node.ready_at is not None
                for each in state.members
            ):
                return

    def _check_network(self) -> None:
        """Measure the network among the nodes, all at the same time. Nodes of a queue are those of AWS Batch."""
        pulse, spec, state = self._pulse, self._spec, self._pulse.state
        members = state.members if state else ()
        if not spec.check_health or spec.queue or not members:
            return
        network = network_variables(spec.instance_type, efa_adapters=spec.efa_adapters, members=members)
        problems = pulse.during(
            lambda: check_collective(
                spec.instance_type,
                gpus=spec.gpus,
                rank=self._rank,
                members=members,
                port=MASTER_PORT,
                say=pulse.say,
                environment={**network, **spec.variables},
                stamp=self._node.root / "run/mlinfra/collective",
            ),
            self._stop,
        )
        if problems:
            raise UnhealthyNodeError(problems)

    def _run_command(self) -> None:
        pulse, spec, state = self._pulse, self._spec, self._pulse.state
        members = state.members if state else ()
        notice = NoticeForCommand(
            self._paths.notice, signum=signal_number(spec.notice_signal), seconds=spec.notice_seconds
        )
        launched = launch(spec, self._paths, self._rank, members, attempt=pulse.attempt)
        output = self._new_output()
        booted = uptime(self._node.root)
        command = Command(
            launched.argv,
            environment=launched.environment,
            directory=launched.directory,
            output=output,
            login=launched.login,
            container=launched.container,
        )
        writer = LogWriter(
            self._clients.logs,
            self._clients.clock,
            group=spec.log_group,
            stream=spec.log_stream(pulse.attempt, self._rank),
            file=output,
            seconds=pulse.intervals.logs,
        )
        gpus = GpuUse(pulse.intervals.gpus)
        gpus.begin()
        pulse.before_reports(lambda: self._report_use(command, gpus))
        pulse.step("running")
        copies = self._copies()
        warned, stop = self._watch(command, notice)
        gpus.end()
        code = command.poll()
        own_reason = end_of(launched, code if code is not None else -signal.SIGKILL)
        self._report_end_of_command(code, stop, warned, since=booted, own_reason=own_reason)
        pulse.during(end_descendants, lambda: None)
        if copies is not None:
            pulse.step("uploading", "checkpoints")
            pulse.during(copies.finish, lambda: None)
        seconds = _SHUTDOWN_FLUSH_SECONDS if pulse.is_stopping else pulse.intervals.flush
        pulse.during(lambda: writer.close(seconds), lambda: None)

    def _new_output(self) -> Path:
        """The file for the output. That of an earlier attempt is kept beside it."""
        file, attempt = self._paths.log, self._pulse.attempt
        if file.exists():
            file.replace(file.with_name(f"output-{attempt - 1}.log"))
        file.touch(mode=0o644)
        return file

    def _copies(self) -> CheckpointCopies | None:
        folder = self._checkpoints
        if folder is None or self._rank != 0:
            return None
        return CheckpointCopies(
            self._clients.s3,
            folder,
            bucket=self._spec.bucket,
            prefix=self._spec.prefix,
            attempt=self._pulse.attempt,
            seconds=self._pulse.intervals.checkpoints,
            restored=self._restored,
        )

    def _report_use(self, command: Command, gpus: GpuUse) -> None:
        self._pulse.set(
            **{
                RunAttribute.RUNNING_SECONDS: int(command.seconds),
                RunAttribute.GPU_PERCENT: gpus.percent,
                RunAttribute.DRIVER: gpus.driver,
                RunAttribute.CUDA: gpus.cuda,
            }
        )

    def _watch(self, command: Command, for_command: NoticeForCommand) -> tuple[RunNotice | None, Stop | None]:
        """Wait for the end of the command, or stop it.

        Returns:
            The notice that ended it, if it can be one; the reason why it was stopped, if it was.
        """
        pulse = self._pulse
        known: RunNotice | None = None
        while command.poll() is None:
            pulse.wait()
            own = self._notices.notice()
            if own:
                pulse.set(
                    **{
                        RunAttribute.NOTICE_ENDS_AT: int(own.ends_at.timestamp()),
                        RunAttribute.NOTICE_REASON: own.reason,
                    }
                )
            # The next attempt has other members: the notice that ended this one is kept.
            known = first_notice(self._node.instance_id, own, pulse.state) or known
            for_command.handle(known, pulse.now, command.notify)
            if command.poll() is None and (stop := self._stop()):
                if known is not None and for_command.signal_early(command.notify):
                    self._await_end(command, min(self._spec.stop_seconds, (known.ends_at - pulse.now) / 2))
                self._end(command, stop)
                return known, stop
        is_end = for_command.signalled or command.poll() != 0 or self._spec.retries > 0
        return known if is_end else None, None

    def _await_end(self, command: Command, seconds: float) -> None:
        end = time.monotonic() + seconds
        while command.poll() is None and time.monotonic() < end:
            self._pulse.wait()

    def _end(self, command: Command, stop: Stop) -> None:
        """Stop the command: SIGTERM, and SIGKILL if it has not ended in time."""
        log.info("the command is stopped: %s", stop.reason)
        self._pulse.say(f"stopping: {stop.reason}")
        command.terminate()
        self._await_end(command, self._spec.stop_seconds)
        if command.poll() is None:
            log.warning("the command has not ended %d seconds after SIGTERM: SIGKILL", self._spec.stop_seconds)
            command.kill()
            end = time.monotonic() + _KILLED_SECONDS
            while command.poll() is None and time.monotonic() < end:
                self._pulse.wait()

    def _report_end_of_command(
        self, code: int | None, stop: Stop | None, notice: RunNotice | None, *, since: float, own_reason: str | None
    ) -> None:
        ended = "The command could not be ended" if code is None else f"The command ended with exit code {code}"
        if stop and self._pulse.is_stopping:
            self._report_end(fault=Fault.NODE, reason="The node was shut down.", exit_code=code)
        elif stop and notice is None:
            self._report_end(stopped=True, reason=stop.reason, exit_code=code)
        elif notice is not None:
            reason = f"EC2 terminates node {notice.instance_id}: {notice.reason}"
            self._report_end(fault=Fault.INTERRUPTION, reason=reason, exit_code=code)
        elif code == 0:
            self._report_end(exit_code=0)
        elif broken := hardware_fault(self._node.root, since_seconds=since):
            self._report_end(fault=Fault.HEALTH, reason=f"{ended}, after {broken}.", exit_code=code)
        else:
            self._report_end(fault=Fault.CODE, reason=own_reason or f"{ended}.", exit_code=code)

    def _report_end(
        self, *, fault: str | None = None, reason: str = "", exit_code: int | None = None, stopped: bool = False
    ) -> None:
        log.info("the end on this node: %s", reason or "the command ended with exit code 0")
        self._pulse.set(
            **{
                RunAttribute.NODE_ENDED_AT: self._pulse.now,
                RunAttribute.NODE_EXIT_CODE: exit_code,
                RunAttribute.NODE_REASON: reason or None,
                RunAttribute.NODE_FAULT: fault,
                RunAttribute.STOPPED: stopped or None,
            }
        )
        self._pulse.step("uploading")


def stop_reason(pulse: Pulse, own_id: str) -> Stop | None:
    """The reason to stop an attempt on a node. None: there is none.

    Args:
        pulse: the reports of the node, and the run.
        own_id: the id of the node.
    """
    state = pulse.state
    if pulse.is_stopping:
        return Stop("the node is shut down")
    if state is None:
        return None
    if state.has_ended or state.attempt != pulse.attempt:
        return Stop("the attempt is over")
    if state.cancelled_by:
        return Stop(f"cancelled by {state.cancelled_by}")
    return _failure_of_others(pulse, state, own_id)


def _failure_of_others(pulse: Pulse, state: RunState, own_id: str) -> Stop | None:
    """The nodes of a run work together: if one fails or is lost, the others stop."""
    for rank, member in enumerate(state.members):
        if member.instance_id == own_id:
            continue
        node = state.nodes.get(member.instance_id)
        if node is not None and node.has_failed:
            return Stop(f"rank {rank} ({member.instance_id}) failed: {node.reason}")
        if member.instance_id in pulse.lost and not (node is not None and node.has_settled):
            return Stop(f"rank {rank} ({member.instance_id}) was lost: it no longer reports")
    return None
