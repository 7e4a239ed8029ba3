"""Start of runs on nodes through Systems Manager of a local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from mlinfra.errors import OperationError
from mlinfra.operations.aws import account_of
from mlinfra.operations.runs.delivery import Delivery, send_start
from tests.unit.operations.clusters.account import ENVIRONMENT, make_group
from tests.unit.operations.runs.recorded import RUN_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


DOCUMENT = """
schemaVersion: "2.2"
parameters: {RunId: {type: String, allowedPattern: "20[0-9]{6}-[0-9]{6}-[0-9a-f]{4}"}}
mainSteps:
  - {action: aws:runShellScript, name: start, inputs: {runCommand: ["/usr/local/bin/mlinfra-start-run {{ RunId }}"]}}
"""


def send(nodes: Sequence[str]) -> Delivery:
    return send_start(account_of(ENVIRONMENT), ENVIRONMENT, RUN_ID, nodes)


def make_document(client: Callable[..., Any]) -> None:
    client("ssm").create_document(
        Name=ENVIRONMENT.names.run_document, Content=DOCUMENT, DocumentType="Command", DocumentFormat="YAML"
    )


def test_nodes_get_the_document_with_the_id_of_the_run(records: Callable[..., Any]) -> None:
    ids = make_group(records)
    make_document(records)
    assert send(ids) == Delivery(tuple(ids), ())
    (command,) = records("ssm").list_commands()["Commands"]
    assert command["DocumentName"] == "recsys-dev-start-run"
    assert command["Parameters"] == {"RunId": [RUN_ID]}
    assert command["Comment"] == f"mlinfra run {RUN_ID}"
    assert sorted(command["InstanceIds"]) == sorted(ids)


def test_without_the_document_the_stack_to_deploy_is_named(records: Callable[..., Any]) -> None:
    with pytest.raises(OperationError, match="The document recsys-dev-start-run does not exist") as error:
        send(make_group(records))
    assert "mlinfra up dev dev-training" in error.value.message


def test_nodes_that_are_not_connected_are_left_to_their_guards(records: Callable[..., Any]) -> None:
    first, second = make_group(records)
    make_document(records)
    records("ec2").stop_instances(InstanceIds=[second])
    assert send([first, second]) == Delivery((first,), (second,))


def test_a_command_has_at_most_50_nodes(records: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    del records
    sizes: list[int] = []
    make_call = BaseClient._make_api_call  # noqa: SLF001

    def called(self: BaseClient, operation: str, arguments: Any) -> Any:
        if operation != "SendCommand":
            return make_call(self, operation, arguments)
        sizes.append(len(arguments["InstanceIds"]))
        return {}

    monkeypatch.setattr(BaseClient, "_make_api_call", called)
    nodes = [f"i-{number:017x}" for number in range(120)]
    assert send(nodes).sent == tuple(nodes)
    assert sizes == [50, 50, 20]


def test_a_refusal_names_the_missing_permission(records: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    del records
    make_call = BaseClient._make_api_call  # noqa: SLF001

    def called(self: BaseClient, operation: str, arguments: Any) -> Any:
        if operation == "SendCommand":
            text = "User: ana is not authorized to perform: ssm:SendCommand"
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": text}}, operation)
        return make_call(self, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", called)
    with pytest.raises(OperationError, match="not authorized to perform: ssm:SendCommand"):
        send(["i-1"])
