"""`mlinfra up`: rounds in the order of dependencies, with the real review, real Terraform and a local AWS."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import boto3
import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.deploy import ReviewHeldError
from mlinfra.operations.terraform.progress import Quiet
from mlinfra.operations.up import Conversation, Deployed, up
from tests.conftest import TODAY
from tests.deploy.planned import MAIN, Project

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlinfra.operations.review import Report

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("up")]

HANDED_OVER = """
            if name == "second":
                stack.add_override("data.aws_ssm_parameter.first", {"name": "/test/first"})
                value = "after ${nonsensitive(data.aws_ssm_parameter.first.value)}"
                stack.add_dependency(first)
"""


@dataclass
class Person:
    """Answers the questions, and keeps them."""

    answers: list[bool] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)

    def conversation(self) -> Conversation:
        return Conversation(Quiet(), self.confirm, self.reports.append, self.begin)

    def confirm(self, question: str) -> bool:
        self.questions.append(question)
        return self.answers.pop(0) if self.answers else True

    def begin(self, folders: Sequence[Path]) -> None:
        self.begun += [each.name for each in folders]


@pytest.fixture(scope="module")
def made(project: Path, deployable: Path) -> Project:
    """A project whose stack `second` reads a value of `first`. Nothing of it is deployed."""
    del deployable
    made = Project(project)
    anchor = "            ssm_parameter.SsmParameter("
    text = MAIN.replace(anchor, f"{HANDED_OVER}{anchor}").replace(
        'if name == "first":', 'if name == "first":\n                first = stack'
    )
    (made.root / "main.py").write_text(text)
    made.commit("Hand a value over")
    return made


def deployed(project: Project, person: Person, *stacks: str, allow_dirty: bool = False) -> Deployed:
    return up("local", project.root, person.conversation(), today=TODAY, stacks=stacks, allow_dirty=allow_dirty)


def value_of(stack: str) -> str:
    return str(boto3.client("ssm").get_parameter(Name=f"/test/{stack}")["Parameter"]["Value"])


def test_an_environment_is_deployed_from_nothing_in_rounds(made: Project) -> None:
    person = Person(answers=[False])
    assert deployed(made, person) == Deployed((), (), ("local-*",))
    assert person.questions == ["The state bucket of local does not exist. Create it, with its key and lock table?"]

    person = Person(answers=[True, True, False])
    result = deployed(made, person)
    assert person.questions[1:] == [
        "Apply local-first? 1 more are planned afterwards.",
        "Apply local-second?",
    ]
    assert ([each.stack for each in result.applied], result.declined) == (["local-first"], ("local-second",))

    person = Person()
    result = deployed(made, person)
    assert person.questions == ["Apply local-second?"]
    assert (result.unchanged, person.begun) == (("local-state", "local-first"), ["local-second"])
    assert value_of("second") == "after 1"


def test_without_changes_nothing_is_asked(made: Project) -> None:
    person = Person()
    result = deployed(made, person)
    assert (result.applied, result.declined, person.questions) == ((), (), [])
    assert result.unchanged == ("local-state", "local-first", "local-second")


def test_a_dependent_stack_is_planned_with_the_value_that_was_applied_before(made: Project) -> None:
    made.change("first", "2")
    person = Person()
    deployed(made, person)
    assert person.questions == ["Apply local-first? 1 more are planned afterwards.", "Apply local-second?"]
    assert value_of("second") == "after 2"
    assert [[stack.stack for stack in each.stacks] for each in person.reports] == [["local-first"], ["local-second"]]


def test_a_held_finding_stops_before_the_question_and_after_earlier_rounds(made: Project) -> None:
    good = (made.root / "main.py").read_text()
    policy = """
                stack.add_override("resource.aws_sns_topic.t", {"name": "t"})
                stack.add_override("resource.aws_sns_topic_policy.t", {
                    "arn": "${aws_sns_topic.t.arn}",
                    "policy": '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", '
                    '"Action": "sns:Publish", "Resource": "*"}]}',
                })
"""
    (made.root / "main.py").write_text(good.replace(HANDED_OVER, HANDED_OVER.rstrip() + policy))
    made.change("first", "3")
    person = Person()
    with pytest.raises(ReviewHeldError) as held:
        deployed(made, person)
    assert person.questions == ["Apply local-first? 1 more are planned afterwards."]
    assert "aws_sns_topic_policy.t: " in held.value.details
    assert value_of("first") == "3"
    assert value_of("second") == "after 2"
    (made.root / "main.py").write_text(good)
    made.change("first", "3")
    deployed(made, Person())
    assert value_of("second") == "after 3"


def test_a_stack_that_cannot_be_planned_stops_with_its_error(made: Project) -> None:
    good = (made.root / "main.py").read_text()
    (made.root / "main.py").write_text(good.replace('"/test/first"}', '"/test/nowhere"}'))
    made.change("first", "4")
    with pytest.raises(OperationError) as refused:
        deployed(made, Person())
    assert refused.value.message == "Not planned: local-second. Applied before: local-first."
    assert "/test/nowhere" in refused.value.details
    (made.root / "main.py").write_text(good)
    made.change("first", "4")


def test_a_stack_of_another_environment_is_refused_before_anything_is_planned(made: Project) -> None:
    with pytest.raises(OperationError) as refused:
        deployed(made, Person(), "local-first", "prod-data")
    assert refused.value.message == (
        "'prod-data' is not of the environment 'local', the only one that this command deploys. Nothing was planned. "
        "Expected: stacks or patterns such as 'local-*'."
    )


def test_uncommitted_changes_are_refused_before_anything_is_planned(made: Project) -> None:
    made.set_value("first", "5")
    person = Person()
    with pytest.raises(OperationError, match=r"The checkout has uncommitted changes \(main\.py\)"):
        deployed(made, person)
    result = deployed(made, person, "local-first", allow_dirty=True)
    assert [(each.stack, each.dirty) for each in result.applied] == [("local-first", True)]


def test_stacks_of_an_environment_with_a_longer_name_are_not_selected(made: Project) -> None:
    """`local-*` matches the stacks of `local-eu-west-1` too, which has a state bucket of its own."""
    declaration = "from environments.local import local\n\nthere = local.in_region('eu-west-1', experiments=())\n"
    (made.root / "environments" / "local-eu-west-1.py").write_text(declaration)
    made.change("first", "6")
    boto3.client("s3", region_name="eu-west-1").create_bucket(
        Bucket="recsys-local-eu-west-1-tfstate-123456789012-eu-west-1",
        CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
    )
    result = deployed(made, Person())
    assert [each.stack for each in result.applied] == ["local-first", "local-second"]
    assert result.unchanged == ("local-state",)
    with pytest.raises(OperationError, match=r"No stack matches 'local-eu-west-1-first'\. Expected: one of local-"):
        deployed(made, Person(), "local-eu-west-1-first")
