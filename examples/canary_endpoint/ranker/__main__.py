"""Train, serve and compare versions of the ranker: `python -m ranker train`, `serve` and `replay`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from ranker.model import FEATURES, Ranker, clicks, share_in_order
from ranker.replay import MAX_MILLISECONDS, captured_requests, made_requests, replay
from ranker.server import make_server

MODELS = Path("models")


def main() -> None:
    """Read the arguments, and do it."""
    parser = argparse.ArgumentParser(prog="python -m ranker", description="Train, serve and compare the ranker.")
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train a version, and write models/VERSION/model.tar.gz")
    train.add_argument("--version", type=int, choices=sorted(FEATURES), required=True)
    compare = commands.add_parser("replay", help="send requests to two trained versions, and compare the answers")
    compare.add_argument("present", type=int, choices=sorted(FEATURES))
    compare.add_argument("new", type=int, choices=sorted(FEATURES))
    compare.add_argument("--captured", type=Path, help="a file of SageMaker's data capture (default: made requests)")
    commands.add_parser("serve", help="serve the model in /opt/ml/model, or in MODEL_FOLDER, on port 8080")
    given = parser.parse_args()
    if given.command == "serve":
        with make_server(Ranker.load(Path(os.environ.get("MODEL_FOLDER", "/opt/ml/model")))) as server:
            server.serve_forever()
    elif given.command == "train":
        ranker = Ranker.train(given.version)
        path = ranker.save(MODELS / str(given.version))
        _say(f"{path}: {share_in_order(ranker, clicks('test', 500)):.0%} of clicks are ranked above what was ignored")
    else:
        for version in (given.present, given.new):
            if not (MODELS / str(version)).is_dir():
                parser.error(f"version {version} is not trained. Run: python -m ranker train --version {version}")
        requests = list(captured_requests(given.captured)) if given.captured else made_requests(200)
        found = replay(*(Ranker.load(MODELS / str(each)) for each in (given.present, given.new)), requests)
        _say(f"{found.requests} requests: {len(found.errors)} errors, {found.differ} in another order")
        if found.errors:
            sys.exit(f"The new version refuses requests that the present one answers: {found.errors[0]}")
        if found.is_slow:
            sys.exit(f"More than 5% of the answers took longer than {MAX_MILLISECONDS} ms.")


def _say(line: str) -> None:
    print(line)  # noqa: T201  the output of the command


if __name__ == "__main__":
    main()
