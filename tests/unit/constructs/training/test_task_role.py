"""Role of the containers of a queue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mlinfra.constructs.training.task_role import task_role

if TYPE_CHECKING:
    from mlinfra.testing import Synth


def test_only_tasks_of_the_account_assume_it(synth: Synth) -> None:
    config = synth.constructs(
        lambda stack: task_role(stack, "role", environment=stack.environment, name="recsys-dev-x", tags={"Job": "x"})
    )
    role = config.one("aws_iam_role")
    (trust,) = json.loads(role["assume_role_policy"])["Statement"]
    assert trust["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "111111111111"}}
    assert (role["name"], role["tags"]) == ("recsys-dev-x", {"Job": "x"})
