"""The environment that a resource belongs to."""

from __future__ import annotations

import pytest

from mlinfra.functions.contract import Variable
from mlinfra.functions.ownership import is_of_environment
from mlinfra.functions.settings import Settings

VARIABLES = {Variable.TABLE: "table", Variable.GRACE_DAYS: "3"}
DEV = VARIABLES | {Variable.PREFIX: "recsys-dev-", Variable.ENVIRONMENT: "dev"}


def handled(variables: dict[str, str], **tags: str) -> bool:
    return is_of_environment(tags, Settings.read(dry_run_by_default=False, variables=variables))


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"Environment": "dev", "Project": "recsys"}, True),
        ({"Environment": "dev"}, True),
        ({"Environment": "staging", "Project": "recsys"}, False),
        ({"Environment": "dev", "Project": "ads"}, False),
        ({}, True),
    ],
)
def test_the_tags_decide_and_without_them_every_environment_handles_it(tags: dict[str, str], *, expected: bool) -> None:
    assert handled(DEV, **tags) is expected


def test_functions_that_do_not_know_their_environment_handle_no_tagged_resource() -> None:
    assert not handled(VARIABLES, Environment="dev")
    assert handled(VARIABLES)
