"""Specification of a run as JSON."""

from __future__ import annotations

import json

import pytest

from mlinfra.runner import Code, Provenance, RunSpecification, Virtualenv

RUN = RunSpecification(
    run_id="20261130-101500-7f3a",
    name="two-tower",
    environment="dev",
    project="recsys",
    region="us-east-1",
    experiment="two-tower-v2",
    partition="recsys-dev-two-tower-v2",
    table="recsys-dev-records",
    bucket="recsys-dev-models",
    prefix="two-tower-v2/runs/20261130-101500-7f3a/",
    log_group="/mlinfra/recsys/dev/training/two-tower-v2",
    command=("python", "train.py"),
    nodes=2,
    instance_type="g5.12xlarge",
    gpus=4,
    efa_adapters=0,
    provenance=Provenance(submitted_by="arn:aws:iam::111111111111:user/ana", submitted_at=1.5, mlinfra="1.0"),
    code=Code(key="two-tower-v2/code/ab.tar.gz", sha256="ab", bytes=10),
    virtualenv=Virtualenv(lock="requirements.lock", sha256="cd"),
)


def test_what_is_written_is_read() -> None:
    assert RunSpecification.from_json(RUN.to_json()) == RUN


def test_fields_that_a_later_release_adds_are_ignored() -> None:
    text = json.dumps({**json.loads(RUN.to_json()), "colour": "green"})
    assert RunSpecification.from_json(text) == RUN


@pytest.mark.parametrize("text", ["[]", "{}", '{"version": 1}', '{"version": "1"}'])
def test_other_documents_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not the specification of a run"):
        RunSpecification.from_json(text)


def test_a_newer_version_is_refused() -> None:
    text = json.dumps({**json.loads(RUN.to_json()), "version": 2})
    with pytest.raises(ValueError, match="has version 2"):
        RunSpecification.from_json(text)
