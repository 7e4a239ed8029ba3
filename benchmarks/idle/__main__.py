"""Replay the shutdown layers and print their measures: `python -m benchmarks.idle`."""

from __future__ import annotations

import argparse
import os
import time
from typing import TYPE_CHECKING

from rich.console import Console

from benchmarks.idle import report
from benchmarks.idle.environments import ENVIRONMENTS, settings
from benchmarks.idle.faults import FAULTS
from benchmarks.idle.measures import Run, measure
from benchmarks.idle.workload import generate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.idle.environments import Setting


def main() -> None:
    """Run the replay."""
    options = _options()
    begun = time.monotonic()
    chosen = settings(tuple(options.environments.split(",")))
    faults = list(FAULTS) if options.faults == "each" else options.faults.split(",")
    runs = _baselines(chosen[0]) if options.baselines else []
    replayed, same = _distinct(chosen)
    runs += [Run(setting, "mlinfra", name) for setting in replayed for name in faults]
    experiments = generate(options.experiments, options.seed)
    measures = measure(experiments, runs, seed=options.seed, processes=options.processes, every_look=options.every_look)
    console = Console(width=None if os.isatty(1) else 200)
    console.print(report.comparison(runs, measures))
    console.print(report.causes(runs, measures))
    for name, other in same.items():
        console.print(f"{name}: the same settings as {other}, and so the same measures")
    if options.details:
        for run, one in zip(runs, measures, strict=True):
            for line in report.details(run, one):
                console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(f"Seed {options.seed}, {time.monotonic() - begun:.0f} s", style="dim")


def _baselines(setting: Setting) -> list[Run]:
    return [
        Run(setting, "nothing", "none"),
        Run(setting, "autostop", "none"),
        Run(setting, "autostop", "none", opt_in=True),
    ]


def _distinct(chosen: Sequence[Setting]) -> tuple[list[Setting], dict[str, str]]:
    """The environments that differ, and for each other one the name of its equal."""
    distinct: dict[object, Setting] = {}
    same: dict[str, str] = {}
    for setting in chosen:
        first = distinct.setdefault(setting.effect, setting)
        if first is not setting:
            same[setting.name] = first.name
    return list(distinct.values()), same


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.idle", description=__doc__)
    parser.add_argument("--experiments", type=int, default=160, help="the number of experiments; default: 160")
    parser.add_argument("--seed", type=int, default=1, help="the seed of workload, faults and owners; default: 1")
    parser.add_argument(
        "--faults",
        default="each",
        help=f"some of {','.join(FAULTS)}, separated by commas; default: each of them, one run for each",
    )
    parser.add_argument(
        "--environments", default=",".join(ENVIRONMENTS), help=f"some of {','.join(ENVIRONMENTS)}; default: all"
    )
    parser.add_argument("--no-baselines", dest="baselines", action="store_false", help="replay no baselines")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="default: one for each core")
    parser.add_argument("--every-look", action="store_true", help="skip no look; slow")
    parser.add_argument("--details", action="store_true", help="list expensive experiments and stopped jobs")
    return parser.parse_args()


if __name__ == "__main__":
    main()
