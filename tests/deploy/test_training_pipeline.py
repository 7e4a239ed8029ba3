"""The pipeline of `examples/recommender_project` for a tag, by gitlab-ci-local, on two nodes of a local AWS.

A stack with the project's cluster, its shutdown, the lake and the registry is deployed. Then the pipeline trains with
the credentials that the token of a protected tag gets, publishes and registers, and stops the cluster.
"""

from __future__ import annotations

import base64
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mlinfra.local_aws.client_variables import client_variables
from mlinfra.local_aws.server import serving
from mlinfra.operations import toolchain
from mlinfra.variables import in_force
from tests.ci.gitlab_ci_local import PINNED, RSYNC, git, run_pipeline
from tests.ci.servers import Notes, serving_notes
from tests.conftest import ROOT
from tests.deploy.local_state import apply, prepared

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from mlinfra import Environment
    from mlinfra.operations.terraform.providers import ProviderSource

pytestmark = [pytest.mark.deploy, pytest.mark.lengthy, pytest.mark.xdist_group("training-pipeline")]

EXAMPLE = ROOT / "examples" / "recommender_project"
GROUP = "recommender-local-two-tower"
PIPELINE = """
    pipeline=Pipeline(
        provider="gitlab", project="recommendations/recommender", training=TrainingJobs(tags="v*")
    ),
    **PROJECT,
"""
# `set-up` installs nothing: this environment is the installation.
MAKEFILE = """\
setup setup-python:
	mkdir -p .venv/bin node_modules && ln -sf {mlinfra} .venv/bin/mlinfra
"""


@dataclass(frozen=True)
class Project:
    """A clone of the example in a local AWS."""

    folder: Path
    api: str
    endpoint: str

    def train(self, tag: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the pipeline of a protected tag at the checked-out commit."""
        git(self.folder, "tag", tag)
        git(self.folder, "checkout", "--quiet", tag)
        given = {
            "MLINFRA_IMAGE": PINNED,
            "MLINFRA_ID_TOKEN": token(f"project_path:recommendations/recommender:ref_type:tag:ref:{tag}"),
            "MLINFRA_GITLAB_TOKEN": "of-the-project",
            "MLINFRA_END_PAUSE": "2",
            "DEV_TRAIN_ROLE": "arn:aws:iam::123456789012:role/recommender-local-ci-train",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ENDPOINT_URL_STS": self.endpoint,
            "CI_API_V4_URL": self.api,
            "CI_PROJECT_ID": "7",
            "CI_COMMIT_TAG": tag,
            "CI_COMMIT_BRANCH": "",
            "CI_COMMIT_REF_PROTECTED": "true",
            **variables,
        }
        return run_pipeline(self.folder, given, seconds=900)


def token(subject: str) -> str:
    """A token of gitlab.com for a job."""
    claims = {"iss": "https://gitlab.com", "aud": "https://gitlab.com", "sub": subject}
    parts = (base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in ({}, claims, {}))
    return ".".join(parts)


@pytest.fixture(scope="module")
def project(source: ProviderSource, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("training-pipeline")
    cloned(folder / "recommender")
    with (
        serving(log=folder / "log", nodes=True) as server,
        in_force({**client_variables(server), **source.changes, "GOGC": "400"}),
        serving_notes() as api,
    ):
        deploy(folder / "recommender", folder / "out")
        yield Project(folder / "recommender", api, str(client_variables(server)["AWS_ENDPOINT_URL"]))


def cloned(folder: Path) -> None:
    """Copy the example, with a pipeline in its local environment, and the jobs that it includes in its own folder."""
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache", "outputs"))
    local = folder / "environments" / "local.py"
    declared = local.read_text().replace("\n    **PROJECT,\n", PIPELINE)
    local.write_text(
        declared.replace("import Environment, Experiment", "import Environment, Experiment, Pipeline, TrainingJobs")
    )
    jobs = (folder / ".gitlab-ci.yml").read_text()
    included = jobs[jobs.index("include:") : jobs.index("variables:")]
    names = [f"ci/gitlab/{name}.gitlab-ci.yml" for name in ("templates", "train")]
    for name in names:
        shutil.copy(ROOT / name, folder / name)
    jobs = jobs.replace(included, "include:\n" + "".join(f"  - local: {name}\n" for name in names) + "\n")
    (folder / ".gitlab-ci.yml").write_text(jobs.replace("MLINFRA_ENVIRONMENT: dev", "MLINFRA_ENVIRONMENT: local"))
    (folder / "Makefile").write_text(MAKEFILE.format(mlinfra=Path(sys.executable).with_name("mlinfra")))
    (folder / "tools").mkdir()
    (folder / "tools" / "rsync").write_text(RSYNC)
    (folder / "tools" / "rsync").chmod(0o700)
    with (folder / ".gitignore").open("a") as ignored:
        ignored.write("/tools/\n.gitlab-ci-local/\n")
    git(folder, "init", "--quiet", "--initial-branch=main", ".")
    git(folder, "remote", "add", "origin", "https://gitlab.com/recommendations/recommender.git")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=one")
    git(folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(folder, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")


def deploy(project: Path, out: Path) -> None:
    """Deploy, as an administrator, all that the project's cluster needs, in one stack to save time."""
    from mlinfra import (
        Alerts,
        CiRoles,
        DataLake,
        EncryptionKey,
        MlApp,
        MlStack,
        ModelRegistry,
        NetworkSettings,
        Shutdown,
        TrainingCluster,
        load_environments,
    )
    from mlinfra.constructs.account.permissions_boundary import boundary_statements
    from mlinfra.constructs.training import RunDocument

    environment: Environment
    (environment,) = load_environments(project, only="local")
    ec2 = boto3.client("ec2", region_name="us-east-1")
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.0.0.0/18", AvailabilityZone="us-east-1a")["Subnet"]
    boundary = {"Version": "2012-10-17", "Statement": boundary_statements(environment)}
    boto3.client("iam").create_policy(PolicyName=environment.names.boundary, PolicyDocument=json.dumps(boundary))
    app = MlApp(project, outdir=out)
    stack = MlStack(app, environment, "training", auto_stop=True)
    key = EncryptionKey(
        stack, "key", name="recommender-local-compute", description="Volumes and logs.", services=["ec2", "logs"]
    )
    Alerts(stack, "alerts")
    lake = DataLake(stack, "lake", zones=["models"])
    for node in lake.node.find_all():
        node.node.try_remove_child("lifecycle")  # the AWS provider waits a minute for the rules
    ModelRegistry(stack, "registry", key_arn=key.arn)
    CiRoles(stack, "ci-roles")
    RunDocument(stack, "start_run")
    shutdown = Shutdown(stack, "shutdown", key_arn=key.arn)
    experiment = environment.experiment("two-tower")
    network = NetworkSettings(vpc_id=vpc_id, private_subnet_ids=[subnet["SubnetId"]], compute_key_arn=key.arn)
    cluster = TrainingCluster(stack, "two-tower", experiment=experiment, network=network)
    shutdown.watch(cluster_name=cluster.group.name, experiment=experiment)
    lake.grant_read_write(cluster, zones=["models"], prefix="two-tower/")
    app.synth()
    apply(prepared(out / "stacks" / "local-training", toolchain.find_terraform().path))


def versions() -> list[dict[str, Any]]:
    sagemaker = boto3.client("sagemaker", region_name="us-east-1")
    found = sagemaker.list_model_packages(ModelPackageGroupName=GROUP)["ModelPackageSummaryList"]
    return [sagemaker.describe_model_package(ModelPackageName=each["ModelPackageArn"]) for each in found]


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
    (group,) = boto3.client("autoscaling", region_name="us-east-1").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert group["DesiredCapacity"] == 0


def test_a_failed_run_is_published_and_not_registered_and_the_cluster_stopped(project: Project) -> None:
    Notes.notes.clear()
    before = len(versions())
    ended = project.train("v1.1", MLINFRA_COMMAND="python3 -m training --steps none")
    assert ended.returncode != 0
    assert "invalid int value" in ended.stdout + ended.stderr
    (note,) = Notes.notes
    assert "failed" in note["note"]
    assert len(versions()) == before
    (group,) = boto3.client("autoscaling", region_name="us-east-1").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert group["DesiredCapacity"] == 0
