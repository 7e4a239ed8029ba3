"""The training of the demo, on two nodes of a local AWS, until the deployed function has stopped the cluster."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.constructs.parts.function_package import packed
from mlinfra.constructs.training.run_document import document_content
from mlinfra.declarations import load_environments
from mlinfra.errors import OperationError
from mlinfra.functions.contract import Event, Tag, Variable
from mlinfra.local_aws.client_variables import client_variables
from mlinfra.local_aws.server import serving
from mlinfra.operations.demo.lesson import Lesson
from mlinfra.operations.demo.training import FOLDER, PROGRAM, _wait_for_stop, train, training_of
from mlinfra.variables import in_force
from tests.conftest import ROOT
from tests.unit.local_aws.nodes.cluster import make_cluster
from tests.unit.local_aws.nodes.conftest import connected_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mlinfra.declarations import Environment, Experiment


class Steps:
    """The steps of an operation: their titles and results."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    @contextmanager
    def step(self, title: str) -> Iterator[Steps]:
        self.seen.append(title)
        yield self

    def say(self, line: str) -> None:
        self.seen.append(line)

    def wait_for(self, reason: str) -> None:
        self.seen.append(reason)

    def conclude(self, result: str) -> None:
        self.seen.append(result)


def deploy_function(client: Callable[..., Any], environment: Environment) -> None:
    """Deploy the function of finished jobs as the training stack does: its package, variables and rule."""
    role = client("iam").create_role(RoleName="functions", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    variables = {
        Variable.TABLE: environment.names.records_table,
        Variable.TOPIC: client("sns").create_topic(Name="alerts")["TopicArn"],
        Variable.ENVIRONMENT: environment.name,
        Variable.PREFIX: f"{environment.project}-{environment.name}-",
        Variable.DRY_RUN: "false",
        Variable.GRACE_DAYS: "1",
    }
    function = client("lambda").create_function(
        FunctionName="job-finished",
        Runtime="python3.13",
        Role=role,
        Handler="mlinfra.functions.job_finished.handler",
        Code={"ZipFile": packed()},
        Timeout=60,
        Environment={"Variables": variables},
    )
    pattern = {"source": [Event.JOB_SOURCE], "detail-type": [Event.JOB_ENDED]}
    client("events").put_rule(Name="job-ended", EventPattern=json.dumps(pattern))
    client("events").put_targets(Rule="job-ended", Targets=[{"Id": "1", "Arn": function["FunctionArn"]}])


def deploy_cluster(server: Any, client: Callable[..., Any], environment: Environment, experiment: Experiment) -> None:
    name, table = environment.names.cluster(experiment), environment.names.records_table
    client("s3").create_bucket(Bucket=environment.names.bucket("models"))
    client("ssm").create_document(
        Name=environment.names.run_document,
        Content=json.dumps(document_content()),
        DocumentType="Command",
        DocumentFormat="JSON",
    )
    make_cluster(
        server,
        client,
        name,
        table=table,
        log_group=environment.names.cluster_log_group(experiment),
        variables={Variable.TABLE: table, Variable.CLUSTER: name, Variable.PAUSE_MINUTES: "0"},
    )
    tags = {
        Tag.ENVIRONMENT: environment.name,
        Tag.PROJECT: environment.project,
        Tag.EXPERIMENT: experiment.name,
        Tag.AUTO_STOP: "true",
        Tag.NODES: "2",
        Tag.PAUSE_MINUTES: str(environment.pause_minutes),
    }
    client("autoscaling").create_or_update_tags(
        Tags=[
            {
                "ResourceId": name,
                "ResourceType": "auto-scaling-group",
                "Key": key,
                "Value": value,
                "PropagateAtLaunch": True,
            }
            for key, value in tags.items()
        ]
    )


def repository(folder: Path) -> Path:
    """A project with the example program, in a git repository without a commit."""
    program = folder / FOLDER / PROGRAM
    program.parent.mkdir(parents=True)
    program.write_text((ROOT / FOLDER / PROGRAM).read_text())
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)  # noqa: S607  the user's git
    return folder


@pytest.mark.lengthy
@pytest.mark.local_aws
@pytest.mark.xdist_group("local-nodes")
def test_two_nodes_train_and_their_cluster_stops_itself(tmp_path: Path) -> None:
    (environment,) = load_environments(ROOT, only="local")
    root = repository(tmp_path / "project")
    experiment = training_of(environment, root)
    assert experiment is not None
    steps = Steps()
    with serving(log=tmp_path / "log", nodes=True) as server, in_force(client_variables(server)):
        client = connected_to(server)
        deploy_function(client, environment)
        deploy_cluster(server, client, environment, experiment)
        done = train(environment, experiment, root, Lesson(steps, 60))
        prefix = f"{experiment.name}/runs/{done.run_id}/"
        bucket = environment.names.bucket("models")
        model = json.load(client("s3").get_object(Bucket=bucket, Key=f"{prefix}outputs/model.json")["Body"])
    assert (done.nodes, done.usd_per_day) == (2, pytest.approx(2 * 0.526 * 24))
    assert done.usd == pytest.approx(2 * 0.526 * done.seconds / 3600, rel=0.9)
    assert done.last_line.startswith("weights: 1.0")
    assert len(model["weights"]) == 16
    assert any(line.endswith("left  epoch 600: loss 0.0093 on 800 samples") for line in steps.seen)


def test_a_project_without_the_program_or_without_experiments_does_not_train(tmp_path: Path) -> None:
    (environment,) = load_environments(ROOT, only="local")
    assert training_of(environment, tmp_path) is None
    assert training_of(environment.model_copy(update={"experiments": []}), repository(tmp_path / "project")) is None


def test_a_cluster_that_is_not_stopped_fails_the_demo() -> None:
    class Autoscaling:
        """A group that keeps a node. The only call of the real client that is used."""

        def describe_auto_scaling_groups(self, **_: Any) -> dict[str, Any]:
            return {"AutoScalingGroups": [{"DesiredCapacity": 1, "Instances": [{}]}]}

    times = iter(range(0, 200, 30))
    with pytest.raises(OperationError, match="still has 1 node 90 seconds after its run"):
        _wait_for_stop(Autoscaling(), "cluster", monotonic=lambda: float(next(times)), sleep=lambda _: None)
