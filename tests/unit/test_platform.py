"""Values that a stack hands to other stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra import FeatureGroup, MlStack, Platform, RegisteredModel, Tracking
from mlinfra._cdk import TerraformOutput
from mlinfra.platform import hand_over
from tests.conftest import an_environment

if TYPE_CHECKING:
    from mlinfra.testing import Synth


def test_a_value_is_written_where_the_other_stacks_look_for_it(synth: Synth) -> None:
    config = synth.constructs(lambda stack: hand_over(stack, {"vpc-id": "vpc-1", "subnet-ids": ["a", "b"]}))
    written = {each["name"]: each for each in config.resources("aws_ssm_parameter").values()}
    assert written["/mlinfra/recsys/dev/test/vpc-id"]["type"] == "String"
    assert written["/mlinfra/recsys/dev/test/vpc-id"]["value"] == "vpc-1"
    assert written["/mlinfra/recsys/dev/test/subnet-ids"]["type"] == "StringList"
    assert written["/mlinfra/recsys/dev/test/subnet-ids"]["value"] == '${join(",", ["a", "b"])}'


def test_only_what_is_asked_for_is_looked_up(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        TerraformOutput(stack, "vpc", value=Platform.lookup(stack).vpc_id)

    config = synth.constructs(build)
    (parameter,) = config.resources("aws_ssm_parameter", kind="data").values()
    assert parameter["name"] == "/mlinfra/recsys/dev/foundation/vpc-id"


def test_a_value_asked_for_twice_is_looked_up_once(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        platform = Platform.lookup(stack)
        for name in ("one", "two"):
            TerraformOutput(stack, name, value=platform.compute_key_arn)
        assert platform.data_lake is platform.data_lake

    config = synth.constructs(build)
    names = sorted(each["name"] for each in config.resources("aws_ssm_parameter", kind="data").values())
    assert names == ["/mlinfra/recsys/dev/data/data-lake-key-arn", "/mlinfra/recsys/dev/foundation/compute-key-arn"]


def test_names_that_can_be_computed_are_not_looked_up(synth: Synth) -> None:
    environment = an_environment(
        image_repositories=["two-tower"],
        models=[RegisteredModel(name="ranker", owner="ana@example.com", description="The order.")],
        feature_groups=[
            FeatureGroup(
                name="clicks",
                owner="li@example.com",
                features={"item": "String", "at": "String"},
                record_identifier="item",
                event_time="at",
            )
        ],
        tracking=Tracking(),
    )
    found: list[str] = []

    def build(stack: MlStack) -> None:
        platform = Platform.lookup(stack)
        found.append(platform.model_registry.group_name("ranker"))
        found.append(platform.image_repository("two-tower").name)
        assert platform.model_registry is platform.model_registry
        assert platform.image_repository("two-tower") is platform.image_repository("two-tower")
        assert platform.feature_store is platform.feature_store
        assert platform.experiment_tracking is platform.experiment_tracking
        found.append(platform.feature_store.group_name("clicks"))
        found.append(platform.experiment_tracking.name)

    config = synth.constructs(build, environment=environment)
    assert found == ["recsys-dev-ranker", "recsys-dev/two-tower", "recsys-dev-clicks", "recsys-dev-tracking"]
    # Only the lake's key cannot be computed.
    (parameter,) = config.resources("aws_ssm_parameter", kind="data").values()
    assert parameter["name"] == "/mlinfra/recsys/dev/data/data-lake-key-arn"
