"""The first bootstrap of an environment: completed, killed, and refused."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from mlinfra.declarations.loading import load_environments
from mlinfra.operations.aws.account import account_of
from mlinfra.operations.terraform.remote_state import RemoteState
from tests.conftest import TODAY
from tests.deploy.attached_provider import with_own_provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlinfra.declarations.environment import Environment
    from mlinfra.local_aws.server import LocalAws

pytestmark = [pytest.mark.deploy, pytest.mark.usefixtures("deployable"), pytest.mark.xdist_group("bootstrap")]

MLINFRA = Path(sys.executable).with_name("mlinfra")


@pytest.fixture
def environment(state_project: Path) -> Environment:
    (declared,) = load_environments(state_project, only="local", today=TODAY)
    return declared


@pytest.fixture(autouse=True)
def empty_aws(mlinfra_local_aws: LocalAws) -> None:
    mlinfra_local_aws.reset()


def bootstrap(project: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MLINFRA, "bootstrap", "local"],
        cwd=project,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@functools.cache
def client(service: str) -> Any:
    """A client that is polled: to create one takes longer than to call it."""
    return boto3.client(service)


def there(ask: Callable[[], object]) -> bool:
    try:
        return bool(ask())
    except ClientError:
        return False


def bucket_is_there(environment: Environment) -> bool:
    return there(lambda: client("s3").head_bucket(Bucket=environment.names.state_bucket))


def alias_is_there(environment: Environment) -> bool:
    return there(lambda: client("kms").describe_key(KeyId=environment.names.state_key_alias))


def state_is_moving(environment: Environment) -> bool:
    keys = {"Bucket": environment.names.state_bucket, "Prefix": environment.names.state_key("state")}
    return there(lambda: "Contents" in client("s3").list_objects_v2(**keys))


def kill_when(
    moment: Callable[[Environment], bool], environment: Environment, project: Path, *, whole_group: bool = True
) -> None:
    """Bootstrap, and kill it as soon as `moment` has come."""
    process = subprocess.Popen(
        [MLINFRA, "bootstrap", "local"],
        cwd=project,
        env=with_own_provider(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    while not moment(environment):
        assert process.poll() is None
        time.sleep(0.05)
    if whole_group:
        os.killpg(process.pid, signal.SIGKILL)
        # Terraform applies in a session of its own, so that it completes when mlinfra alone is killed.
        folder = os.environ["XDG_STATE_HOME"]
        found = subprocess.run(
            ["/usr/bin/env", "pgrep", "-f", f"terraform apply .*{folder}"], capture_output=True, text=True, check=False
        )
        for each in found.stdout.split():
            os.killpg(int(each), signal.SIGKILL)
    else:
        process.kill()
    assert process.wait() == -signal.SIGKILL


def assert_is_whole(environment: Environment) -> None:
    """One of each, no lock left, and the state of all of it in the bucket."""
    remote = RemoteState(account_of(environment), environment, "state")
    assert remote.exists()
    assert remote.locks() == []
    assert [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]] == [
        environment.names.state_bucket
    ]
    assert boto3.client("dynamodb").list_tables()["TableNames"] == [environment.names.lock_table]
    kms = boto3.client("kms")
    ours = [key for key in kms.list_keys()["Keys"] if describes_state(kms, key["KeyId"])]
    assert len(ours) == 1


def describes_state(kms: Any, key: str) -> bool:
    return "Terraform state" in str(kms.describe_key(KeyId=key)["KeyMetadata"]["Description"])


def state_files(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in folder.rglob("*") if path.name.endswith((".tfstate", ".tfstate.backup", "plan")))


def test_it_makes_what_holds_the_state_and_moves_its_own_there(environment: Environment, state_project: Path) -> None:
    ended = bootstrap(state_project)
    assert ended.returncode == 0, ended.stderr
    assert f"{environment.names.state_bucket} now holds the state of local: 10 resources" in ended.stdout
    assert ended.stdout.endswith("mlinfra up local\n")
    assert_is_whole(environment)
    assert list(state_files(state_project, Path(os.environ["XDG_STATE_HOME"]))) == []


@pytest.mark.parametrize("moment", [bucket_is_there, alias_is_there, state_is_moving])
def test_killed_with_its_terraform_it_is_finished_by_the_next(
    moment: Callable[[Environment], bool], environment: Environment, state_project: Path
) -> None:
    kill_when(moment, environment, state_project)
    ended = bootstrap(state_project)
    assert ended.returncode == 0, ended.stderr
    assert_is_whole(environment)
    assert list(state_files(state_project, Path(os.environ["XDG_STATE_HOME"]))) == []


def test_killed_while_its_terraform_goes_on_the_next_waits_for_that(
    environment: Environment, state_project: Path
) -> None:
    kill_when(bucket_is_there, environment, state_project, whole_group=False)
    ended = bootstrap(state_project)
    assert ended.returncode == 0, ended.stderr
    assert_is_whole(environment)


def test_a_bootstrap_completes_after_the_machine_was_lost_in_the_middle(
    environment: Environment, state_project: Path, tmp_path: Path
) -> None:
    kill_when(alias_is_there, environment, state_project)
    ended = bootstrap(state_project, XDG_STATE_HOME=str(tmp_path / "another machine"))
    assert ended.returncode == 0, ended.stderr
    assert_is_whole(environment)


def test_terminated_it_lets_terraform_end_and_the_next_finishes(environment: Environment, state_project: Path) -> None:
    process = subprocess.Popen(
        [MLINFRA, "bootstrap", "local"], cwd=state_project, env=with_own_provider(), stdout=subprocess.DEVNULL
    )
    while not bucket_is_there(environment):
        time.sleep(0.05)
    process.terminate()
    assert process.wait(timeout=300) == 128 + signal.SIGTERM
    ended = bootstrap(state_project)
    assert ended.returncode == 0, ended.stderr
    assert_is_whole(environment)


def test_credentials_of_another_account_are_refused_before_anything_is_touched(
    state_project: Path, mlinfra_local_aws: LocalAws
) -> None:
    text = (state_project / "environments" / "local.py").read_text()
    other = state_project / "environments" / "other.py"
    other.write_text(
        text.replace("123456789012", "210987654321").replace("local = ", "other = ").replace('"local"', '"other"')
    )
    seen = mlinfra_local_aws.log.stat().st_size
    try:
        ended = subprocess.run(
            [MLINFRA, "bootstrap", "other"], cwd=state_project, capture_output=True, text=True, check=False
        )
    finally:
        other.unlink()
    assert ended.returncode == 1
    assert "Your AWS credentials belong to account 123456789012" in ended.stderr
    assert "Traceback" not in ended.stderr
    asked = mlinfra_local_aws.log.read_text()[seen:].splitlines()
    assert len(asked) == 1  # who the caller is, and nothing else
    assert boto3.client("s3").list_buckets()["Buckets"] == []
