"""Start of a run on its nodes through Systems Manager.

The node guards find the run in the records within a minute. The command is faster; nodes that it does not reach are
left to their guards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from mlinfra.command import deploy_command
from mlinfra.errors import OperationError
from mlinfra.functions.clients import Clients, error_code
from mlinfra.operations.aws import aws_errors_explained

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount

_NODES_A_COMMAND: Final = 50
"""The most instance ids of SendCommand (Systems Manager API reference, SendCommand, read 2026-11-30)."""
_TIMEOUT_SECONDS: Final = 60
"""The time in which an agent must fetch the command, at least 30 (the same reference). After a minute, the guard has
started the run."""
_NOT_CONNECTED: Final = "InvalidInstanceId"
"""The code for a call in which one node is not connected, or is not permitted. None of its nodes gets the command (the
same reference)."""
_PARAMETER: Final = "RunId"


@dataclass(frozen=True)
class Delivery:
    """The nodes that a start of a run was sent to."""

    sent: tuple[str, ...]
    not_reached: tuple[str, ...]
    """Nodes that were not connected. Their guards start the run within a minute."""


def send_start(account: AwsAccount, environment: Environment, run_id: str, nodes: Sequence[str]) -> Delivery:
    """Send the start of a run to nodes.

    Args:
        account: the account of the environment.
        environment: the environment.
        run_id: the id of the run.
        nodes: the instance ids.

    Raises:
        OperationError: if AWS refuses, or the document does not exist.
    """
    ssm = Clients(account.session).ssm
    sent: list[str] = []
    left: list[str] = []
    with aws_errors_explained():
        for start in range(0, len(nodes), _NODES_A_COMMAND):
            some = list(nodes[start : start + _NODES_A_COMMAND])
            if _send(ssm, environment, run_id, some):
                sent += some
                continue
            for each in some:
                (sent if len(some) > 1 and _send(ssm, environment, run_id, [each]) else left).append(each)
    return Delivery(tuple(sent), tuple(left))


def _send(ssm: Any, environment: Environment, run_id: str, nodes: list[str]) -> bool:  # noqa: ANN401  boto3 is untyped
    """Send one command. False: one of the nodes is not connected."""
    document = environment.names.run_document
    try:
        ssm.send_command(
            DocumentName=document,
            InstanceIds=nodes,
            Parameters={_PARAMETER: [run_id]},
            TimeoutSeconds=_TIMEOUT_SECONDS,
            Comment=f"mlinfra run {run_id}",
        )
    except ClientError as error:
        if error_code(error) == _NOT_CONNECTED:
            return False
        if error_code(error) != "InvalidDocument":
            raise
        stack = environment.names.stack_id("training")
        message = (
            f"The document {document} does not exist, with which nodes are started. The stack was deployed by an "
            f"earlier version of mlinfra. Deploy it again: {deploy_command(environment.name, stack)}"
        )
        raise OperationError(message) from None
    return True
