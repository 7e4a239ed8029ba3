"""Additional tags and allowed values, as an environment declares them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import DeclarationError, TagRules
from mlinfra._cdk.aws import s3_bucket, security_group
from mlinfra.testing import SynthesisError
from tests.conftest import an_environment, an_experiment

if TYPE_CHECKING:
    from mlinfra.testing import Synth


def problems(declare: Any, **values: Any) -> str:
    with pytest.raises(DeclarationError) as error:
        declare(**values)
    return str(error.value)


def test_additional_tags_are_on_every_resource(synth: Synth) -> None:
    environment = an_environment(tag_rules=TagRules(additional={"DataClass": "internal"}))
    config = synth.constructs(lambda stack: s3_bucket.S3Bucket(stack, "bucket"), environment=environment)
    (tags,) = config.document["provider"]["aws"][0]["default_tags"]
    assert tags["tags"]["DataClass"] == "internal"
    assert tags["tags"]["Team"] == "ml-platform"
    assert "tags" not in config.one("aws_s3_bucket")


def test_a_value_that_is_not_allowed_fails_the_synth(synth: Synth) -> None:
    environment = an_environment(tag_rules=TagRules(allowed_values={"DataClass": ["internal", "public"]}))
    with pytest.raises(SynthesisError, match=r"the tag DataClass has the value 'secret'.*one of internal, public"):
        synth.constructs(
            lambda stack: security_group.SecurityGroup(stack, "group", tags={"DataClass": "secret"}),
            environment=environment,
        )


def test_fields_of_the_environment_have_allowed_values() -> None:
    rules = TagRules(allowed_values={"CostCenter": ["ml-1", "ml-2"], "Team": ["ml-platform"]})
    said = problems(an_environment, tag_rules=rules)
    assert (
        "tag_rules: cost_center='ml-1234' is not an allowed value of the tag CostCenter. Expected: one of ml-1, ml-2."
        in said
    )
    assert "Team" not in said


def test_owners_of_experiments_have_allowed_values() -> None:
    rules = TagRules(allowed_values={"Owner": ["li@example.com"]})
    said = problems(an_environment, tag_rules=rules, experiments=[an_experiment()])
    assert (
        "the owner 'ana@example.com' of the experiment 'two-tower-v2' is not an allowed value of the tag Owner" in said
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"additional": {"Team": "x"}}, "additional: the tag 'Team' is set by mlinfra."),
        ({"additional": {"Owner": "x"}}, "additional: the tag 'Owner' is set by mlinfra."),
        ({"additional": {"aws:x": "x"}}, "'aws:x': AWS reserves tags that begin with aws:."),
        ({"allowed_values": {"Team": []}}, "allowed_values.Team: it has no value"),
        ({"allowed_values": {"Team": ["a", "a"]}}, "'a' is declared twice; values must be unique."),
        (
            {"additional": {"Class": "x"}, "allowed_values": {"Class": ["y"]}},
            "additional.Class: 'x' is not one of its allowed values: y.",
        ),
    ],
)
def test_rules_that_contradict_are_refused(values: dict[str, Any], said: str) -> None:
    assert said in problems(TagRules, **values)
