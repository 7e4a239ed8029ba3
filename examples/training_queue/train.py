"""Try settings of a training: one of them, a share of them, or all.

    python train.py             # all settings, one after the other
    python train.py --best      # the best of those that were tried

In an array job of AWS Batch, each copy tries the setting with its index. Under torchrun, each process tries its share.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import sys
from pathlib import Path

SETTINGS = [{"rate": rate, "decay": decay} for rate, decay in itertools.product((0.03, 0.3, 3.0), (0.0, 0.1))]
"""All settings: the step of gradient descent, and the decay of the weights."""

_FEATURES = 8
_SAMPLES = 60
_EPOCHS = 40


def main() -> None:
    """Read the arguments; try the settings of this process, or show the best."""
    parser = argparse.ArgumentParser(description="Try settings of a training.")
    parser.add_argument("--best", action="store_true", help="show the best of those that were tried")
    folder = Path(os.environ.get("MLINFRA_OUTPUTS", "outputs"))
    if parser.parse_args().best:
        tried = [json.loads(path.read_text()) for path in folder.glob("setting-*.json")]
        if not tried:
            sys.exit(f"No setting was tried yet: {folder} has no results.")
        best = min(tried, key=lambda each: each["error"])
        print(f"best of {len(tried)}: {best['setting']}, error {best['error']:.3f}")  # noqa: T201  the output
        return
    folder.mkdir(parents=True, exist_ok=True)
    for index in indexes(dict(os.environ)):
        error = error_of(SETTINGS[index])
        result = {"setting": SETTINGS[index], "error": error}
        (folder / f"setting-{index}.json").write_text(json.dumps(result))
        print(f"setting {index}: {SETTINGS[index]}, error {error:.3f}", flush=True)  # noqa: T201  the log of the job


def indexes(variables: dict[str, str]) -> list[int]:
    """The settings of this process, by the variables of AWS Batch and torchrun.

    Args:
        variables: the environment variables.
    """
    if index := variables.get("AWS_BATCH_JOB_ARRAY_INDEX"):
        if int(index) >= len(SETTINGS):
            sys.exit(f"There is no setting {index}: submit an array of size {len(SETTINGS)}.")
        return [int(index)]
    return list(range(len(SETTINGS)))[int(variables.get("RANK", "0")) :: int(variables.get("WORLD_SIZE", "1"))]


def error_of(setting: dict[str, float]) -> float:
    """The mean squared error of a linear model on other data than it was trained with. It is at most 1e6."""
    weights = [0.0] * _FEATURES
    train, test = _samples("train"), _samples("test")
    for _ in range(_EPOCHS):
        slopes = [0.0] * _FEATURES
        for values, y in train:
            off = _predicted(weights, values) - y
            for position, value in enumerate(values):
                slopes[position] += 2 * off * value / len(train)
        weights = [
            max(-1e3, min(1e3, w - setting["rate"] * (slope + setting["decay"] * w)))
            for w, slope in zip(weights, slopes, strict=True)
        ]
    return min(1e6, sum((_predicted(weights, values) - y) ** 2 for values, y in test) / len(test))


def _samples(seed: str) -> list[tuple[list[float], float]]:
    """Data that the program makes itself: `y` is the sum of the values, weighted by 1, 2, 3 and so on, with noise."""
    chance = random.Random(seed)  # noqa: S311  reproducible data, not a secret
    made = []
    for _ in range(_SAMPLES):
        values = [chance.uniform(-1, 1) for _ in range(_FEATURES)]
        made.append((values, sum(i * v for i, v in enumerate(values, start=1)) + chance.gauss(0, 1)))
    return made


def _predicted(weights: list[float], values: list[float]) -> float:
    return sum(weight * value for weight, value in zip(weights, values, strict=True))


if __name__ == "__main__":
    main()
