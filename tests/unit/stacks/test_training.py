"""The training stack: a cluster for each experiment, and a queue for each declared queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlinfra import Tracking
from mlinfra._cdk import App
from mlinfra.declarations.experiment import RESERVED_NAMES
from mlinfra.errors import DeclarationError
from mlinfra.stacks.training import TrainingStack
from tests.conftest import an_environment, an_experiment
from tests.unit.declarations.test_training_queue import a_declared_queue

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.testing import Synth


def test_declared_queues_are_made(synth: Synth) -> None:
    environment = an_environment(queues=[a_declared_queue(), a_declared_queue(name="search")])
    queues = synth(TrainingStack, environment=environment).resources("aws_batch_job_queue")
    assert sorted(each["name"] for each in queues.values()) == [
        f"recsys-dev-{name}-{kind}" for name in ("ranking", "search") for kind in ("multi-node", "on-demand", "spot")
    ]


def test_without_declared_queues_no_batch_resources_exist(synth: Synth) -> None:
    environment = an_environment(experiments=[an_experiment()])
    types = synth(TrainingStack, environment=environment).types
    assert types["aws_autoscaling_group"] == 1
    assert not [each for each in types if each.startswith("aws_batch")]


def test_an_experiment_may_have_a_name_that_begins_like_the_id_of_a_queue(synth: Synth) -> None:
    environment = an_environment(queues=[a_declared_queue(name="gpu")], experiments=[an_experiment(name="queue-gpu")])
    template = synth(TrainingStack, environment=environment)
    template.resource_count("aws_autoscaling_group", 1)
    template.resource_count("aws_batch_job_queue", 3)


def test_the_ids_of_other_constructs_are_reserved_names(tmp_path: Path) -> None:
    experiment = an_experiment()
    stack = TrainingStack(App(outdir=str(tmp_path)), an_environment(experiments=[experiment]))
    ids = {each.node.id for each in stack.node.children}
    # No name of an experiment has an underscore.
    assert {each for each in ids if "_" not in each} == RESERVED_NAMES | {experiment.name}


def test_an_experiment_with_a_reserved_name_is_refused() -> None:
    with pytest.raises(DeclarationError, match="name: 'shutdown' is reserved for a part of the training stack"):
        an_experiment(name="shutdown")


def test_clusters_and_queues_may_log_to_the_tracking_server(synth: Synth) -> None:
    environment = an_environment(
        experiments=[an_experiment(instance_type="g5.xlarge")], queues=[a_declared_queue()], tracking=Tracking()
    )
    config = synth(TrainingStack, environment=environment)
    logging = {
        each["role"]
        for each in config.resources("aws_iam_role_policy").values()
        if "sagemaker-mlflow:LogMetric" in each["policy"]
    }
    assert len(logging) == 2
