"""Fine-tune the language model on all nodes of a run, or on this machine alone.

    mlinfra run fine-tune --env dev --checkpoints checkpoints --retries 2 -- python3 -m training --processes 8
    python3 -m training --processes 2

Each process computes the gradients of its own lines, as each GPU would. The first one writes the checkpoints, the
adapter and its metrics.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.checkpoint import Checkpoint
from training.group import Group
from training.launcher import LAUNCHED, launch
from training.model import Adapter, LanguageModel
from training.notice import Notice
from training.text import general_lines, support_lines

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

_RANK_OF_ADAPTER = 4
_LINES = 4
_RATE = 2.0
_SAVE_EVERY = 20
_ENDED_EARLY = 75  # EX_TEMPFAIL of sysexits.h: start it again, and it goes on


def main() -> None:
    """Read the arguments; start the processes of this node, or be one of them."""
    parser = argparse.ArgumentParser(prog="python -m training", description="Fine-tune the language model.")
    parser.add_argument("--steps", type=int, default=150, help="the number of steps (default: 150)")
    parser.add_argument("--processes", type=int, default=1, help="processes on this node, such as GPUs (default: 1)")
    parser.add_argument("--resume", type=Path, help="the checkpoint of an earlier run to continue (default: none)")
    arguments = parser.parse_args()
    if arguments.steps < 1 or arguments.processes < 1:
        parser.error("--steps and --processes must be at least 1.")
    if arguments.resume and not arguments.resume.is_file():
        parser.error(f"--resume: {arguments.resume} is not a file.")
    if LAUNCHED not in os.environ:
        sys.exit(launch([sys.executable, "-m", "training", *sys.argv[1:]], arguments.processes))
    group = Group.of_this_process()
    try:
        with _reported_job() as job:
            model = fine_tune(group, arguments.steps, arguments.resume, job)
    finally:
        group.close()
    if group.rank == 0:
        _write_results(model, arguments.steps)


def fine_tune(group: Group, steps: int, resume: Path | None, job: Any) -> LanguageModel:  # noqa: ANN401  of mlinfra
    """Train to the end, from the last checkpoint. On SIGTERM or a notice of EC2: save, and exit with status 75."""
    checkpoint = Checkpoint(Path(os.environ.get("MLINFRA_CHECKPOINTS", "checkpoints")))
    model = LanguageModel.of_lines(general_lines(), rank=_RANK_OF_ADAPTER)
    step, values = 0, model.adapter.values()
    if group.rank == 0 and (saved := checkpoint.load(resume)):
        step, values = saved
        _say(f"goes on after step {step}")
    # A replaced node has no checkpoint: all processes begin with the state of the first one.
    first, *values = group.broadcast([float(step), *values])
    step, model.adapter = int(first), Adapter.of_values(values, rank=_RANK_OF_ADAPTER)
    signals: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: signals.append(number))
    notice = Notice()
    while step < steps:
        lines = support_lines(f"train/{step}/{group.rank}", _LINES)
        loss, gradients = model.gradients(lines)
        ends = float(bool(signals) or notice.is_given())
        # In the same message: a process that ends alone would leave the others waiting for its gradients.
        *gradients, loss, ends = group.mean([*gradients, loss, ends])
        model.adapter = model.adapter.after(gradients, _RATE)
        step += 1
        if job is not None:
            job.progress(step)
        if group.rank == 0 and (ends or step % _SAVE_EVERY == 0 or step == steps):
            checkpoint.save(step, model.adapter.values())
            _say(f"step {step}/{steps} loss {loss:.3f}")
        if ends:
            if group.rank == 0:
                _say(f"ends early after step {step}: {notice.reason or 'SIGTERM'}. The checkpoint is written.")
            sys.exit(_ENDED_EARLY)
    return model


def _write_results(model: LanguageModel, steps: int) -> None:
    folder = Path(os.environ.get("MLINFRA_OUTPUTS", "outputs"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "adapter.json").write_text(json.dumps({"rank": _RANK_OF_ADAPTER, "values": model.adapter.values()}))
    held_out = support_lines("held out", 50)
    base = LanguageModel.of_lines(general_lines(), rank=_RANK_OF_ADAPTER)
    metrics = {"perplexity": model.perplexity(held_out), "perplexity_of_base": base.perplexity(held_out)}
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    _say(f"perplexity {metrics['perplexity']:.2f} after {steps} steps, {metrics['perplexity_of_base']:.2f} before")


def _reported_job() -> AbstractContextManager[Any]:
    """The job as mlinfra's client reports it. `mlinfra run` reports its own; a laptop without mlinfra has none."""
    if "MLINFRA_RUN" in os.environ:
        return nullcontext()
    try:
        from mlinfra.job import training_job
    except ImportError:
        return nullcontext()
    return training_job("fine-tune")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  the log of the run


if __name__ == "__main__":
    main()
