"""The recommender on two nodes of a local AWS that enforces IAM: its pipeline for a tag, and the people who train.

A stack with the project's cluster, its shutdown, the lake and the registry is deployed. Then the pipeline trains with
the credentials that the token of a protected tag gets, publishes and registers, and stops the cluster. People have
exactly the policies of docs/runs.md.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from mlinfra.local_aws.client_variables import client_variables
from mlinfra.local_aws.server import serving
from mlinfra.testing import StackTerraform
from mlinfra.variables import in_force
from tests.ci.gitlab_ci_local import git
from tests.ci.servers import Notes, serving_notes
from tests.conftest import ROOT
from tests.deploy.recommender import GROUP, Project, User, cloned, deploy, limited, policies_of_runs, user

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlinfra.testing.terraform import TerraformProgram

pytestmark = [pytest.mark.deploy, pytest.mark.lengthy, pytest.mark.xdist_group("training-pipeline")]

ECHO = 'echo "rank $NODE_RANK of $NNODES"; echo weights >"$MLINFRA_OUTPUTS/model"'


@pytest.fixture(scope="module")
def project(own_terraform: TerraformProgram, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("training-pipeline")
    cloned(folder / "recommender")
    with (
        serving(log=folder / "log", enforce_iam=True, nodes=True) as server,
        in_force({**client_variables(server), **own_terraform.changes, "GOGC": "400"}),
        serving_notes() as api,
    ):
        terraform = StackTerraform(own_terraform, folder / "terraform", ROOT)
        deploy(folder / "recommender", folder / "out", terraform)
        yield Project(folder / "recommender", api, str(client_variables(server)["AWS_ENDPOINT_URL"]))


def versions() -> list[dict[str, Any]]:
    sagemaker = boto3.client("sagemaker", region_name="us-east-1")
    found = sagemaker.list_model_packages(ModelPackageGroupName=GROUP)["ModelPackageSummaryList"]
    return [sagemaker.describe_model_package(ModelPackageName=each["ModelPackageArn"]) for each in found]


def desired() -> int:
    """The number of nodes that the cluster requests."""
    (group,) = boto3.client("autoscaling", region_name="us-east-1").describe_auto_scaling_groups()["AutoScalingGroups"]
    return int(group["DesiredCapacity"])


def test_a_tag_is_trained_on_two_nodes_published_and_registered_and_the_cluster_stopped(project: Project) -> None:
    commit = git(project.folder, "rev-parse", "HEAD")
    ended = project.train("v1.0")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (note,) = Notes.notes
    assert "succeeded" in note["note"]
    assert "recall" in note["note"]
    (version,) = versions()
    assert version["MetadataProperties"]["CommitId"] == commit
    assert float(version["CustomerMetadataProperties"]["metric:recall_at_10"]) > 0.3
    assert version["ModelApprovalStatus"] == "PendingManualApproval"
    assert desired() == 0


def test_a_failed_run_is_published_and_not_registered_and_the_cluster_stopped(project: Project) -> None:
    Notes.notes.clear()
    before = len(versions())
    ended = project.train("v1.1", MLINFRA_COMMAND="python3 -m training --steps none")
    assert ended.returncode != 0
    assert "invalid int value" in ended.stdout + ended.stderr
    (note,) = Notes.notes
    assert "failed" in note["note"]
    assert len(versions()) == before
    assert desired() == 0


def test_a_person_with_the_documented_policy_runs_reproduces_cancels_and_stops(
    project: Project, tmp_path: Path
) -> None:
    base, of_experiment, of_nodes = policies_of_runs()
    ana = user(project, "ana", {**base, "Statement": [*base["Statement"], *of_nodes]}, tmp_path)
    forced = ana.mlinfra("clusters", "stop", "local", "two-tower", "--force")
    assert forced.returncode == 0, forced.stderr
    given_up = ana.mlinfra("run", "two-tower", "--env", "local", "--wait", "1s", "--", "sh", "-c", ECHO)
    assert given_up.returncode == 1, given_up.stderr
    assert "which was stopped before, is stopped again" in given_up.stderr
    assert desired() == 0

    ran = ana.mlinfra("run", "two-tower", "--env", "local", "--rank", "all", "--", "sh", "-c", ECHO)
    assert ran.returncode == 0, ran.stderr
    assert sorted(ran.stdout.splitlines()) == ["0 | rank 0 of 2", "1 | rank 1 of 2"]
    first, _ = json.loads(ana.mlinfra("runs", "list", "--mine", "--json").stdout)
    assert (first["status"], first["submitted_by"].rpartition("/")[2]) == ("succeeded", "ana")
    assert "succeeded" in ana.mlinfra("runs", "show", first["run_id"]).stdout
    assert ana.mlinfra("runs", "logs", first["run_id"], "--rank", "1").stdout == "rank 1 of 2\n"
    assert "ProxyCommand" in ana.mlinfra("clusters", "ssh", "local", "two-tower", "--print-config").stdout

    again = ana.mlinfra("runs", "reproduce", first["run_id"], "--run")
    assert again.returncode == 0, again.stderr
    assert f"The code is that of {first['run_id']}, byte for byte." in again.stderr
    assert again.stdout.splitlines()[-1] == "rank 0 of 2"
    newest = json.loads(ana.mlinfra("runs", "list", "--limit", "1", "--json").stdout)[0]
    assert newest["run_id"] != first["run_id"]
    assert {name: newest[name] for name in ("command", "commit", "status")} == {
        name: first[name] for name in ("command", "commit", "status")
    }

    cleo = user(project, "cleo", limited(base, of_experiment), tmp_path)
    run_id = cleo.mlinfra("run", "two-tower", "--env", "local", "--detach", "--", "sleep", "600").stdout.strip()
    ended = cleo.mlinfra("runs", "cancel", run_id)
    assert ended.returncode == 0, ended.stderr
    stopped = cleo.mlinfra("clusters", "stop", "local", "two-tower")
    assert stopped.returncode == 0, stopped.stderr
    assert json.loads(cleo.mlinfra("runs", "show", run_id, "--json").stdout)["status"] == "cancelled"
    assert desired() == 0


def run_ids(person: User) -> list[str]:
    return [each["run_id"] for each in json.loads(person.mlinfra("runs", "list", "--json").stdout)]


def refused(call: Any, **arguments: Any) -> bool:
    with pytest.raises(ClientError, match="is not authorized to perform"):
        call(**arguments)
    return True


def test_a_person_who_is_limited_to_another_experiment_starts_and_records_nothing(
    project: Project, tmp_path: Path
) -> None:
    base, _, _ = policies_of_runs()
    _, of_experiment, _ = policies_of_runs(experiment="ranker")
    ben: User = user(project, "ben", limited(base, of_experiment), tmp_path)
    before = run_ids(ben)
    ran = ben.mlinfra("run", "two-tower", "--env", "local", "--", "true")
    assert ran.returncode == 1
    assert "AWS refused PutObject" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert run_ids(ben) == before
    assert refused(ben.client("autoscaling").set_desired_capacity, AutoScalingGroupName=GROUP, DesiredCapacity=2)
    record = {"cluster": {"S": GROUP}, "record": {"S": "run#x"}}
    assert refused(ben.client("dynamodb").put_item, TableName="recommender-local-clusters", Item=record)
    own = {**record, "cluster": {"S": "recommender-local-ranker"}}
    ben.client("dynamodb").put_item(TableName="recommender-local-clusters", Item=own)
    tags = {"Project": "recommender", "Environment": "local", "Experiment": "two-tower"}
    node = boto3.client("ec2", region_name="us-east-1").run_instances(
        ImageId="ami-12c6146b",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
        ],
    )["Instances"][0]["InstanceId"]
    start = {"DocumentName": "recommender-local-start-run", "Parameters": {"RunId": ["x"]}}
    assert refused(ben.client("ssm").send_command, InstanceIds=[node], **start)
    assert refused(ben.client("ec2").terminate_instances, InstanceIds=[node])
