"""Fit a line by gradient descent, as a training job that can be ended at any time and goes on where it was.

    python examples/training_job/train.py --checkpoint /tmp/line.json

On a node of a cluster the job is reported to AWS. Anywhere else the same file just trains.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from mlinfra.job import training_job

log = logging.getLogger("train")

EPOCHS = 200
LEARNING_RATE = 0.1


@dataclass
class Line:
    """The model, and how far its training is."""

    slope: float = 0.0
    offset: float = 0.0
    epoch: int = 0


def samples() -> list[tuple[float, float]]:
    """Points about the line y = 3x + 1."""
    noise = random.Random(0)  # noqa: S311  the same points in every run
    return [(x / 50, 3 * x / 50 + 1 + noise.gauss(0, 0.1)) for x in range(100)]


def step(line: Line, data: list[tuple[float, float]]) -> float:
    """One step of gradient descent; the mean squared error before it."""
    errors = [(x, line.slope * x + line.offset - y) for x, y in data]
    line.slope -= LEARNING_RATE * 2 * sum(x * error for x, error in errors) / len(data)
    line.offset -= LEARNING_RATE * 2 * sum(error for _, error in errors) / len(data)
    line.epoch += 1
    return sum(error**2 for _, error in errors) / len(data)


def train(checkpoint: Path) -> Line:
    """Train to the end, from the checkpoint where there is one; on SIGTERM, save and exit after the current step."""
    line = Line(**json.loads(checkpoint.read_text())) if checkpoint.exists() else Line()
    told_to_end: list[int] = []
    # Before the block: so the job is known to have been ended by SIGTERM, and runs until the checkpoint is written.
    signal.signal(signal.SIGTERM, lambda signum, _frame: told_to_end.append(signum))
    with training_job("fit-a-line", progress_minutes=30) as job:
        data = samples()
        while line.epoch < EPOCHS and not told_to_end:
            loss = step(line, data)
            job.progress(line.epoch)
            if line.epoch % 50 == 0:
                log.info("epoch %d: loss %.4f", line.epoch, loss)
        checkpoint.write_text(json.dumps(asdict(line)))
        if told_to_end:
            sys.exit(128 + told_to_end[0])
    return line


def main() -> None:
    """Read the arguments and train."""
    parser = argparse.ArgumentParser(description="Fit a line as a training job.")
    parser.add_argument("--checkpoint", type=Path, required=True, help="where the model is kept between runs")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    line = train(arguments.checkpoint)
    log.info("y = %.2fx + %.2f", line.slope, line.offset)


if __name__ == "__main__":
    main()
