"""Train the recommender on all nodes of a run, or on this machine alone.

    mlinfra run two-tower --env dev --checkpoints checkpoints --retries 2 -- python3 -m training
    python3 -m training --steps 100

Each rank computes the gradients of its part of a batch. Rank 0 writes the model and its metrics to MLINFRA_OUTPUTS,
which is uploaded to the data lake.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.checkpoint import load_checkpoint, save_checkpoint
from training.group import Group
from training.interactions import USERS, Interactions, load_interactions
from training.model import TwoTower

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

try:
    from mlinfra.job import training_job
except ImportError:  # on nodes, `mlinfra run` reports the job
    training_job = None  # type: ignore[assignment]

_SIZE = 8
_BATCH = 24
_RATE = 4.0
_SAVE_EVERY = 50
_BEST = 10


def main() -> None:
    """Read the arguments, train, and write the results."""
    parser = argparse.ArgumentParser(prog="python -m training", description="Train the recommender.")
    parser.add_argument("--steps", type=int, default=200, help="the number of steps (default: 200)")
    steps = parser.parse_args().steps
    data = load_interactions()
    group = Group.of_this_run()
    try:
        with _reported_job() as job:
            model = train(data, group, steps, job)
    finally:
        group.close()
    if group.rank == 0:
        folder = Path(os.environ.get("MLINFRA_OUTPUTS", "outputs"))
        model.save(folder / "model")
        metrics = evaluate(model, data)
        (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
        _say(" ".join(f"{name}={value:.4f}" for name, value in metrics.items()))


def train(data: Interactions, group: Group, steps: int, job: Any = None) -> TwoTower:  # noqa: ANN401  of mlinfra
    """Train until the end, from the checkpoint if there is one. On SIGTERM: save, and exit after the current step."""
    folder = os.environ.get("MLINFRA_CHECKPOINTS")
    checkpoints = Path(folder) if folder and group.rank == 0 else None
    known = load_checkpoint(checkpoints) if checkpoints else None
    step, model = known or (0, TwoTower.new(users=USERS, topic_of=data.topics, size=_SIZE))
    # A replaced node has no checkpoint: all ranks begin with the state of rank 0.
    step, parameters = group.broadcast([step, vars(model)])
    model = TwoTower(**parameters)
    if step and group.rank == 0:
        _say(f"resumed after step {step}")
    ends: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: ends.append(number))
    while step < steps:
        # Ranks and steps determine the batch, so that a resumed run sees the batches that it would have seen.
        chance = random.Random(f"{step}/{group.rank}")  # noqa: S311  reproducible batches, not a secret
        loss, gradients = model.gradients(chance.sample(data.train, _BATCH))
        model.apply(group.mean(gradients), _RATE)
        step += 1
        if job is not None:
            job.progress(step)
        if step % _SAVE_EVERY == 0 or step == steps:
            _say(f"step {step}/{steps} loss {loss:.4f}")
        if checkpoints and (step % _SAVE_EVERY == 0 or ends):
            save_checkpoint(checkpoints, step, model)
        if ends:
            sys.exit(128 + ends[0])
    return model


def evaluate(model: TwoTower, data: Interactions) -> dict[str, float]:
    """The share of users whose held-out item is among the best ten, and that of a random choice."""
    seen: dict[int, list[int]] = {}
    for user, item in data.train:
        seen.setdefault(user, []).append(item)
    hits = sum(item in model.recommend(user, _BEST, without=seen[user]) for user, item in data.test)
    by_chance = sum(_BEST / (len(model.items) - len(seen[user])) for user, _ in data.test)
    return {"recall_at_10": hits / len(data.test), "recall_at_10_by_chance": by_chance / len(data.test)}


def _reported_job() -> AbstractContextManager[Any]:
    """The job as mlinfra's client reports it; nothing where the client is not installed."""
    return nullcontext() if training_job is None else training_job("two-tower")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  the log of the run


if __name__ == "__main__":
    main()
