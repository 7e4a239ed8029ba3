"""Declarations of environments, and errors of invalid ones."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from mlinfra import DeclarationError, Environment, Experiment, Image
from mlinfra.catalog.image_lock import ImageLock
from mlinfra.declarations.base import judging
from tests.conftest import TODAY, an_environment, an_experiment


def refusal(**changes: Any) -> str:
    with pytest.raises(DeclarationError) as refused:
        an_environment(**changes)
    return str(refused.value)


def judged(*experiments: Experiment, **changes: Any) -> str:
    with judging(TODAY) as judgement:
        an_environment(experiments=experiments, **changes)
    return "\n".join(str(error) for error in judgement.errors)


def test_a_name_with_wrong_characters_is_refused() -> None:
    message = refusal(name="Dev_1")
    assert "name: 'Dev_1'" in message
    assert "2 to 24 lower-case letters, digits and single hyphens" in message


@pytest.mark.parametrize("name", ["-dev", "dev-", "d--v", "1dev", "d", "d" * 25])
def test_a_name_that_aws_or_terraform_rejects_is_refused(name: str) -> None:
    assert f"name: {name!r}" in refusal(name=name)


def test_names_that_make_a_bucket_name_over_the_limit_are_refused() -> None:
    message = refusal(project="recommendation-engines", region="ap-southeast-1")
    assert "'recommendation-engines' and 'dev' are too long together" in message
    assert "66 characters" in message
    assert "shorten them by 3" in message


def test_the_longest_names_that_are_accepted_make_bucket_names_within_the_limit() -> None:
    environment = an_environment(project="recommendation-engi", region="ap-southeast-1")
    assert len(environment.names.bucket("access-logs")) == 63


def test_an_account_of_13_digits_is_refused() -> None:
    message = refusal(account_id="1111111111111")
    assert "account_id: '1111111111111'" in message
    assert "exactly 12 digits" in message


def test_an_unknown_region_is_refused() -> None:
    message = refusal(region="us-esat-1")
    assert "region: 'us-esat-1' is not an AWS region" in message
    assert "us-east-1" in message


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1"])
def test_a_region_of_another_partition_is_refused(region: str) -> None:
    assert f"region: {region!r} is not an AWS region" in refusal(region=region)


def test_an_experiment_without_owner_is_refused() -> None:
    with pytest.raises(DeclarationError, match="owner: missing"):
        Experiment(name="two-tower-v2", expires=date(2026, 12, 18))  # type: ignore[call-arg]


def test_an_owner_without_a_valid_address_is_refused() -> None:
    with pytest.raises(DeclarationError, match="owner: 'ana'"):
        an_experiment(owner="ana")


def test_an_expired_experiment_is_accepted() -> None:
    assert judged(an_experiment(expires=date(2026, 11, 23))) == ""


def test_an_expiry_too_far_away_is_refused() -> None:
    message = judged(an_experiment(expires=date(2026, 12, 25)))
    assert "'2026-12-25' is more than max_experiment_days (30) away" in message
    assert "Expected: 2026-11-24 to 2026-12-24." in message


def test_an_expiry_is_compared_only_with_a_given_day() -> None:
    assert an_environment(experiments=[an_experiment(expires=date(2099, 1, 1))]).today is None


def test_the_longest_time_until_an_expiry_has_a_limit() -> None:
    assert "max_experiment_days: 1000000000: input should be less than or equal to 3650" in refusal(
        max_experiment_days=10**9
    )


def test_two_experiments_of_one_name_are_refused() -> None:
    message = refusal(experiments=[an_experiment(), an_experiment(owner="li@example.com")])
    assert "experiments: 'two-tower-v2' is declared twice; names must be unique." in message


def test_an_unknown_size_is_refused_with_the_known_ones() -> None:
    message = refusal(experiments=[an_experiment(size="gigantic")])
    assert "experiments.two-tower-v2.size: 'gigantic' is not offered here" in message
    assert "small (p3.2xlarge), medium (p3.8xlarge), large (p3.16xlarge)" in message


def test_a_size_that_is_not_an_instance_type_is_refused_with_its_family() -> None:
    message = refusal(sizes={"small": "g4dn.huge"})
    assert "sizes.small: 'g4dn.huge' is not an accelerator instance type" in message
    assert "g4dn.xlarge" in message


def test_more_nodes_than_the_environment_allows_are_refused() -> None:
    message = refusal(max_nodes=2, experiments=[an_experiment(nodes=3)])
    assert "experiments.two-tower-v2.nodes: 3 is more than max_nodes. Expected: 1 to 2" in message


def test_an_accelerator_without_a_known_image_needs_one_in_the_environment() -> None:
    sizes, experiments = {"small": "g4ad.xlarge"}, [an_experiment()]
    message = refusal(sizes=sizes, experiments=experiments)
    assert "its nodes are g4ad.xlarge, and the catalog has no image for radeon-pro-v520. Expected: images=" in message
    image = Image(reference="ami-0123456789abcdef0")
    environment = an_environment(sizes=sizes, experiments=experiments, images={"radeon-pro-v520": image})
    assert environment.image(environment.experiments[0]).reference == image.reference


@pytest.mark.parametrize("instance_type", ["trn1.2xlarge", "trn2.48xlarge", "inf2.xlarge"])
def test_neuron_nodes_boot_from_the_pinned_neuron_image(instance_type: str) -> None:
    environment = an_environment(sizes={"small": instance_type}, experiments=[an_experiment()])
    image = environment.image(environment.experiments[0])
    assert image.reference.startswith("ami-")
    assert (image.driver, image.cuda) == (None, ())


def test_a_node_boots_from_what_the_lock_pins() -> None:
    image = an_environment(sizes={"small": "g5.xlarge"}).image(an_experiment())
    assert (image.reference, image.driver, image.cuda) == ("ami-00000000000000000", "595.91.07", ("13.2", "12.8"))


def test_an_unpinned_image_is_reported_with_the_command() -> None:
    environment = an_environment(image_lock=ImageLock())
    with pytest.raises(
        DeclarationError, match=r"'proprietary-driver' .* is pinned for us-east-1 of AWS\. Run `.*images pin"
    ):
        environment.image(an_experiment())


def test_a_cuda_version_that_the_pinned_image_lacks_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"cuda: '11\.8' is not in the pinned image .* one of 13\.2, 12\.8;"):
        an_environment().image(an_experiment(cuda="11.8"))
    assert an_environment().image(an_experiment(cuda="12.8")).cuda == ("13.2", "12.8")


def test_an_image_for_no_accelerator_is_refused() -> None:
    message = refusal(images={"v1000": Image(reference="ami-0123456789abcdef0")})
    assert "images: 'v1000' is not an accelerator of the catalog" in message


def test_an_invalid_image_reference_is_refused() -> None:
    with pytest.raises(DeclarationError, match="reference: 'ubuntu'"):
        Image(reference="ubuntu")


def test_an_experiment_name_that_makes_a_role_name_over_the_limit_is_refused() -> None:
    message = refusal(project="recommendation-engine", experiments=[an_experiment(name="x" * 40)])
    assert "is too long here: it gives the role name" in message
    assert "shorten it by" in message


@pytest.mark.parametrize("cidr", ["10.0.0.0/24", "8.8.0.0/16", "10.0.0.1/16", "somewhere"])
def test_a_network_that_does_not_fit_is_refused(cidr: str) -> None:
    message = refusal(network_cidr=cidr)
    assert f"network_cidr: {cidr!r}" in message
    assert "such as 10.0.0.0/16" in message


def test_a_misspelt_field_is_refused_with_the_nearest_one() -> None:
    assert "nat_gatways: there is no such field (given 'none'). Did you mean 'nat_gateways'?" in refusal(
        nat_gatways="none"
    )


def test_all_problems_of_an_environment_and_its_experiments_are_reported_at_once() -> None:
    with judging(TODAY) as judgement:
        Environment(  # type: ignore[call-arg]
            name="Dev",
            project="recsys",
            account_id="1111111111111",
            region="us-esat-1",
            team="ml-platform",
            cost_center="ml-1234",
            monthly_spend_limit_usd=0,
            experiments=[
                Experiment(name="a b", size="tiny", expires=date(2026, 11, 1)),  # type: ignore[call-arg]
                an_experiment(nodes=9),
                an_experiment(expires=date(2030, 1, 1)),
            ],
        )
    said = "\n".join(str(error) for error in judgement.errors)
    for problem in (
        "name: 'Dev'",
        "account_id: '1111111111111'",
        "region: 'us-esat-1'",
        "repository: missing",
        "monthly_spend_limit_usd: 0",
        "name: 'a b'",
        "owner: missing",
        "experiments.a b.size: 'tiny'",
        "'two-tower-v2' is declared twice",
        "experiments.two-tower-v2.nodes: 9",
        "experiments.two-tower-v2.expires: '2030-01-01'",
    ):
        assert problem in said


def test_declarations_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        an_environment().region = "eu-west-1"


def test_every_field_is_described() -> None:
    for model in (Environment, Experiment, Image):
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"


def test_every_field_with_a_default_says_it() -> None:
    for model in (Environment, Experiment, Image):
        for name, field in model.model_fields.items():
            if not field.is_required():
                assert "Default: " in (field.description or ""), f"{model.__name__}.{name}"


def test_names_that_other_programs_compute_are_stable() -> None:
    environment = an_environment()
    assert environment.names.state_bucket == "recsys-dev-tfstate-111111111111-us-east-1"
    assert environment.names.state_key("training") == "recsys/dev/us-east-1/training/terraform.tfstate"
    assert environment.names.parameter("foundation", "vpc-id") == "/mlinfra/recsys/dev/foundation/vpc-id"
    assert environment.names.stack_id("training") == "dev-training"


def test_an_experiment_is_found_by_name() -> None:
    environment = an_environment(experiments=[an_experiment()])
    assert environment.experiment("two-tower-v2").owner == "ana@example.com"
    with pytest.raises(KeyError, match="no experiment 'ranker'; it has: two-tower-v2"):
        environment.experiment("ranker")
