"""Role of the containers of a queue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlinfra.constructs.training.task_role import task_role
from tests.conftest import only

if TYPE_CHECKING:
    from collections.abc import Callable


def test_only_tasks_of_the_account_assume_it(synthesize: Callable[..., dict[str, Any]]) -> None:
    config = synthesize(
        lambda stack: task_role(stack, "role", environment=stack.environment, name="recsys-dev-x", tags={"Job": "x"})
    )
    role = only(config, "aws_iam_role")
    (trust,) = json.loads(role["assume_role_policy"])["Statement"]
    assert trust["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "111111111111"}}
    assert (role["name"], role["tags"]) == ("recsys-dev-x", {"Job": "x"})
