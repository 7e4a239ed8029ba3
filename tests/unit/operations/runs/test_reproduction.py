"""Reproduction of runs: what can still be had, and the code in a folder of its own."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.runs import (
    RunDescription,
    RunTable,
    code_again,
    is_same_code,
    plan_reproduction,
    request_again,
    run_figures,
)
from mlinfra.operations.runs.packing import pack
from mlinfra.operations.terraform import Repository
from mlinfra.runner import Code
from tests.conftest import an_experiment
from tests.local_aws import image_ids
from tests.unit.cli.recorded_runs import a_node, a_run
from tests.unit.operations.clusters.account import now
from tests.unit.operations.runs.recorded import ENVIRONMENT
from tests.unit.operations.runs.repositories import a_repository, git, write
from tests.unit.operations.runs.specifications import a_specification

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlinfra.operations.runs import Availability, Reproduction
    from mlinfra.runner import RunSpecification

    Client = Callable[..., Any]

HERE = ENVIRONMENT.model_copy(update={"experiments": (an_experiment(instance_type="g5.12xlarge", nodes=2),)})
BUCKET = "recsys-dev-models"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/recsys-dev/two-tower"


@pytest.fixture
def aws(client: Client) -> Client:
    """A local AWS with the bucket of the runs."""
    client("s3").create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return a_repository(tmp_path / "clone")


def another_repository(folder: Path) -> Path:
    """A repository without the commit of the run."""
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    write(folder, other_py="")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=Other")
    return folder


def put_code(client: Client, clone: Path, tmp_path: Path, *, dirty: bool = False) -> RunSpecification:
    """Upload the code of a run in `training/` as `mlinfra run` does, and return its specification."""
    file = tmp_path / "code.tar.gz"
    packed = pack(clone / "training", file, dirty=dirty)
    key = f"two-tower-v2/code/{packed.archive.sha256}.tar.gz"
    client("s3").put_object(Bucket=BUCKET, Key=key, Body=file.read_bytes())
    spec = a_specification(virtualenv=None, image=None, working_directory=packed.directory)
    patch_key = spec.run_object("changes.patch") if packed.patch else None
    if packed.patch:
        client("s3").put_object(Bucket=BUCKET, Key=patch_key, Body=packed.patch)
    provenance = replace(spec.provenance, commit=packed.origin.commit, patch_key=patch_key, data={})
    return replace(
        spec, code=Code(key, packed.archive.sha256, packed.archive.bytes), provenance=provenance, bucket=BUCKET
    )


def planned(spec: RunSpecification, clone: Path, **run: Any) -> Reproduction:
    found = a_run(**run)
    description = RunDescription(found, run_figures(HERE, found), spec, None)
    return plan_reproduction(RunTable(HERE), description, Repository(clone))


def part(plan: Reproduction, name: str) -> Availability:
    return next(each for each in plan.parts if each.part == name)


def test_a_commit_of_the_clone_is_checked_out_elsewhere(aws: Client, clone: Path, tmp_path: Path) -> None:
    spec = put_code(aws, clone, tmp_path)
    write(clone, training__train_py="print('edited')\n")
    plan = planned(spec, clone)
    assert part(plan, "commit").outcome == "same"
    with code_again(RunTable(HERE).account, spec, plan, Repository(clone)) as folder:
        assert (folder / "training/train.py").read_text() == "print('hello')\n"
        assert is_same_code(request_again(spec, folder, has_commit=True), spec)
    assert not folder.exists()
    assert (clone / "training/train.py").read_text() == "print('edited')\n"
    assert git(clone, "worktree", "list").count("\n") == 0


def test_uncommitted_changes_are_applied(aws: Client, clone: Path, tmp_path: Path) -> None:
    write(clone, training__train_py="print('changed')\n", training__new_py="new = 1\n")
    spec = put_code(aws, clone, tmp_path, dirty=True)
    git(clone, "stash", "--include-untracked", "--quiet")
    plan = planned(spec, clone)
    assert part(plan, "uncommitted changes").outcome == "same"
    with code_again(RunTable(HERE).account, spec, plan, Repository(clone)) as folder:
        assert (folder / "training/train.py").read_text() == "print('changed')\n"
        assert (folder / "training/new.py").read_text() == "new = 1\n"
        request = request_again(spec, folder, has_commit=True)
        assert request.dirty
        assert is_same_code(request, spec)


def test_the_archive_takes_the_place_of_a_missing_commit(aws: Client, clone: Path, tmp_path: Path) -> None:
    spec = put_code(aws, clone, tmp_path)
    other = another_repository(tmp_path / "other")
    plan = planned(spec, other)
    assert part(plan, "commit").outcome == "missing"
    assert not plan.has_commit
    with code_again(RunTable(HERE).account, spec, plan, Repository(other)) as folder:
        assert is_same_code(request_again(spec, folder, has_commit=False), spec)
    assert "tar -xz" in plan.commands[0]


def test_without_commit_and_archive_a_run_cannot_be_reproduced(aws: Client, clone: Path, tmp_path: Path) -> None:
    spec = put_code(aws, clone, tmp_path)
    assert spec.code is not None
    aws("s3").delete_object(Bucket=BUCKET, Key=spec.code.key)
    other = another_repository(tmp_path / "other")
    plan = planned(spec, other)
    assert (plan.is_possible, plan.commands) == (False, ())
    assert part(plan, "code archive").reason == f"s3://{BUCKET}/{spec.code.key} no longer exists"


def test_the_printed_commands_give_the_code_again(aws: Client, clone: Path, tmp_path: Path) -> None:
    spec = put_code(aws, clone, tmp_path)
    plan = planned(spec, clone)
    first, last = plan.commands
    subprocess.run(first, shell=True, cwd=clone, check=True, capture_output=True)  # noqa: S602  a command of ours
    assert is_same_code(request_again(spec, plan.folder, has_commit=True), spec)
    assert last.split()[1:6] == ["run", "two-tower-v2", "--env", "dev", "--directory"]
    assert last.endswith("--variable SEED=7 -- torchrun train.py")
    assert "--name train" in last
    assert "--outputs" not in last, "it has its default"


def test_a_name_and_outputs_are_printed_if_they_differ_from_their_defaults(
    aws: Client, clone: Path, tmp_path: Path
) -> None:
    spec = replace(put_code(aws, clone, tmp_path), name="two-tower-v2", outputs="results")
    last = planned(spec, clone).commands[-1]
    assert "--name" not in last
    assert "--outputs results" in last


def test_a_folder_that_exists_is_not_touched(aws: Client, clone: Path, tmp_path: Path) -> None:
    spec = put_code(aws, clone, tmp_path)
    plan = planned(spec, clone)
    plan.folder.mkdir(parents=True)
    (plan.folder / "mine").write_text("kept")
    with (
        pytest.raises(OperationError, match=r"exists already.* Nothing was started"),
        code_again(RunTable(HERE).account, spec, plan, Repository(clone)),
    ):
        pass
    assert (plan.folder / "mine").read_text() == "kept"


def test_an_experiment_that_is_no_longer_declared_is_missing(aws: Client, clone: Path, tmp_path: Path) -> None:
    spec = replace(put_code(aws, clone, tmp_path), experiment="removed")
    plan = planned(spec, clone)
    assert part(plan, "experiment").reason == "removed is no longer declared in dev"
    assert not plan.is_possible


def test_another_declared_type_and_size_differ(aws: Client, clone: Path, tmp_path: Path) -> None:
    spec = replace(put_code(aws, clone, tmp_path), instance_type="p4d.24xlarge", nodes=4)
    plan = planned(spec, clone)
    assert part(plan, "instance type").reason == "g5.12xlarge now, p4d.24xlarge then"
    assert part(plan, "nodes").reason == "2 now, 4 then"
    assert plan.is_possible
    assert not plan.is_exact


def test_a_machine_image_that_is_deregistered_is_missing(aws: Client, clone: Path, tmp_path: Path) -> None:
    plan = planned(put_code(aws, clone, tmp_path), clone)
    assert part(plan, "machine image").reason == (
        "ami-0123456789abcdef0 (driver 580.95.05, CUDA 13.0) is no longer registered"
    )


def test_new_nodes_with_another_image_differ(aws: Client, clone: Path, tmp_path: Path) -> None:
    then, now = image_ids(aws("ec2"))[:2]
    name = "recsys-dev-two-tower-v2"
    aws("ec2").create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"ImageId": now, "InstanceType": "g5.12xlarge"}
    )
    aws("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": name, "Version": "$Latest"},
        MinSize=0,
        MaxSize=2,
        VPCZoneIdentifier=aws("ec2").describe_subnets()["Subnets"][0]["SubnetId"],
    )
    attempt = replace(a_run().attempts[0], nodes=(a_node(0, image_id=then),))
    plan = planned(put_code(aws, clone, tmp_path), clone, attempts=(attempt,))
    found = part(plan, "machine image")
    assert found.outcome == "differs"
    assert found.reason.startswith(f"new nodes boot {now}; the run had {then} (driver 580.95.05")


def test_a_zone_without_the_type_is_missing(aws: Client, clone: Path, tmp_path: Path) -> None:
    attempt = replace(a_run().attempts[0], nodes=(a_node(0), a_node(1, zone="us-east-1z")))
    plan = planned(put_code(aws, clone, tmp_path), clone, attempts=(attempt,))
    assert [(each.outcome, each.reason) for each in plan.parts if each.part == "zone"] == [
        ("same", "us-east-1a offers g5.12xlarge"),
        ("missing", "us-east-1z does not offer g5.12xlarge"),
    ]


def test_an_image_that_ecr_no_longer_has_is_missing(aws: Client, clone: Path, tmp_path: Path) -> None:
    image = f"{IMAGE}@sha256:{'0' * 64}"
    spec = replace(put_code(aws, clone, tmp_path), image=image)
    assert part(planned(spec, clone), "container image").reason == f"{image} is no longer in ECR"
    aws("ecr").create_repository(repositoryName="recsys-dev/two-tower")
    plan = planned(spec, clone)
    assert part(plan, "container image").outcome == "missing"
    assert not plan.is_possible


def test_a_tag_that_was_pushed_after_the_run_differs(aws: Client, clone: Path, tmp_path: Path) -> None:
    aws("ecr").create_repository(repositoryName="recsys-dev/two-tower")
    manifest = '{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "layers": []}'
    aws("ecr").put_image(repositoryName="recsys-dev/two-tower", imageManifest=manifest, imageTag="2.1")
    spec = replace(put_code(aws, clone, tmp_path), image=f"{IMAGE}:2.1")
    before, after = (
        part(planned(spec, clone, submitted_at=moment), "container image")
        for moment in (now().replace(year=2020), now().replace(year=2090))
    )
    assert (before.outcome, after.outcome) == ("differs", "same")


def test_an_image_outside_of_ecr_is_not_checked(aws: Client, clone: Path, tmp_path: Path) -> None:
    spec = replace(put_code(aws, clone, tmp_path), image="pytorch/pytorch:2.9.0")
    assert part(planned(spec, clone), "container image").outcome == "unknown"


def test_versions_of_data_are_looked_up(aws: Client, clone: Path, tmp_path: Path) -> None:
    lake = HERE.names.bucket("features")
    aws("s3").create_bucket(Bucket=lake)
    aws("s3").put_bucket_versioning(Bucket=lake, VersioningConfiguration={"Status": "Enabled"})
    kept = aws("s3").put_object(Bucket=lake, Key="clicks/a.parquet", Body=b"1")["VersionId"]
    spec = put_code(aws, clone, tmp_path)
    data = {
        "features/clicks/a.parquet": kept,
        "features/clicks/b.parquet": "3HL4kqtJlcpXroDTDmJ-rmSpXd3dIbrH",
        "features/clicks/": "2026-11-24",
        "features/views/": "2026-11-24",
        "elsewhere/": "1",
    }
    spec = replace(spec, provenance=replace(spec.provenance, data=data))
    plan = planned(spec, clone, submitted_at=now().replace(year=2020))
    assert {name: part(plan, f"data {name}").outcome for name in data} == {
        "features/clicks/a.parquet": "same",
        "features/clicks/b.parquet": "missing",
        "features/clicks/": "differs",
        "features/views/": "missing",
        "elsewhere/": "unknown",
    }


def test_a_denied_check_is_unknown_with_its_reason(
    aws: Client, clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = put_code(aws, clone, tmp_path)
    from mlinfra.operations.runs import availability

    def refuse(_: object) -> Any:
        message = "AWS refused DescribeInstanceTypeOfferings (UnauthorizedOperation)."
        raise OperationError(message)

    monkeypatch.setattr(availability._Check, "zones", refuse)  # noqa: SLF001
    found = part(planned(spec, clone), "zone")
    assert (found.outcome, found.reason) == (
        "unknown",
        "AWS refused DescribeInstanceTypeOfferings (UnauthorizedOperation)",
    )


def test_without_its_specification_a_run_cannot_be_reproduced(aws: Client, clone: Path) -> None:
    del aws
    run = a_run()
    description = RunDescription(run, run_figures(HERE, run), None, None, ("The specification no longer exists.",))
    with pytest.raises(OperationError, match=r"cannot be reproduced. The specification no longer exists"):
        plan_reproduction(RunTable(HERE), description, Repository(clone))
