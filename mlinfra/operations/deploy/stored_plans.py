"""Plans in the state bucket, by which a pipeline passes them from the job that plans to the job that applies.

A plan contains secrets. The plan role stores it, encrypted with the key of the state, and cannot read it; the apply
role reads it. Jobs pass a list of digests, which contains no secrets. A stored plan that was modified has another
digest and is refused. A rule of the bucket deletes stored plans after days.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from mlinfra.command import own_command
from mlinfra.declarations import STORED_PLANS_KEPT_DAYS, STORED_PLANS_PREFIX, load_environments
from mlinfra.errors import OperationError
from mlinfra.operations.aws import account_of, aws_errors_explained
from mlinfra.operations.deploy.local_apply import require_no_local_apply, state_of
from mlinfra.operations.deploy.plan_archive import FILES, pack, unpack
from mlinfra.operations.deploy.saved_plan import PLANS_FOLDER, SavedPlan, private_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.deploy.saved_plan import About
    from mlinfra.operations.terraform import Progress

_DENIED: Final = frozenset({"403", "AccessDenied"})
_ABSENT: Final = frozenset({"404", "NoSuchKey", "NotFound"})
_EXISTS: Final = "PreconditionFailed"
_PATTERNS: Final = {
    "environment": re.compile(r"[a-z0-9-]+"),
    "stack": re.compile(r"[A-Za-z0-9_-]+"),
    "commit": re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}"),
    "sha256": re.compile(r"[0-9a-f]{64}"),
}


@dataclass(frozen=True)
class StoredPlan:
    """A plan in the state bucket of its environment."""

    environment: str
    stack: str
    commit: str
    """The full hash of the commit that it was made from."""
    sha256: str
    """The digest of the stored archive."""


def require_storage(environment: Environment) -> None:
    """Check that the state bucket of `environment` deletes stored plans.

    Raises:
        OperationError: if an earlier version of mlinfra configured the bucket, or AWS denies the request.
    """
    with aws_errors_explained():
        account = account_of(environment)
        try:
            answer = account.client("s3").get_bucket_lifecycle_configuration(
                Bucket=environment.names.state_bucket, ExpectedBucketOwner=account.account_id
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchLifecycleConfiguration":
                raise
            answer = {"Rules": []}
    if not any(_expires(rule) for rule in answer["Rules"]):
        message = (
            f"The state bucket {environment.names.state_bucket} has no rule that deletes stored plans, which contain "
            f"secrets. No plan was made. Update the bucket with credentials of an administrator: {own_command()} "
            f"bootstrap {environment.name}"
        )
        raise OperationError(message)


def _expires(rule: dict[str, Any]) -> bool:
    of_plans = rule.get("Filter", {}).get("Prefix") == STORED_PLANS_PREFIX
    return of_plans and rule["Status"] == "Enabled" and "Days" in rule.get("Expiration", {})


def store(saved: SavedPlan, about: About, environment: Environment) -> StoredPlan:
    """Store a plan in the state bucket.

    Args:
        saved: the plan.
        about: its origin. It must have a commit.
        environment: the environment of its stack.

    Raises:
        OperationError: if the plan was made without a commit, or AWS denies the request.
    """
    if about.commit is None:
        raise OperationError(no_commit_message())
    content = pack(saved.folder)
    stored = StoredPlan(environment.name, about.stack, about.commit, sha256(content).hexdigest())
    with aws_errors_explained():
        account = account_of(environment)
        try:
            # Without other headers, S3 encrypts with the default key of the bucket, that of the state.
            account.client("s3").put_object(
                Bucket=environment.names.state_bucket,
                Key=_key(stored, environment),
                Body=content,
                IfNoneMatch="*",
                ExpectedBucketOwner=account.account_id,
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _DENIED:
                raise OperationError(_storing_denied(stored, environment, account), details=str(error)) from None
            # The key contains the digest, so an earlier attempt has stored the same plan.
            if code != _EXISTS:
                raise
    return stored


def no_commit_message() -> str:
    """The message if plans without a commit would be stored."""
    return (
        "Stored plans are addressed by their commit, and the checkout has uncommitted changes or no commit. No plan "
        "was stored. Commit the changes, or plan without --store."
    )


def fetch(stored: Sequence[StoredPlan], root: Path, progress: Progress) -> tuple[Path, ...]:
    """Fetch plans from their state buckets to the project's folder of plans.

    Args:
        stored: the plans.
        root: the project.
        progress: receives the step.

    Returns:
        The folders of the plans. The folder of a plan that was fetched before is kept, with the record of its apply.

    Raises:
        OperationError: if a plan is missing, expired or was modified, AWS denies the request, or an apply of the stack
            is running on this machine.
    """
    folders = []
    with progress.step("Fetch the stored plans") as step:
        for each in stored:
            (environment,) = load_environments(root, only=each.environment, judged=False)
            folders.append(_fetch(each, environment, root / PLANS_FOLDER))
        step.conclude(", ".join(each.stack for each in stored))
    return tuple(folders)


def _fetch(stored: StoredPlan, environment: Environment, folder: Path) -> Path:
    saved = SavedPlan(folder / stored.stack)
    if saved.is_complete and sha256(pack(saved.folder)).hexdigest() == stored.sha256:
        return saved.folder
    content = _content(stored, environment)
    if sha256(content).hexdigest() != stored.sha256:
        message = (
            f"The stored plan of {stored.stack} does not have the digest {stored.sha256}: it was modified after it was "
            f"stored. Nothing was applied. Find out who wrote {_address(stored, environment)}, and plan again."
        )
        raise OperationError(message)
    with TemporaryDirectory(prefix="mlinfra-") as name:
        unpacked = Path(name)
        unpack(content, unpacked)
        require_no_local_apply(stored.stack, state_of(unpacked / "stack"))
        saved.begin(unpacked / "stack")
        for file in FILES:
            private_bytes(saved.folder / file, (unpacked / file).read_bytes())
    about = saved.read()
    if (about.environment, about.stack, about.commit) != (stored.environment, stored.stack, stored.commit):
        message = (
            f"The stored plan {_address(stored, environment)} is a plan of {about.stack} from the commit "
            f"{about.commit}. Nothing was applied. Plan again: {own_command()} plan {stored.stack}"
        )
        raise OperationError(message)
    return saved.folder


def _content(stored: StoredPlan, environment: Environment) -> bytes:
    with aws_errors_explained():
        account = account_of(environment)
        try:
            answer = account.client("s3").get_object(
                Bucket=environment.names.state_bucket,
                Key=_key(stored, environment),
                ExpectedBucketOwner=account.account_id,
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _ABSENT:
                message = (
                    f"The stored plan {_address(stored, environment)} does not exist. Stored plans are deleted after "
                    f"{STORED_PLANS_KEPT_DAYS} days. Nothing was applied. Run the pipeline again, or plan again: "
                    f"{own_command()} plan {stored.stack}"
                )
                raise OperationError(message) from None
            if code in _DENIED:
                raise OperationError(_reading_denied(stored, environment, account), details=str(error)) from None
            raise
        content: bytes = answer["Body"].read()
    return content


def _storing_denied(stored: StoredPlan, environment: Environment, account: AwsAccount) -> str:
    return (
        f"AWS does not permit {account.caller} to store the plan of {stored.stack} in "
        f"{environment.names.state_bucket}. The role {environment.names.ci_role_arn('plan')} may store plans, once the "
        f"state bucket and the stack {environment.names.stack_id('foundation')} are updated by an administrator: "
        f"{own_command()} bootstrap {environment.name}, then apply {environment.names.stack_id('foundation')}."
    )


def _reading_denied(stored: StoredPlan, environment: Environment, account: AwsAccount) -> str:
    return (
        f"AWS does not permit {account.caller} to read the stored plan {_address(stored, environment)}. Nothing was "
        f"applied. The role {environment.names.ci_role_arn('apply')} and administrators may read stored plans. If this "
        f"is that role, an administrator must update it: apply {environment.names.stack_id('foundation')}."
    )


def _key(stored: StoredPlan, environment: Environment) -> str:
    return environment.names.stored_plan_key(stored.stack, stored.commit, stored.sha256)


def _address(stored: StoredPlan, environment: Environment) -> str:
    return f"s3://{environment.names.state_bucket}/{_key(stored, environment)}"


def write_list(plans: Sequence[StoredPlan], path: Path) -> None:
    """Write the list of stored plans to `path`, as JSON. It contains no secrets.

    Raises:
        OperationError: if the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"plans": [asdict(each) for each in plans]}, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        message = f"The list of stored plans cannot be written to {path}: {error.strerror}."
        raise OperationError(message) from error


def read_list(path: Path) -> tuple[StoredPlan, ...]:
    """Read a list of stored plans.

    Raises:
        OperationError: if `path` is not a list that `write_list` wrote.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        plans = tuple(StoredPlan(**each) for each in content["plans"])
        for each in plans:
            _require_valid(each)
    except OSError as error:
        message = f"The list of stored plans {path} cannot be read: {error.strerror}."
        raise OperationError(message) from error
    except (ValueError, TypeError, KeyError) as error:
        message = f"{path} is not a list of stored plans, which `mlinfra plan --store FILE` writes ({error})."
        raise OperationError(message) from None
    return plans


def _require_valid(plan: StoredPlan) -> None:
    for name, value in asdict(plan).items():
        if not isinstance(value, str) or not _PATTERNS[name].fullmatch(value):
            message = f"{name} is {value!r}"
            raise ValueError(message)
    if not plan.stack.startswith(f"{plan.environment}-"):
        message = f"{plan.stack} is not a stack of {plan.environment}"
        raise ValueError(message)
