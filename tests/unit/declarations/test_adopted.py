"""Adopted resources: their declaration, their record, and the Terraform configuration for their import."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import Adopted, AdoptedResource, DeclarationError, Forgotten, MlStack
from mlinfra.checks.addresses import vanished
from mlinfra.declarations.adopted import adopted_file, adopted_problems, dump_adopted, load_adopted
from mlinfra.declarations.base import judging
from mlinfra.declarations.forgotten import dump_forgotten, load_forgotten
from mlinfra.declarations.loading import load_environments
from mlinfra.stacks.adopted import AdoptedStack
from mlinfra.testing import SynthesisError
from tests.conftest import TODAY, an_environment

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.testing import Synth

DECLARED = """
from mlinfra import Environment

dev = Environment(
    name="dev", project="recsys", account_id="111111111111", region="us-east-1", team="ml", cost_center="1",
    repository="example.com/ml", monthly_spend_limit_usd=1, protect_data=False,
)
"""


def an_adopted(**changes: Any) -> Adopted:
    values = {
        "type": "aws_s3_bucket",
        "id": "legacy-data",
        "name": "legacy-data",
        "owner": "ana@example.com",
        "since": date(2026, 11, 24),
        "arguments": {"bucket": "legacy-data", "tags": {"owner": "ana"}},
        "ignore_changes": ["force_destroy"],
    } | changes
    return Adopted(**values)


def a_forgotten(**changes: Any) -> Forgotten:
    values = {
        "address": "aws_s3_bucket.legacy-data",
        "stack": "dev-adopted",
        "reason": "The archive team manages it now.",
        "who": "arn:aws:iam::111111111111:user/ana",
        "when": date(2026, 11, 25),
    } | changes
    return Forgotten(**values)


def a_project(root: Path, **records: str) -> Path:
    (root / "environments").mkdir()
    (root / "environments" / "dev.py").write_text(DECLARED)
    for name, text in records.items():
        (root / "environments" / f"dev.{name}.json").write_text(text)
    return root


def test_an_adopted_resource_has_its_arguments_and_an_import_block(synth: Synth) -> None:
    config = synth(AdoptedStack, environment=an_environment(adopted=[an_adopted()]))
    assert config.resources("aws_s3_bucket")["aws_s3_bucket.legacy-data"] == {
        "bucket": "legacy-data",
        "tags": {"owner": "ana"},
        "lifecycle": {"prevent_destroy": True, "ignore_changes": ["force_destroy"]},
    }
    assert config.document["import"] == [{"to": "aws_s3_bucket.legacy-data", "id": "legacy-data"}]


def test_nothing_of_the_environment_is_added_to_it(synth: Synth) -> None:
    config = synth(AdoptedStack, environment=an_environment(adopted=[an_adopted()]))
    (provider,) = config.document["provider"]["aws"]
    assert "default_tags" not in provider
    assert provider["allowed_account_ids"] == ["111111111111"]


def test_several_of_one_name_keep_apart_by_their_type(synth: Synth) -> None:
    role = an_adopted(type="aws_iam_role", id="legacy-data", arguments={"name": "legacy-data"})
    config = synth(AdoptedStack, environment=an_environment(adopted=[an_adopted(), role]))
    assert config.one("aws_s3_bucket")["bucket"] == config.one("aws_iam_role")["name"] == "legacy-data"
    assert len(config.document["import"]) == 2


def test_what_looks_like_an_expression_stays_text(synth: Synth) -> None:
    policy = json.dumps({"Resource": "arn:aws:s3:::a/${aws:username}", "Percent": "%{x}"})
    role = an_adopted(type="aws_iam_role", id="r", name="r", arguments={"assume_role_policy": policy})
    config = synth(AdoptedStack, environment=an_environment(adopted=[role]))
    written = config.one("aws_iam_role")["assume_role_policy"]
    assert written == policy.replace("${", "$${").replace("%{", "%%{")


def test_blocks_keys_and_lists_are_kept_whole(synth: Synth) -> None:
    arguments = {"tag": [{"key": "camelCase", "value": "A.b", "propagate_at_launch": True}], "ingress": []}
    group = an_adopted(type="aws_autoscaling_group", id="g", name="g", arguments=arguments)
    config = synth(AdoptedStack, environment=an_environment(adopted=[group]))
    body = config.one("aws_autoscaling_group")
    assert {name: body[name] for name in arguments} == arguments


def test_where_it_may_be_destroyed_that_is_declared(synth: Synth) -> None:
    environment = an_environment(adopted=[an_adopted(prevent_destroy=False)])
    assert synth(AdoptedStack, environment=environment).one("aws_s3_bucket")["lifecycle"] == {
        "prevent_destroy": False,
        "ignore_changes": ["force_destroy"],
    }


def test_the_construct_says_its_address(synth: Synth) -> None:
    made: list[str] = []
    synth.constructs(lambda stack: made.append(AdoptedResource(stack, "old", adopted=an_adopted()).address))
    assert made == ["aws_s3_bucket.legacy-data"]


def test_the_stack_is_there_where_something_is_adopted_or_let_go_of() -> None:
    assert not AdoptedStack.is_needed(an_environment())
    assert AdoptedStack.is_needed(an_environment(adopted=[an_adopted()]))
    assert AdoptedStack.is_needed(an_environment(forgotten=[a_forgotten()]))
    assert not AdoptedStack.is_needed(an_environment(forgotten=[a_forgotten(stack="dev-data")]))


def test_what_is_forgotten_is_removed_and_not_destroyed(synth: Synth) -> None:
    config = synth(AdoptedStack, environment=an_environment(forgotten=[a_forgotten()]))
    assert config.document["removed"] == [{"from": "aws_s3_bucket.legacy-data", "lifecycle": [{"destroy": False}]}]


def test_forgotten_resources_of_another_stack_have_no_effect(synth: Synth) -> None:
    here = [a_forgotten(stack="dev-test", address=f"aws_sqs_queue.{name}") for name in ("one", "other")]
    config = synth.constructs(lambda _: None, environment=an_environment(forgotten=[a_forgotten(), *here]))
    assert [each["from"] for each in config.document["removed"]] == ["aws_sqs_queue.one", "aws_sqs_queue.other"]


def test_what_is_forgotten_and_still_declared_fails_the_synth(synth: Synth) -> None:
    environment = an_environment(forgotten=[a_forgotten()], adopted=[an_adopted()])
    with pytest.raises(SynthesisError, match="record of forgotten resources and is still declared"):
        synth(AdoptedStack, environment=environment)


def test_an_address_that_is_forgotten_has_not_vanished() -> None:
    config = {"removed": [{"from": "aws_s3_bucket.old"}]}
    assert vanished(["aws_s3_bucket.old", "aws_s3_bucket.older"], config) == ["aws_s3_bucket.older"]


def test_a_name_that_terraform_cannot_have_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"adopted 'Legacy_Data'(.|\n)*Expected: Its name in Terraform"):
        an_adopted(name="Legacy_Data")


def test_a_type_that_cannot_be_adopted_is_refused_with_those_that_can() -> None:
    with pytest.raises(DeclarationError, match=r"type: 'aws_vpc'(.|\n)*aws_iam_role, aws_instance"):
        an_adopted(type="aws_vpc")


def test_two_of_one_address_are_refused() -> None:
    with pytest.raises(
        DeclarationError, match=r"'aws_s3_bucket\.legacy-data' is declared twice; addresses must be unique"
    ):
        an_environment(adopted=[an_adopted(), an_adopted(id="other")])


def test_one_resource_under_two_names_is_refused() -> None:
    with pytest.raises(DeclarationError, match="'aws_s3_bucket legacy-data' is declared twice; resources"):
        an_environment(adopted=[an_adopted(), an_adopted(name="other")])


def test_an_adopted_resource_is_only_in_its_own_region() -> None:
    there = an_environment(adopted=[an_adopted()], forgotten=[a_forgotten()]).in_region("eu-west-1")
    assert there.adopted == there.forgotten == ()


def test_one_of_several_instances_cannot_be_forgotten() -> None:
    with pytest.raises(DeclarationError, match=r"forgotten 'aws_instance.box\[0\]'(.|\n)*takes a whole"):
        a_forgotten(address="aws_instance.box[0]")


def test_forgetting_needs_a_reason() -> None:
    with pytest.raises(DeclarationError, match=r"reason: 'x'(.|\n)*The reason, in a sentence"):
        a_forgotten(reason="x")


def test_forgetting_twice_is_refused() -> None:
    with pytest.raises(DeclarationError, match="of dev-adopted' is declared twice; addresses must be unique"):
        an_environment(forgotten=[a_forgotten(), a_forgotten(reason="Once more, for no reason.")])


def test_records_are_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    one, other = an_adopted(), an_adopted(name="another", id="another")
    text = dump_adopted([one, other])
    assert text == dump_adopted([other, one])
    (tmp_path / "dev.adopted.json").write_text(text)
    assert load_adopted(tmp_path, "dev") == (other, one)
    (tmp_path / "dev.forgotten.json").write_text(dump_forgotten([a_forgotten()]))
    assert load_forgotten(tmp_path, "dev") == (a_forgotten(),)


def test_environments_are_loaded_with_their_records(tmp_path: Path) -> None:
    root = a_project(tmp_path, adopted=dump_adopted([an_adopted()]), forgotten=dump_forgotten([a_forgotten()]))
    (dev,) = load_environments(root, today=TODAY)
    assert dev.adopted == (an_adopted(),)
    assert dev.forgotten == (a_forgotten(),)


def test_records_that_are_proposed_are_read_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = a_project(tmp_path, adopted=dump_adopted([an_adopted()]))
    elsewhere = tmp_path / "proposed"
    elsewhere.mkdir()
    monkeypatch.setenv("MLINFRA_RECORDS", str(elsewhere))
    assert load_environments(root, today=TODAY)[0].adopted == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<<<<<<<", "cannot be read"),
        ("[]", "its version is not 1"),
        ('{"version": 1, "adopted": {}}', "Expected: version, and adopted, a list of objects"),
        ('{"version": 1, "adopted": [{"name": "x"}]}', "type: missing"),
    ],
)
def test_an_invalid_record_is_refused(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(DeclarationError) as refused:
        load_environments(a_project(tmp_path, adopted=text), today=TODAY)
    assert told in str(refused.value)


def test_a_resource_that_is_both_declared_and_recorded_is_refused(tmp_path: Path) -> None:
    (tmp_path / adopted_file("dev")).write_text(dump_adopted([an_adopted()]))
    with judging(records=tmp_path) as judgement:
        an_environment(adopted=[an_adopted()])
    assert "addresses must be unique" in str(judgement.errors)


def test_arguments_that_are_nested_too_deeply_are_refused() -> None:
    deep: Any = "text"
    for _ in range(40):
        deep = [deep]
    with pytest.raises(DeclarationError, match=r"arguments: they are nested too deeply\. Expected: at most 32 levels"):
        an_adopted(arguments={"policy": deep})


def test_tags_of_the_environment_are_still_required_elsewhere(synth: Synth) -> None:
    def fill(stack: MlStack) -> None:
        AdoptedResource(stack, "old", adopted=an_adopted(arguments={"tags": {"Team": ""}}))

    with pytest.raises(SynthesisError, match="its own tags empty Team"):
        synth.constructs(fill)


def test_a_region_that_does_not_exist_is_refused() -> None:
    with pytest.raises(DeclarationError, match="region: 'eu-west-9' is not a region of AWS"):
        an_adopted(region="eu-west-9")


def test_the_same_name_in_two_regions_is_two_resources() -> None:
    here = an_adopted(type="aws_sagemaker_endpoint", id="ranker", name="ranker")
    there = an_adopted(type="aws_sagemaker_endpoint", id="ranker", name="ranker-2", region="eu-west-1")
    assert list(adopted_problems([here, there])) == []
    assert "eu-west-1" in dump_adopted([there])
    assert "region" not in dump_adopted([here])


def test_resources_of_other_regions_have_providers_of_their_own(synth: Synth) -> None:
    here = an_adopted()
    there = an_adopted(id="old-data", name="old-data", region="eu-west-1")
    forgotten = a_forgotten(address="aws_s3_bucket.older-data", region="ap-south-1")
    config = synth(AdoptedStack, environment=an_environment(adopted=[here, there], forgotten=[forgotten]))
    regions = {each.get("alias"): each["region"] for each in config.document["provider"]["aws"]}
    assert regions == {None: "us-east-1", "eu-west-1": "eu-west-1", "ap-south-1": "ap-south-1"}
    assert {tuple(each["allowed_account_ids"]) for each in config.document["provider"]["aws"]} == {("111111111111",)}
    buckets = config.resources("aws_s3_bucket")
    assert buckets["aws_s3_bucket.old-data"]["provider"] == "aws.eu-west-1"
    assert "provider" not in buckets["aws_s3_bucket.legacy-data"]
