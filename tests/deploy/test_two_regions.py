"""One environment in two regions: both applied, and compared. Real Terraform, real AWS provider, local AWS."""

from __future__ import annotations

import base64
import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.declarations.loading import load_environments
from mlinfra.operations.images import pin_images
from mlinfra.operations.terraform.progress import Quiet
from mlinfra.operations.terraform.project import synthesize
from mlinfra.operations.terraform.terraform import Terraform
from tests.conftest import TODAY

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.declarations.environment import Environment

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("two-regions")]

THERE = "local-eu-west-1"
DECLARATION = """
from environments.local import local

local_eu_west_1 = local.in_region("eu-west-1")
"""

_GIVEN_OUT = re.compile(
    r"\b(?:ami|eni|igw|lt|nat|rtb|sg|sgr|subnet|vpc|vpce)-[0-9a-f]{8,17}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
)
"""Ids that AWS gives out, which are others in every region, and in every account."""


_USER_DATA = re.compile(r'"user_data": "([^"]+)"')


@dataclass(frozen=True)
class Applied:
    """An environment that was applied."""

    planned: dict[str, Any]
    """What was to be made, by stack and address: the values that were known before."""
    made: dict[str, Any]
    """What was made, by stack and address."""
    again: list[str]
    """The stacks in which a second plan finds something to do."""
    written: str
    """Everything that was synthesized."""


def declared(root: Path, name: str) -> Environment:
    (environment,) = load_environments(root, only=name, today=TODAY)
    return environment


def applied(root: Path, executable: Path, environment: Environment) -> Applied:
    planned: dict[str, Any] = {}
    made: dict[str, Any] = {}
    again: list[str] = []
    written: list[str] = []
    for stack in synthesize(root, root / f"cdktf.out-{environment.name}", environment=environment.name):
        component = stack.name.removeprefix(f"{environment.name}-")
        written.append((stack.directory / "cdk.tf.json").read_text())
        # The state's own stack is bootstrapped elsewhere; what state lies in makes no difference to what is made.
        (stack.directory / "backend_override.tf.json").write_text('{"terraform": {"backend": {"local": {}}}}')
        terraform = Terraform(stack.directory, executable)
        terraform.init()
        plan = stack.directory / "test.plan"
        terraform.plan(plan)
        for each in terraform.show(plan)["resource_changes"]:
            if each["mode"] == "managed":
                planned[f"{component}/{each['address']}"] = each["change"]["after"]
        if component == "state":
            continue  # test_bootstrap.py applies it, and it takes a minute
        terraform.apply(plan)
        for each in terraform.show_state()["values"]["root_module"]["resources"]:
            made[f"{component}/{each['address']}"] = each["values"]
        if terraform.plan(plan):
            again.append(component)
    return Applied(planned, made, again, "\n".join(written))


@pytest.fixture(scope="module")
def both(project: Path, deployable: Path) -> dict[str, Applied]:
    """The environment `local`, and the same in eu-west-1."""
    (project / "environments" / f"{THERE}.py").write_text(DECLARATION)
    pin_images([declared(project, THERE)], project, Quiet())
    environments = [declared(project, name) for name in ("local", THERE)]
    with ThreadPoolExecutor() as threads:
        results = threads.map(lambda each: applied(project, deployable, each), environments)
        return dict(zip(("local", THERE), results, strict=True))


def _decoded(user_data: re.Match[str]) -> str:
    return f'"user_data": {json.dumps(base64.b64decode(user_data[1]).decode())}'


def comparable(values: object) -> Any:
    """Without what must differ: region and name, zones, and ids that AWS gives out."""
    text = _USER_DATA.sub(_decoded, json.dumps(values, sort_keys=True))
    text = text.replace(THERE, "local").replace("eu-west-1", "us-east-1")
    return json.loads(_GIVEN_OUT.sub("ID", text))


def test_both_have_the_same_resources_at_the_same_addresses(both: dict[str, Applied]) -> None:
    assert both["local"].made.keys() == both[THERE].made.keys()
    assert len(both["local"].made) > 100


def test_each_is_planned_with_the_same_values_but_for_name_and_region(both: dict[str, Applied]) -> None:
    here, there = (comparable(both[name].planned) for name in ("local", THERE))
    differing = {address: (here[address], there[address]) for address in here if here[address] != there[address]}
    assert differing == {}


def test_nothing_of_either_says_the_region_of_the_other(both: dict[str, Applied]) -> None:
    assert "us-east-1" not in both[THERE].written
    assert "us-east-1" not in json.dumps(both[THERE].made)
    assert "eu-west-1" not in json.dumps(both["local"].made)


def test_a_second_plan_finds_nothing_to_do_in_either(both: dict[str, Applied]) -> None:
    assert (both["local"].again, both[THERE].again) == ([], [])
