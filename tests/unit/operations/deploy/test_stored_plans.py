from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mlinfra.errors import OperationError
from mlinfra.local_aws.client_variables import client_variables
from mlinfra.operations.deploy.saved_plan import ERRORED_STATE, Attempt, SavedPlan
from mlinfra.operations.deploy.stored_plans import (
    StoredPlan,
    fetch,
    read_list,
    require_storage,
    store,
    write_list,
)
from mlinfra.operations.terraform.progress import Quiet
from mlinfra.stacks.state import StateStack
from mlinfra.variables import in_force
from tests.conftest import an_environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlinfra.local_aws.server import LocalAws
    from mlinfra.operations.deploy.saved_plan import About
    from mlinfra.testing import Synth

ENVIRONMENT = an_environment(account_id="123456789012", emulated=True)
BUCKET = ENVIRONMENT.names.state_bucket
COMMIT = "1a2b" * 10
DECLARATION = """\
from mlinfra import Environment

dev = Environment(
    name="dev", project="recsys", account_id="123456789012", region="us-east-1", team="ml-platform",
    cost_center="ml-1234", repository="gitlab.example.com/ml/platform", monthly_spend_limit_usd=15_000, emulated=True,
)
"""
STATE = {"terraform": {"backend": {"s3": {"bucket": BUCKET, "key": "recsys/dev/us-east-1/data/terraform.tfstate"}}}}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the environment `dev`, in the folder of the apply."""
    root = tmp_path / "project"
    (root / "environments").mkdir(parents=True)
    (root / "environments" / "dev.py").write_text(DECLARATION)
    return root


@pytest.fixture
def s3(client: Callable[..., Any], synth: Synth) -> Any:
    """S3 with the state bucket, its policy and its rules, as `mlinfra bootstrap` creates it."""
    made = client("s3")
    made.create_bucket(Bucket=BUCKET)
    made.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    config = synth(StateStack, environment=ENVIRONMENT)
    made.put_bucket_policy(Bucket=BUCKET, Policy=config.one("aws_s3_bucket_policy")["policy"])
    made.put_bucket_lifecycle_configuration(
        Bucket=BUCKET,
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": rule["id"],
                    "Status": rule["status"],
                    "Filter": {"Prefix": rule["filter"][0]["prefix"]},
                    "NoncurrentVersionExpiration": {
                        "NoncurrentDays": rule["noncurrent_version_expiration"][0]["noncurrent_days"]
                    },
                    **({"Expiration": {"Days": rule["expiration"][0]["days"]}} if "expiration" in rule else {}),
                }
                for rule in config.one("aws_s3_bucket_lifecycle_configuration")["rule"]
            ]
        },
    )
    return made


def planned(folder: Path, stack: str = "dev-data", *, content: str = "plan", commit: str | None = COMMIT) -> SavedPlan:
    """A saved plan of a stack."""
    synthesized = folder / "synthesized" / stack
    synthesized.mkdir(parents=True, exist_ok=True)
    (synthesized / "cdk.tf.json").write_text(json.dumps(STATE))
    saved = SavedPlan(folder / "plans" / stack)
    saved.begin(synthesized)
    saved.tfplan.write_text(content)
    saved.document.write_text("{}")
    saved.finish(
        stack=stack,
        environment="dev",
        commit=commit,
        dirty=commit is None,
        created=datetime(2026, 11, 29, tzinfo=timezone.utc),
        mlinfra="1",
        terraform="1.11.4",
        changes=True,
    )
    return saved


def stored(saved: SavedPlan) -> StoredPlan:
    return store(saved, saved.read(), ENVIRONMENT)


def about(folder: Path) -> About:
    return SavedPlan(folder).read()


def refusal(call: Callable[..., object], *arguments: object) -> str:
    with pytest.raises(OperationError) as refused:
        call(*arguments)
    return refused.value.message


def as_role(local_aws: LocalAws, arn: str) -> Any:
    """The variables of a session of a role."""
    credentials = boto3.client("sts").assume_role(RoleArn=arn, RoleSessionName="pipeline")["Credentials"]
    return in_force(
        {
            **client_variables(local_aws),
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
        }
    )


def test_plans_of_two_stacks_are_stored_listed_and_fetched(tmp_path: Path, project: Path, s3: Any) -> None:
    plans = [stored(planned(tmp_path, stack)) for stack in ("dev-data", "dev-training")]
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert keys == [f"_plans/{each.stack}/{COMMIT}/{each.sha256}.zip" for each in plans]
    write_list(plans, tmp_path / "lists" / "dev.json")
    listed = read_list(tmp_path / "lists" / "dev.json")
    assert listed == tuple(plans)
    folders = fetch(listed, project, Quiet())
    assert folders == tuple(project / "plans" / stack for stack in ("dev-data", "dev-training"))
    for folder, plan in zip(folders, plans, strict=True):
        assert about(folder).stack == plan.stack
        assert (folder / "tfplan").read_text() == "plan"
        assert {path.stat().st_mode & 0o077 for path in (folder, folder / "tfplan", folder / "plan.json")} == {0}
    assert (project / "plans" / ".gitignore").is_file()


def test_the_list_contains_digests_only(tmp_path: Path) -> None:
    write_list([StoredPlan("dev", "dev-data", COMMIT, "0" * 64)], tmp_path / "list.json")
    assert json.loads((tmp_path / "list.json").read_text()) == {
        "plans": [{"environment": "dev", "stack": "dev-data", "commit": COMMIT, "sha256": "0" * 64}]
    }


def test_a_second_plan_of_the_same_commit_has_a_key_of_its_own(tmp_path: Path, project: Path, s3: Any) -> None:
    first, second = (stored(planned(tmp_path, content=content)) for content in ("first", "second"))
    assert len(s3.list_objects_v2(Bucket=BUCKET)["Contents"]) == 2
    (folder,) = fetch([first], project, Quiet())
    assert (folder / "tfplan").read_text() == "first"
    (folder,) = fetch([second], project, Quiet())
    assert (folder / "tfplan").read_text() == "second"


def test_storing_the_same_plan_again_changes_nothing(tmp_path: Path, s3: Any) -> None:
    saved = planned(tmp_path)
    assert stored(saved) == stored(saved)
    assert len(s3.list_object_versions(Bucket=BUCKET)["Versions"]) == 1


@pytest.mark.usefixtures("s3")
def test_a_plan_that_was_fetched_before_keeps_the_record_of_its_apply(tmp_path: Path, project: Path) -> None:
    plan = stored(planned(tmp_path))
    (folder,) = fetch([plan], project, Quiet())
    SavedPlan(folder).note(Attempt(datetime(2026, 11, 29, tzinfo=timezone.utc), "ana@here", "applied"))
    fetch([plan], project, Quiet())
    attempt = SavedPlan(folder).attempt()
    assert attempt
    assert attempt.outcome == "applied"


@pytest.mark.usefixtures("s3")
def test_a_state_that_is_not_in_the_bucket_is_not_replaced(tmp_path: Path, project: Path) -> None:
    first, second = (stored(planned(tmp_path, content=content)) for content in ("first", "second"))
    (folder,) = fetch([first], project, Quiet())
    (folder / "stack" / ERRORED_STATE).write_text("{}")
    assert "could not write the state to its bucket" in refusal(fetch, [second], project, Quiet())


def test_a_missing_or_expired_plan_is_planned_again(tmp_path: Path, project: Path, s3: Any) -> None:
    plan = stored(planned(tmp_path))
    key = f"_plans/dev-data/{COMMIT}/{plan.sha256}.zip"
    s3.delete_object(Bucket=BUCKET, Key=key)  # as the rule of the bucket does
    text = refusal(fetch, [plan], project, Quiet())
    assert f"The stored plan s3://{BUCKET}/{key} does not exist. Stored plans are deleted after 3 days." in text
    assert text.endswith(" plan dev-data")
    assert not (project / "plans").exists()


def test_a_modified_plan_is_refused(tmp_path: Path, project: Path, s3: Any) -> None:
    plan = stored(planned(tmp_path))
    key = f"_plans/dev-data/{COMMIT}/{plan.sha256}.zip"
    s3.delete_object(Bucket=BUCKET, Key=key)
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"forged", IfNoneMatch="*")
    text = refusal(fetch, [plan], project, Quiet())
    assert f"does not have the digest {plan.sha256}: it was modified after it was stored. Nothing was applied." in text
    assert not (project / "plans").exists()


@pytest.mark.usefixtures("s3")
def test_a_plan_of_another_stack_or_commit_under_this_key_is_refused(tmp_path: Path, project: Path) -> None:
    saved = planned(tmp_path)
    other = replace(saved.read(), commit="f" * 40)
    plan = store(saved, other, ENVIRONMENT)
    text = refusal(fetch, [plan], project, Quiet())
    assert re.search(rf"is a plan of dev-data from the commit {COMMIT}\. Nothing was applied\.", text)


@pytest.mark.usefixtures("s3")
def test_the_plan_role_stores_plans_once_and_cannot_read_them(
    local_aws: LocalAws, tmp_path: Path, project: Path
) -> None:
    saved = planned(tmp_path)
    with as_role(local_aws, ENVIRONMENT.names.ci_role_arn("plan")):
        plan = stored(saved)
        text = refusal(fetch, [plan], project, Quiet())
        with pytest.raises(Exception, match=r"403|AccessDenied"):
            boto3.client("s3").put_object(
                Bucket=BUCKET, Key=f"_plans/dev-data/{COMMIT}/{plan.sha256}.zip", Body=b"forged"
            )
    assert "AWS does not permit arn:aws:sts::123456789012:assumed-role/recsys-dev-ci-plan/pipeline to read" in text
    assert f"The role {ENVIRONMENT.names.ci_role_arn('apply')} and administrators may read stored plans." in text
    with as_role(local_aws, ENVIRONMENT.names.ci_role_arn("apply")):
        assert fetch([plan], project, Quiet()) == (project / "plans" / "dev-data",)
        shutil.rmtree(project / "plans")
    with as_role(local_aws, "arn:aws:iam::123456789012:role/analyst"):
        assert "does not permit" in refusal(fetch, [plan], project, Quiet())


@pytest.mark.usefixtures("s3")
def test_another_role_cannot_store_plans(local_aws: LocalAws, tmp_path: Path) -> None:
    saved = planned(tmp_path)
    with as_role(local_aws, ENVIRONMENT.names.ci_role_arn("drift")):
        text = refusal(stored, saved)
    assert "assumed-role/recsys-dev-ci-drift/pipeline to store the plan of dev-data" in text
    assert f"The role {ENVIRONMENT.names.ci_role_arn('plan')} may store plans" in text
    assert "bootstrap dev, then apply dev-foundation." in text


def test_plans_without_a_commit_are_not_stored(tmp_path: Path, s3: Any) -> None:
    text = refusal(stored, planned(tmp_path, commit=None))
    assert "the checkout has uncommitted changes or no commit. No plan was stored." in text
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET)


def test_a_bucket_of_an_earlier_version_that_would_keep_plans_for_ever_is_refused(s3: Any) -> None:
    require_storage(ENVIRONMENT)
    s3.put_bucket_lifecycle_configuration(
        Bucket=BUCKET,
        LifecycleConfiguration={
            "Rules": [
                {
                    "Status": "Enabled",
                    "Filter": {"Prefix": ""},
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
                }
            ]
        },
    )
    assert refusal(require_storage, ENVIRONMENT).endswith("bootstrap dev")
    s3.delete_bucket_lifecycle(Bucket=BUCKET)
    assert f"The state bucket {BUCKET} has no rule that deletes stored plans" in refusal(require_storage, ENVIRONMENT)


PLAN = asdict(StoredPlan("dev", "dev-data", COMMIT, "0" * 64))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("not JSON", "Expecting value"),
        ("[]", "list indices"),
        ("{}", "'plans'"),
        (json.dumps({"plans": [{"stack": "dev-data"}]}), "missing"),
        (json.dumps({"plans": [{**PLAN, "stack": "../../main"}]}), "stack is '../../main'"),
        (json.dumps({"plans": [{**PLAN, "sha256": "0" * 63}]}), "sha256 is"),
        (json.dumps({"plans": [{**PLAN, "commit": None}]}), "commit is None"),
        (json.dumps({"plans": [{**PLAN, "stack": "prod-data"}]}), "prod-data is not a stack of dev"),
    ],
)
def test_any_other_file_is_not_a_list(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "list.json"
    path.write_text(content)
    text = refusal(read_list, path)
    assert text.startswith(f"{path} is not a list of stored plans, which `mlinfra plan --store FILE` writes (")
    assert reason in text


def test_a_list_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    assert refusal(read_list, tmp_path / "missing") == (
        f"The list of stored plans {tmp_path / 'missing'} cannot be read: No such file or directory."
    )
    (tmp_path / "file").write_text("")
    assert "cannot be written to" in refusal(write_list, [], tmp_path / "file" / "list.json")
