"""The record of a run for the summary of a pipeline."""

from __future__ import annotations

from dataclasses import replace

from mlinfra.cli.run_markdown import run_markdown
from mlinfra.operations.runs import Run, RunDescription, RunFigures
from tests.unit.operations.registration.conftest import COMMIT, SPECIFICATION

RUN = Run(
    environment="dev",
    run_id="20261130-101500-7f3a",
    partition="recsys-dev-two-tower-v2",
    status="succeeded",
    experiment="two-tower-v2",
    nodes=2,
    command="python -m training | tee *log*",
    exit_code=0,
)
FIGURES = RunFigures(usd=0.4, unpriced=(), basis="on-demand prices", node_hours=0.4, gpu_hours=0.4, gpu_percent=80.0)
DESCRIPTION = RunDescription(RUN, FIGURES, SPECIFICATION, None)


def test_it_begins_with_the_end_of_the_run_and_its_metrics() -> None:
    lines = run_markdown(DESCRIPTION, {"recall_at_10": 0.61234567, "loss": 2.0}).splitlines()
    assert lines[0] == "### Run 20261130-101500-7f3a of two-tower-v2: succeeded"
    assert lines[2:6] == ["| metric | value |", "|---|--:|", "| loss | 2 |", "| recall\\_at\\_10 | 0.612346 |"]


def test_it_contains_commit_infrastructure_and_cost() -> None:
    text = run_markdown(DESCRIPTION, {})
    assert f"| commit | {COMMIT} (feature\\#1) of https://gitlab.example.com/ml/platform |" in text
    assert "| infrastructure | 1234567 |" in text
    assert "| cost | 0.40 USD: 0.4 node hours, at on-demand prices |" in text


def test_markup_of_a_command_has_no_effect() -> None:
    assert "| command | python -m training \\| tee \\*log\\* |" in run_markdown(DESCRIPTION, {})


def test_other_infrastructure_than_that_of_the_commit_is_stated() -> None:
    sentence = "The infrastructure was applied from another commit than the code of the run."
    assert sentence in run_markdown(DESCRIPTION, {})
    same = replace(SPECIFICATION, provenance=replace(SPECIFICATION.provenance, infrastructure_commit=COMMIT))
    assert sentence not in run_markdown(replace(DESCRIPTION, specification=same), {})


def test_a_run_without_specification_has_the_facts_of_its_record() -> None:
    text = run_markdown(RunDescription(RUN, FIGURES, None, None), {})
    assert "| experiment | two-tower-v2 in dev, 2 nodes, recsys-dev-two-tower-v2 |" in text
