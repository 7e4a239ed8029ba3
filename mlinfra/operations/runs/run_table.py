"""The records of runs in the table of an environment: reading by id and by month."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from mlinfra.command import deploy_command
from mlinfra.errors import OperationError
from mlinfra.functions import clock
from mlinfra.functions.clients import Clients, error_code
from mlinfra.functions.contract import Table
from mlinfra.operations.aws import account_of, aws_errors_explained
from mlinfra.operations.runs.recorded_run import parse_run
from mlinfra.runner import RunAttribute, RunKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.runs.recorded_run import Run

_NO_TABLE: Final = "ResourceNotFoundException"
"""Source: DynamoDB API reference, "Query", read 2026-11-29."""
_KEYS_A_CALL: Final = 100
"""The limit of BatchGetItem. Source: DynamoDB API reference, "BatchGetItem", read 2026-11-29."""
_THREADS: Final = 8


class RecordsNotFoundError(OperationError):
    """The environment has no table of records, so it has no runs."""


class RunTable:
    """The records of the runs of one environment."""

    def __init__(self, environment: Environment, account: AwsAccount | None = None) -> None:
        """Access the records.

        Args:
            environment: the environment.
            account: its account. Default: that of the present credentials, after a check.

        Raises:
            OperationError: if the credentials do not belong to the account of the environment.
        """
        self.environment = environment
        self.account = account or account_of(environment)
        self.name = environment.names.records_table
        self.now = clock.now()
        """The time by the clock of AWS at the last response."""

    @cached_property
    def client(self) -> Any:  # noqa: ANN401  boto3 is untyped
        """The client of DynamoDB that converts Python types. Threads may share it, unlike a resource."""
        return Clients(self.account.session).dynamodb.meta.client

    def read(self, partition: str, run_id: str) -> Run | None:
        """A run with its attempts and nodes. None: its records have expired, or do not exist."""
        with self._errors_explained():
            items = list(self._items(partition, RunKey(partition, run_id).run[Table.RECORD]))
        # The id of another run cannot begin with this one, since all have the same length.
        return parse_run(self.environment.name, items, self.now)

    def read_all(self, found: Iterable[tuple[str, str]]) -> list[Run]:
        """The runs with these partitions and ids, in their order; runs without records are left out."""
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="runs") as pool:
            runs = list(pool.map(lambda each: self.read(*each), found))
        return [each for each in runs if each is not None]

    def heads(self, found: Iterable[tuple[str, str]]) -> dict[str, Mapping[str, Any]]:
        """The records of the runs themselves, without those of their nodes, by id."""
        keys = [RunKey(partition, run_id).run for partition, run_id in found]
        heads: dict[str, Mapping[str, Any]] = {}
        with self._errors_explained():
            for start in range(0, len(keys), _KEYS_A_CALL):
                request: Any = {self.name: {"Keys": keys[start : start + _KEYS_A_CALL]}}
                while request:
                    page = self._noted(self.client.batch_get_item(RequestItems=request))
                    for item in page["Responses"].get(self.name, ()):
                        heads[str(item[Table.RECORD]).partition("#")[2]] = item
                    request = page.get("UnprocessedKeys")
        return heads

    def of_month(self, index: str, *, before: str | None = None) -> Iterator[tuple[str, str]]:
        """The partitions and ids of the runs of a month, the newest first.

        Args:
            index: the partition of the index, such as `runs#2026-11`.
            before: only runs with a lower id. Default: all.
        """
        arguments: dict[str, Any] = {
            "KeyConditionExpression": "#partition = :index",
            "ExpressionAttributeNames": {"#partition": Table.CLUSTER},
            "ExpressionAttributeValues": {":index": index},
            "ScanIndexForward": False,
        }
        if before is not None:
            arguments["KeyConditionExpression"] += " AND #record < :before"
            arguments["ExpressionAttributeNames"]["#record"] = Table.RECORD
            arguments["ExpressionAttributeValues"][":before"] = before
        with self._errors_explained():
            for item in self._pages(arguments):
                yield str(item.get(RunAttribute.PARTITION, "")), str(item[Table.RECORD])

    def partition_of(self, index: str, run_id: str) -> str | None:
        """The partition of the run with this id; None: there is no such run."""
        with self._errors_explained():
            answer = self._noted(
                self.client.get_item(TableName=self.name, Key={Table.CLUSTER: index, Table.RECORD: run_id})
            )
        item = answer.get("Item")
        return str(item.get(RunAttribute.PARTITION, "")) if item else None

    def item(self, partition: str, record: str) -> Mapping[str, Any]:
        """One record of a cluster, as it is at this moment. Empty: there is none."""
        with self._errors_explained():
            key = {Table.CLUSTER: partition, Table.RECORD: record}
            answer = self._noted(self.client.get_item(TableName=self.name, Key=key, ConsistentRead=True))
        found: Mapping[str, Any] = answer.get("Item", {})
        return found

    def items(self, partition: str, beginning: str) -> list[Mapping[str, Any]]:
        """The records of a cluster whose name begins with `beginning`, such as the reports of its nodes."""
        with self._errors_explained():
            return list(self._items(partition, beginning))

    def update(
        self, run: Run, change: str, *, condition: str, names: Mapping[str, str], values: Mapping[str, Any]
    ) -> bool:
        """Change the record of a run. False: the condition is not met."""
        with self._errors_explained():
            try:
                self._noted(
                    self.client.update_item(
                        TableName=self.name,
                        Key=RunKey(run.partition, run.run_id).run,
                        UpdateExpression=change,
                        ConditionExpression=condition,
                        ExpressionAttributeNames=names,
                        ExpressionAttributeValues=values,
                    )
                )
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True

    def end(self, run: Run, status: str, reason: str, *, only_if: Sequence[str]) -> bool:
        """Record the end of a run that no node executes. False: its status is none of `only_if` any more."""
        expected = {f":expected{number}": each for number, each in enumerate(only_if)}
        return self.update(
            run,
            "SET #status = :status, #ended = :now, #reason = :reason",
            condition=f"#status IN ({', '.join(expected)})",
            names={
                "#status": RunAttribute.STATUS,
                "#ended": RunAttribute.ENDED_AT,
                "#reason": RunAttribute.REASON,
            },
            values={
                ":status": status,
                ":now": Decimal(str(self.now.timestamp())),
                ":reason": reason,
                **expected,
            },
        )

    def _items(self, partition: str, beginning: str) -> Iterator[Mapping[str, Any]]:
        return self._pages(
            {
                "KeyConditionExpression": "#partition = :partition AND begins_with(#record, :beginning)",
                "ExpressionAttributeNames": {"#partition": Table.CLUSTER, "#record": Table.RECORD},
                "ExpressionAttributeValues": {":partition": partition, ":beginning": beginning},
                # A run that was submitted a second ago must be seen.
                "ConsistentRead": True,
            }
        )

    def _pages(self, arguments: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
        start: dict[str, Any] = {}
        while True:
            page = self._noted(self.client.query(TableName=self.name, **arguments, **start))
            yield from page["Items"]
            if not page.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _noted(self, answer: Any) -> Any:  # noqa: ANN401  a response of boto3
        """The response, whose date is the time by the clock of AWS. The clock of this machine may be wrong."""
        date = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date")
        try:
            self.now = parsedate_to_datetime(date).astimezone(timezone.utc)
        except (TypeError, ValueError):
            self.now = clock.now()
        return answer

    @contextmanager
    def _errors_explained(self) -> Iterator[None]:
        with aws_errors_explained():
            try:
                yield
            except ClientError as error:
                if error_code(error) != _NO_TABLE:
                    raise
                stack = self.environment.names.stack_id("training")
                command = deploy_command(self.environment.name, stack)
                message = (
                    f"The environment {self.environment.name!r} has no table of records ({self.name}), which runs "
                    f"need: its stack {stack} is not deployed. Deploy it: {command}"
                )
                raise RecordsNotFoundError(message) from None


def last_months(now: datetime, days: int) -> Iterator[str]:
    """The months of the last `days` days, the newest first, such as 2026-11."""
    # An id has the time of the client, which may be some minutes ahead.
    latest = now + timedelta(days=1)
    year, month = latest.year, latest.month
    for _ in range(days // 28 + 1):
        yield f"{year}-{month:02}"
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
