"""Plans of stacks in tests, and their assertions. The real Terraform runs in tests/deploy/test_testing_kit.py."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.testing.terraform import StackTerraform, TerraformProgram

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra import MlStack
    from mlinfra.testing import PlannedTemplate, Synth, Template

PROGRAM = """#!/bin/sh
# In place of Terraform: records its commands, plans what `planned.json` contains, and has no state.
echo "$1 $VARIABLE" >>"{folder}/commands"
case $1 in
plan) test ! -e "{folder}/planned.json" || exit 2 ;;
show) cat "{folder}/planned.json" ;;
esac
"""

GROUP = {
    "address": "aws_autoscaling_group.nodes",
    "type": "aws_autoscaling_group",
    "mode": "managed",
    "change": {
        "actions": ["update"],
        "before": {"max_size": 2, "name": "nodes", "tags": None},
        "after": {"max_size": 4, "name": "nodes"},
        "after_unknown": {"tags": True, "name": False},
    },
}
BUCKET = {
    "address": "aws_s3_bucket.raw",
    "type": "aws_s3_bucket",
    "mode": "managed",
    "change": {"actions": ["delete", "create"], "before": {"bucket": "a"}, "after": {"bucket": "b"}},
}
READ = {
    "address": "data.aws_vpc.own",
    "type": "aws_vpc",
    "mode": "data",
    "change": {"actions": ["read"], "before": None, "after": {}},
}
SAME = {**BUCKET, "address": "aws_s3_bucket.same", "change": {"actions": ["no-op"], "before": {}, "after": {}}}


@pytest.fixture
def terraform(tmp_path: Path) -> StackTerraform:
    program = tmp_path / "terraform"
    program.write_text(PROGRAM.format(folder=tmp_path))
    program.chmod(0o700)
    return StackTerraform(TerraformProgram(program, {"VARIABLE": "value"}), tmp_path / "stacks", tmp_path)


@pytest.fixture
def template(synth: Synth) -> Template:
    return synth.constructs(_nothing)


def _nothing(stack: MlStack) -> None:
    del stack


def planned(terraform: StackTerraform, template: Template, **document: Any) -> PlannedTemplate:
    (terraform.project / "planned.json").write_text(json.dumps(document))
    return terraform.plan(template)


def commands(terraform: StackTerraform) -> list[str]:
    return (terraform.project / "commands").read_text().splitlines()


def test_changes_are_listed_by_address_and_by_action(terraform: StackTerraform, template: Template) -> None:
    plan = planned(terraform, template, resource_changes=[GROUP, BUCKET, READ, SAME])
    assert not plan.is_empty
    assert plan.actions() == {"aws_autoscaling_group.nodes": "update", "aws_s3_bucket.raw": "delete/create"}
    assert plan.by_action() == {"update": ["aws_autoscaling_group.nodes"], "delete/create": ["aws_s3_bucket.raw"]}
    assert plan.by_action("type") == {"update": ["aws_autoscaling_group"], "delete/create": ["aws_s3_bucket"]}
    assert json.loads(plan.file.read_text()) == plan.document


def test_an_empty_plan_is_not_read(terraform: StackTerraform, template: Template) -> None:
    plan = terraform.plan(template)
    plan.assert_empty()
    plan.assert_no_destroy()
    assert (plan.is_empty, plan.actions(), plan.by_action()) == (True, {}, {})
    assert commands(terraform) == ["init value", "plan value"]


def test_a_plan_that_is_not_empty_names_resources_attributes_and_outputs(
    terraform: StackTerraform, template: Template
) -> None:
    outputs = {"url": {"actions": ["create"]}, "same": {"actions": ["no-op"]}}
    plan = planned(terraform, template, resource_changes=[GROUP, BUCKET, SAME], output_changes=outputs)
    with pytest.raises(AssertionError) as failed:
        plan.assert_empty()
    assert str(failed.value) == (
        "the plan contains 3 changes: update aws_autoscaling_group.nodes (max_size, tags); "
        "delete/create aws_s3_bucket.raw (bucket); output url"
    )


def test_ten_changes_are_named_and_the_others_counted(terraform: StackTerraform, template: Template) -> None:
    created = {"actions": ["create"], "before": None, "after": {"bucket": "a"}}
    changes = [{**BUCKET, "address": f"aws_s3_bucket.{number:02}", "change": created} for number in range(12)]
    plan = planned(terraform, template, resource_changes=changes)
    with pytest.raises(AssertionError, match=r"contains 12 changes: .*create aws_s3_bucket\.09; and 2 more$"):
        plan.assert_empty()


def test_a_stack_is_initialized_once_until_it_changes(
    terraform: StackTerraform, template: Template, synth: Synth
) -> None:
    terraform.apply(template)
    terraform.plan(template)
    assert commands(terraform) == ["init value", "plan value", "apply value", "plan value"]
    terraform.plan(synth.constructs(_nothing))
    assert commands(terraform)[4:] == ["init value", "plan value"]


def test_a_stack_without_a_lock_file_gets_that_of_the_project(terraform: StackTerraform, template: Template) -> None:
    (template.folder / ".terraform.lock.hcl").unlink(missing_ok=True)
    (terraform.project / ".terraform.lock.hcl").write_text("# of the project")
    folder = terraform.initialized(template).directory
    assert (folder / ".terraform.lock.hcl").read_text() == "# of the project"


def test_the_own_lock_file_of_a_stack_is_kept(terraform: StackTerraform, template: Template) -> None:
    (template.folder / ".terraform.lock.hcl").write_text("# of the stack")
    (terraform.project / ".terraform.lock.hcl").write_text("# of the project")
    folder = terraform.initialized(template).directory
    assert (folder / ".terraform.lock.hcl").read_text() == "# of the stack"
