"""Names that blocks of Python on the pages use without a definition, such as `self`, `platform` and `train`.

Each is what a reader has in their own project: a stack, a construct of it, their training code.
"""

from __future__ import annotations

import functools
import json
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import mlinfra
from mlinfra import Experiment, MlApp, MlStack, Person, Pipeline, Platform, Queue, RegisteredModel, Team
from mlinfra._cdk.aws import iam_role, iam_role_policy
from mlinfra.constructs.parts import Function
from tests.conftest import ROOT, an_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra import Environment

FILES = {"studio/start.sh": "#!/bin/bash\nset -eux\npip install --quiet polars\n"}
"""Files of the reader's project, by their paths."""


_NOTEBOOKS = {"Service": "sagemaker.amazonaws.com"}


class Surroundings:
    """The project of a page's reader. What a block does not use is not made."""

    def __init__(self, outdir: Path, environment: Environment) -> None:
        """Make nothing yet.

        Args:
            outdir: where stacks are synthesized to.
            environment: the environment of the stacks.
        """
        self._outdir = outdir
        self.environment = environment

    def find(self, name: str) -> Any:
        """The object that blocks call `name`.

        Raises:
            KeyError: there is none.
        """
        if name in mlinfra.__all__:
            return getattr(mlinfra, name)
        if name in _KNOWN:
            return _KNOWN[name]
        if name in _TRAINING:
            return _TRAINING[name]()
        return _CONSTRUCTS[name](self)

    @functools.cached_property
    def app(self) -> MlApp:
        return MlApp(ROOT, outdir=self._outdir)

    @functools.cached_property
    def stack(self) -> MlStack:
        """The stack that constructs of the page are added to."""
        return MlStack(self.app, self.environment, "page")

    @functools.cached_property
    def platform(self) -> Platform:
        return Platform.lookup(self.stack)

    @functools.cached_property
    def lake(self) -> mlinfra.DataLake:
        return mlinfra.DataLake(self.stack, "lake")

    @functools.cached_property
    def cluster(self) -> mlinfra.TrainingCluster:
        experiment = self.environment.experiment("two-tower-v2")
        return mlinfra.TrainingCluster(self.stack, "cluster", experiment=experiment, network=self.platform)

    @functools.cached_property
    def job(self) -> Any:
        queue = self.environment.queue("ranking")
        shared = mlinfra.TrainingQueue(self.stack, "shared", queue=queue, network=self.platform)
        return shared.job("train", image="111111111111.dkr.ecr.us-east-1.amazonaws.com/two-tower:2.3")

    @functools.cached_property
    def function(self) -> Function:
        return Function(
            self.stack,
            "deploy",
            name="recsys-dev-deploy",
            handler="mlinfra.functions.model_approval.handler",
            description="Deploys approved models.",
            statements=[],
        )

    @functools.cached_property
    def role(self) -> Any:
        """A role whose policy has a wildcard."""
        trust = json.dumps({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": _NOTEBOOKS}]})
        boundary = self.environment.boundary_arn
        made = iam_role.IamRole(
            self.stack, "notebook", name="notebook", assume_role_policy=trust, permissions_boundary=boundary
        )
        policy = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
        iam_role_policy.IamRolePolicy(self.stack, "notebook-use", role=made.name, policy=policy)
        return made

    def synthesize(self) -> None:
        """Write the stacks that the blocks made. Validations of mlinfra and cdktf raise."""
        if "app" in vars(self):
            self.app.synth()


def the_environment(**changes: Any) -> Environment:
    """The environment of the reader, which declares what the pages refer to by name."""
    return an_environment(
        **{
            "pipeline": Pipeline(provider="gitlab", project="ml/platform", url="https://gitlab.example.com"),
            "monthly_spend_limit_usd": 1_000_000,
            "experiments": [
                _experiment("two-tower-v2", gpu="A10G", spend_limit_usd=3_000),
                _experiment("ranker-v3", gpu="A10G", gpus_per_node=4, nodes=2, spend_limit_usd=5_000),
            ],
            "queues": [
                Queue(
                    name="ranking",
                    owner="ana@example.com",
                    gpu="A10G",
                    gpus_per_node=4,
                    max_nodes=16,
                    teams={"ranking": 1},
                ),
            ],
            "image_repositories": ["ranker", "two-tower"],
            "models": [RegisteredModel(name="ranker", owner="ana@example.com", description="The order of items.")],
            "teams": [Team(name="ranking"), Team(name="search")],
            "people": [Person(name="ana", email="ana@example.com", team="ranking")],
            **changes,
        }
    )


def _experiment(name: str, **values: Any) -> Experiment:
    return Experiment(name=name, owner="ana@example.com", expires=date(2026, 12, 18), **values)


def _declared(name: str, account_id: str) -> Environment:
    return the_environment(name=name, account_id=account_id)


_KNOWN: dict[str, Any] = {
    "date": date,
    "datetime": datetime,
    "timedelta": timedelta,
    "timezone": timezone,
    "Path": Path,
    "declared": _declared,
}


def _step() -> Callable[[], int]:
    numbers = iter(range(1, 100))
    return lambda: next(numbers)


class _Trainer:
    """The part of the trainers of Lightning and Transformers that the pages use."""

    def __init__(self, *, callbacks: list[Any]) -> None:
        for each in callbacks:
            assert type(each).__mro__[1] in {LIGHTNING.Callback, TRANSFORMERS.TrainerCallback}


LIGHTNING: Any = ModuleType("lightning.pytorch")
LIGHTNING.Callback = type("Callback", (), {})
TRANSFORMERS: Any = ModuleType("transformers")
TRANSFORMERS.TrainerCallback = type("TrainerCallback", (), {})

_TRAINING: dict[str, Callable[[], Any]] = {
    "train": lambda: lambda *_: None,
    "loader": lambda: [1, 2],
    "batches": lambda: [1, 2],
    "step": lambda: 0,
    "steps": lambda: 2,
    "train_step": _step,
    "save_checkpoint": lambda: lambda _step: None,
    "Trainer": lambda: _Trainer,
}
"""The reader's training code, anew for each block."""

_CONSTRUCTS: dict[str, Callable[[Surroundings], Any]] = {
    "environment": lambda here: here.environment,
    "app": lambda here: here.app,
    "self": lambda here: here.stack,
    "platform": lambda here: here.platform,
    "lake": lambda here: here.lake,
    "cluster": lambda here: here.cluster,
    "experiment": lambda here: here.environment.experiment("two-tower-v2"),
    "job": lambda here: here.job,
    "notebook_role": lambda here: here.role,
    "deploy": lambda here: here.function,
    "key": lambda here: SimpleNamespace(arn=here.platform.compute_key_arn),
}
TRAINING_NAMES = _TRAINING.keys()
