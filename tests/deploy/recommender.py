"""`examples/recommender_project` as a clone with its cluster in a local AWS: its pipeline, and its users."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from mlinfra.testing import Synth
from tests.ci.gitlab_ci_local import PINNED, RSYNC, git, run_pipeline
from tests.conftest import ROOT
from tests.documented_policies import documented_policies
from tests.programs import MLINFRA

if TYPE_CHECKING:
    from mlinfra import Environment, MlApp
    from mlinfra.testing import StackTerraform

EXAMPLE = ROOT / "examples" / "recommender_project"
GROUP = "recommender-local-two-tower"
DOCUMENTED = {
    "recsys": "recommender",
    "-dev": "-local",
    "/dev/": "/local/",
    '"dev"': '"local"',
    "111111111111": "123456789012",
}
"""What the pages call the environment, and its names here."""
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


def deploy(project: Path, out: Path, terraform: StackTerraform) -> None:
    """Deploy, as an administrator, all that the project's cluster needs, in one stack to save time."""
    from mlinfra import (
        Alerts,
        CiRoles,
        DataLake,
        EncryptionKey,
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

    def make(app: MlApp, declared: Environment) -> MlStack:
        stack = MlStack(app, declared, "training", auto_stop=True)
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
        experiment = declared.experiment("two-tower")
        network = NetworkSettings(vpc_id=vpc_id, private_subnet_ids=[subnet["SubnetId"]], compute_key_arn=key.arn)
        cluster = TrainingCluster(stack, "two-tower", experiment=experiment, network=network)
        shutdown.watch(cluster_name=cluster.group.name, experiment=experiment)
        lake.grant_read_write(cluster, zones=["models"], prefix="two-tower/")
        return stack

    terraform.apply(Synth(out, project, environment)(make))


@dataclass(frozen=True)
class User:
    """A person with an access key, who works in a clone of the project."""

    project: Project
    key: dict[str, str]
    cache: Path

    def mlinfra(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The exit code and output of `mlinfra ARGUMENTS`."""
        variables = {"AWS_ACCESS_KEY_ID": self.key["AccessKeyId"], "XDG_CACHE_HOME": str(self.cache)}
        return subprocess.run(
            [MLINFRA, *arguments],
            cwd=self.project.folder,
            env=os.environ | variables,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )

    def client(self, service: str) -> Any:
        """A client of boto3."""
        return boto3.client(
            service,
            region_name="us-east-1",
            aws_access_key_id=self.key["AccessKeyId"],
            aws_secret_access_key=self.key["SecretAccessKey"],
        )


def user(project: Project, name: str, policy: dict[str, Any], cache: Path) -> User:
    """A user with one policy, and no other permission."""
    iam = boto3.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="runs", PolicyDocument=json.dumps(policy))
    return User(project, iam.create_access_key(UserName=name)["AccessKey"], cache)


def policies_of_runs(*, experiment: str = "two-tower") -> list[Any]:
    """The policies of docs/runs.md: for people who train, for those limited to an experiment, and to reach nodes.

    Args:
        experiment: the experiment in place of the one of the page.
    """
    return documented_policies("runs.md", {"two-tower-v2": experiment, **DOCUMENTED})


def limited(policy: dict[str, Any], statements: list[dict[str, Any]]) -> dict[str, Any]:
    """A policy with other statements in place of those with the same Sid."""
    others = {each["Sid"]: each for each in statements}
    assert set(others) <= {each["Sid"] for each in policy["Statement"]}
    return {**policy, "Statement": [others.get(each["Sid"], each) for each in policy["Statement"]]}
