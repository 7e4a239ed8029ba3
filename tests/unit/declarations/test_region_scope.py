"""The same environment in another region."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlinfra import CapacityReservation, DeclarationError, Environment, Image, Pipeline, load_environments
from mlinfra.catalog.image_lock import ImageLock
from mlinfra.stacks.data import DataStack
from mlinfra.stacks.foundation import FoundationStack
from mlinfra.stacks.serving import ServingStack
from mlinfra.stacks.studio import StudioStack
from mlinfra.stacks.training import TrainingStack
from tests.conftest import ROOT, an_environment, an_experiment, image_lock

if TYPE_CHECKING:
    from mlinfra import MlStack
    from mlinfra.testing import Synth


def test_it_is_the_same_in_all_but_region_and_name() -> None:
    here = an_environment(experiments=[an_experiment()], alert_emails=["ana@example.com"], availability_zones=2)
    there = here.in_region("eu-west-1")
    assert (there.region, there.name) == ("eu-west-1", "dev-eu-west-1")
    assert there.model_dump(exclude={"region", "name"}) == here.model_dump(exclude={"region", "name"})


def test_names_that_the_account_knows_in_all_regions_differ() -> None:
    here = an_environment()
    there = here.in_region("eu-west-1")
    assert there.names.prefix == "recsys-dev-eu-west-1"
    assert there.names.state_bucket == "recsys-dev-eu-west-1-tfstate-111111111111-eu-west-1"
    assert there.names.stack_id("data") == "dev-eu-west-1-data"
    assert there.names.state_key("data") == "recsys/dev-eu-west-1/eu-west-1/data/terraform.tfstate"


def test_it_can_have_another_name_and_differ_in_some_fields() -> None:
    there = an_environment(experiments=[an_experiment()]).in_region("eu-west-1", name="dev-eu", experiments=())
    assert (there.name, there.experiments) == ("dev-eu", ())


def test_in_the_same_account_it_uses_the_identity_provider_that_exists() -> None:
    pipeline = Pipeline(provider="gitlab", project="ml/platform", url="https://gitlab.example.com")
    here = an_environment(pipeline=pipeline)
    there = here.in_region("eu-west-1")
    assert there.pipeline == Pipeline(**{**pipeline.model_dump(), "create_provider": False})
    assert here.pipeline == pipeline
    assert here.in_region("eu-west-1", account_id="222222222222").pipeline == pipeline
    assert here.in_region("eu-west-1", pipeline=None).pipeline is None


def test_images_are_those_that_the_other_region_pins() -> None:
    experiment = an_experiment(gpu="A10G")
    there = an_environment(experiments=[experiment]).in_region("eu-west-1")
    assert there.image(experiment).reference.startswith("ami-")
    unpinned = an_environment(experiments=[experiment]).in_region("eu-west-1", image_lock=ImageLock())
    with pytest.raises(DeclarationError, match="mlinfra images pin"):
        unpinned.image(experiment)


def test_nothing_of_a_stack_names_the_first_region(synth: Synth) -> None:
    there = an_environment().in_region("eu-west-1")
    assert "us-east-1" not in str(synth(FoundationStack, environment=there))


@pytest.mark.parametrize("environment", load_environments(ROOT, judged=False), ids=lambda each: each.name)
def test_every_environment_of_this_repository_can_be_in_another_region(environment: Environment) -> None:
    assert environment.in_region("eu-west-1").region == "eu-west-1"


@pytest.mark.parametrize("stack", [FoundationStack, DataStack, TrainingStack, StudioStack, ServingStack])
def test_every_resource_has_the_same_address_there(synth: Synth, stack: type[MlStack]) -> None:
    (here,) = load_environments(ROOT, only="dev", judged=False)
    here = here.model_copy(update={"image_lock": image_lock()})
    both = [here, here.in_region("eu-west-1")]
    first, second = (synth(stack, environment=each).addresses for each in both)
    of_the_account = {each for each in first if each.startswith("aws_iam_openid_connect_provider.")}
    assert set(first) - of_the_account == set(second)
    assert second


def test_the_same_region_is_refused() -> None:
    with pytest.raises(
        DeclarationError, match=r"region: the environment is already in us-east-1\. Expected: another region\."
    ):
        an_environment().in_region("us-east-1")


def test_an_unknown_region_is_refused() -> None:
    with pytest.raises(DeclarationError, match="'eu-west-9' is not an AWS region"):
        an_environment().in_region("eu-west-9", name="there")


def test_everything_that_exists_in_one_region_alone_is_named() -> None:
    here = an_environment(
        images={"v100": Image(reference="ami-0123456789abcdef0")},
        experiments=[
            an_experiment(gpu="A10G", purchase=CapacityReservation(reservation_id="cr-0123456789abcdef0")),
            an_experiment(name="other", gpu="A10G", variables={"LAKE": "s3://somewhere-us-east-1/"}),
        ],
    )
    with pytest.raises(DeclarationError) as refused:
        here.in_region("eu-west-1")
    assert str(refused.value) == (
        "environment 'dev' in eu-west-1: 3 problems\n"
        "  - images.v100.reference: 'ami-0123456789abcdef0' exists only in us-east-1. Expected: images=... for "
        "eu-west-1, as an argument of in_region.\n"
        "  - experiments.two-tower-v2.purchase.reservation_id: 'cr-0123456789abcdef0' exists only in us-east-1. "
        "Expected: experiments=... for eu-west-1, as an argument of in_region.\n"
        "  - experiments.other.variables.LAKE: 's3://somewhere-us-east-1/' exists only in us-east-1. Expected: "
        "experiments=... for eu-west-1, as an argument of in_region."
    )


def test_replaced_fields_are_not_required_again() -> None:
    here = an_environment(images={"v100": Image(reference="ami-0123456789abcdef0")})
    there = here.in_region("eu-west-1", images={"v100": Image(reference="ami-0fedcba9876543210")})
    assert there.images["v100"].reference == "ami-0fedcba9876543210"


def test_buckets_have_names_of_their_own_there() -> None:
    here = an_environment(bucket_names={"raw": "legacy-clicks"})
    assert here.in_region("eu-west-1").names.bucket("raw") == "recsys-dev-eu-west-1-raw-111111111111-eu-west-1"
