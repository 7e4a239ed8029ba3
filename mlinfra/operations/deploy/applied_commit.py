"""Which commit made a stack: recorded in an SSM parameter when a plan was applied."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from mlinfra.operations.aws import in_users_terms

if TYPE_CHECKING:
    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount

_NAME = "commit"


@dataclass(frozen=True)
class AppliedCommit:
    """What is recorded about the last apply of a stack."""

    commit: str | None
    """In full; None where the plan was made outside of any repository."""
    dirty: bool
    """Whether there were uncommitted changes too."""
    when: datetime
    who: str
    """Whose credentials applied it, as an ARN."""
    mlinfra: str
    """The version of mlinfra."""
    sha256: str
    """The digest of the `cdk.tf.json` that was applied."""


def record(account: AwsAccount, environment: Environment, component: str, applied: AppliedCommit) -> str:
    """Record what was applied. Returns the parameter's name.

    Raises:
        OperationError: where AWS refuses.
    """
    name = environment.names.parameter(component, _NAME)
    facts = {
        "commit": applied.commit,
        "dirty": applied.dirty,
        "when": applied.when.isoformat(timespec="seconds"),
        "who": applied.who,
        "mlinfra": applied.mlinfra,
        "sha256": applied.sha256,
    }
    with in_users_terms():
        account.client("ssm").put_parameter(
            Name=name,
            Description=f"Written by mlinfra apply: which commit made {environment.names.stack_id(component)}.",
            Value=json.dumps(facts),
            Type="String",
            Overwrite=True,
        )
    return name


def read(account: AwsAccount, environment: Environment, component: str) -> AppliedCommit | None:
    """What is recorded about a stack; None where nothing is.

    Raises:
        OperationError: where AWS refuses.
    """
    with in_users_terms():
        try:
            answer = account.client("ssm").get_parameter(Name=environment.names.parameter(component, _NAME))
        except ClientError as error:
            if error.response["Error"]["Code"] == "ParameterNotFound":
                return None
            raise
    facts = json.loads(answer["Parameter"]["Value"])
    return AppliedCommit(**{**facts, "when": datetime.fromisoformat(facts["when"])})
