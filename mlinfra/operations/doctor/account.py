"""Checks of the AWS account of an environment: credentials, state bucket, locks, quotas and zones."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.operations.aws import account_of, aws_errors_explained
from mlinfra.operations.doctor.diagnosis import Diagnosis, ok, problem, problem_of, warning
from mlinfra.operations.preflight import preflight
from mlinfra.operations.terraform import RemoteState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount

_LONG_LOCK: Final = timedelta(hours=2)
"""An apply that takes longer was probably killed."""


def check_account(environment: Environment, *, now: datetime | None = None) -> Iterator[Diagnosis]:
    """Check the account of an environment with the current credentials.

    Args:
        environment: the environment.
        now: the present time. Default: the clock's.
    """
    try:
        account = account_of(environment)
    except OperationError as error:
        yield problem_of(f"{environment.name}: credentials", error)
        return
    yield ok(f"{environment.name}: credentials", account.caller)
    try:
        with aws_errors_explained():
            yield from _state(environment, account, now or datetime.now(timezone.utc))
    except OperationError as error:
        yield problem(f"{environment.name}: state", error.message, "Ask the administrator of the account")
    yield from _capacity(environment, account)


def _state(environment: Environment, account: AwsAccount, now: datetime) -> Iterator[Diagnosis]:
    area, names = f"{environment.name}: state", environment.names
    if not RemoteState(account, environment, "state").bucket_exists():
        yield problem(
            area,
            f"the state bucket {names.state_bucket} does not exist",
            f"Create it, once: {own_command()} bootstrap {environment.name}",
        )
        return
    versioning = account.client("s3").get_bucket_versioning(
        Bucket=names.state_bucket, ExpectedBucketOwner=account.account_id
    )
    if versioning.get("Status") != "Enabled":
        yield problem(
            area,
            f"the state bucket {names.state_bucket} keeps no versions, so a damaged state cannot be restored",
            f"{own_command()} bootstrap {environment.name}",
        )
    if not environment.native_state_lock and (missing := _without_lock_table(account, names.lock_table)):
        yield problem(area, missing, f"Create it: {own_command()} bootstrap {environment.name}")
        return
    components = sorted(RemoteState.components(account, environment))
    found = False
    for component in components:
        state, stack = RemoteState(account, environment, component), names.stack_id(component)
        for lock in state.locks()[:1]:
            found = True
            age = now - lock.created
            text = f"{stack} has been locked by {lock.who} since {lock.created:%Y-%m-%d %H:%M:%S} UTC"
            if age > _LONG_LOCK:
                yield problem(area, text, f"If that run has ended: {own_command()} unlock {stack}")
            else:
                yield warning(area, text, "Wait for the end of that run")
        if state.checksum_differs():
            found = True
            yield problem(
                area,
                f"the state of {stack} differs from its checksum, and Terraform rejects it",
                f"{own_command()} unlock {stack}",
            )
    if not found:
        yield ok(area, f"{names.state_bucket}: {', '.join(components) or 'no stack is deployed'}")


def _capacity(environment: Environment, account: AwsAccount) -> Iterator[Diagnosis]:
    """Check the quotas and zones of the declared instances."""
    area = f"{environment.name}: capacity"
    details = f"{own_command()} preflight {environment.name}"
    result = preflight(environment, account.session)
    refused = [each for each in result.lines if each.obstacles]
    for each in refused:
        yield problem(area, f"{each.demand.name}: {'; '.join(each.obstacles)}", "; ".join(each.actions) or details)
    for reason in result.failed:
        yield warning(area, f"not checked: {reason}", details)
    if result.lines and not refused and not result.failed:
        yield ok(area, f"no obstacle to the nodes of {', '.join(each.demand.name for each in result.lines)}")


def _without_lock_table(account: AwsAccount, name: str) -> str:
    """The reason why the lock table cannot be used. Empty: it can."""
    try:
        status = account.client("dynamodb").describe_table(TableName=name)["Table"]["TableStatus"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return f"the lock table {name} does not exist"
    return "" if status == "ACTIVE" else f"the lock table {name} is {status}"
