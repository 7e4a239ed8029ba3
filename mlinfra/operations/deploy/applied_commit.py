"""The commit that a stack was applied from, recorded in an SSM parameter."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import ClientError

from mlinfra.operations.aws import aws_errors_explained

if TYPE_CHECKING:
    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.terraform import StateVersion

_NAME = "commit"
_LENGTH = 4096
"""The maximum length of a standard parameter (Systems Manager API Reference, PutParameter, read 2026-11-29)."""


@dataclass(frozen=True)
class AppliedCommit:
    """The record of the last apply of a stack."""

    commit: str | None
    """The full hash; None if the plan was made outside of a repository."""
    dirty: bool
    """True if there were uncommitted changes."""
    when: datetime
    who: str
    """The ARN of the principal that applied it."""
    mlinfra: str
    """The version of mlinfra."""
    sha256: str
    """The digest of the `cdk.tf.json` that was applied."""
    lineage: str | None = None
    """The lineage of the state after the apply. None: recorded by an earlier version of mlinfra."""
    serial: int | None = None
    """The serial of the state after the apply."""
    settings: str | None = None
    """`StackSettings.packed` of the applied stack. None: recorded by an earlier version of mlinfra, or too long."""

    def state_since(self, present: StateVersion | None) -> Literal["unchanged", "changed", "unknown"]:
        """Compare with the present version of the state: `changed` if anything else was applied since."""
        if self.serial is None:
            return "unknown"
        recorded = (self.lineage, self.serial)
        return "unchanged" if present and recorded == (present.lineage, present.serial) else "changed"


def record(account: AwsAccount, environment: Environment, component: str, applied: AppliedCommit) -> str:
    """Record an apply. Returns the name of the parameter.

    Raises:
        OperationError: if AWS denies or fails the request.
    """
    name = environment.names.parameter(component, _NAME)
    facts = {
        "commit": applied.commit,
        "dirty": applied.dirty,
        "when": applied.when.isoformat(timespec="seconds"),
        "who": applied.who,
        "mlinfra": applied.mlinfra,
        "sha256": applied.sha256,
        "lineage": applied.lineage,
        "serial": applied.serial,
        "settings": applied.settings,
    }
    if len(json.dumps(facts)) > _LENGTH:
        facts["settings"] = None
    with aws_errors_explained():
        account.client("ssm").put_parameter(
            Name=name,
            Description=f"Written by mlinfra apply: the applied commit of {environment.names.stack_id(component)}.",
            Value=json.dumps(facts),
            Type="String",
            Overwrite=True,
        )
    return name


def read(account: AwsAccount, environment: Environment, component: str) -> AppliedCommit | None:
    """The record of a stack; None if there is none.

    Raises:
        OperationError: if AWS denies or fails the request.
    """
    with aws_errors_explained():
        try:
            answer = account.client("ssm").get_parameter(Name=environment.names.parameter(component, _NAME))
        except ClientError as error:
            if error.response["Error"]["Code"] == "ParameterNotFound":
                return None
            raise
    facts = json.loads(answer["Parameter"]["Value"])
    return AppliedCommit(**{**facts, "when": datetime.fromisoformat(facts["when"])})


def remove(account: AwsAccount, environment: Environment, component: str) -> None:
    """Remove the record of a stack that was destroyed.

    Raises:
        OperationError: if AWS denies or fails the request.
    """
    with aws_errors_explained():
        try:
            account.client("ssm").delete_parameter(Name=environment.names.parameter(component, _NAME))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ParameterNotFound":
                raise
