"""Valid feature groups, their resources, and access to them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import FeatureGroup
from mlinfra.constructs.data_lake.lake import DataLakeAccess
from mlinfra.constructs.ml_assets.feature_store import FeatureStore, FeatureStoreAccess
from mlinfra.declarations.base import judging
from mlinfra.errors import DeclarationError
from tests.conftest import an_environment
from tests.unit.constructs.grantee import Grantee

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra import MlStack
    from mlinfra.testing import Synth, Template

KEY = "arn:aws:kms:us-east-1:111111111111:key/1"
BUCKET = "recsys-dev-features-111111111111-us-east-1"
GROUP = "aws_sagemaker_feature_group"


def a_group(**changes: Any) -> FeatureGroup:
    values: dict[str, Any] = {
        "name": "item-clicks",
        "owner": "li@example.com",
        "features": {"item_id": "String", "seen_at": "Fractional", "clicks": "Integral"},
        "record_identifier": "item_id",
        "event_time": "seen_at",
    }
    return FeatureGroup(**(values | changes))


def refusal(**changes: Any) -> str:
    with pytest.raises(DeclarationError) as refused:
        a_group(**changes)
    return str(refused.value)


def made(
    synth: Synth,
    *groups: FeatureGroup,
    then: Callable[[FeatureStore], object] | None = None,
    zones: tuple[str, ...] = ("features",),
    **changes: Any,
) -> Template:
    def build(stack: MlStack) -> None:
        store = FeatureStore(stack, "feature-store", data_lake=DataLakeAccess(stack, "lake", key_arn=KEY, zones=zones))
        if then:
            then(store)

    environment = an_environment(feature_groups=groups, **changes)
    return synth.constructs(build, environment=environment, inputs={"zones": zones, "then": then})


def granted(synth: Synth, *groups: FeatureGroup, grant: Callable[[FeatureStoreAccess, Any], None]) -> dict[str, Any]:
    """The statements of each policy that a grantee gets, by the policy's name and the Sid."""

    def build(stack: MlStack) -> None:
        lake = DataLakeAccess(stack, "lake", key_arn=KEY)
        grant(FeatureStoreAccess(stack, "feature-store", data_lake=lake), Grantee(stack))

    config = synth.constructs(build, environment=an_environment(feature_groups=groups))
    return {
        each["name"]: {statement["Sid"]: statement for statement in json.loads(each["policy"])["Statement"]}
        for each in config.resources("aws_iam_role_policy").values()
    }


class TestDeclaration:
    """`FeatureGroup`."""

    def test_it_is_for_training_only_by_default(self) -> None:
        group = a_group()
        assert (group.offline, group.online) == (True, False)

    @pytest.mark.parametrize("field", ["record_identifier", "event_time"])
    def test_the_record_identifier_must_be_a_feature(self, field: str) -> None:
        message = refusal(**{field: "user_id"})
        assert f"{field}: 'user_id' is not among the features. Expected: one of item_id, seen_at, clicks." in message

    def test_the_event_time_must_be_string_or_fractional(self) -> None:
        assert "event_time: 'clicks' is Integral. Expected: String for ISO-8601, or Fractional" in refusal(
            event_time="clicks"
        )

    def test_record_identifier_and_event_time_must_differ(self) -> None:
        assert "event_time: the same feature as record_identifier" in refusal(event_time="item_id")

    def test_it_needs_a_store(self) -> None:
        assert "offline, online: both are False. Expected: at least one of them." in refusal(offline=False)

    @pytest.mark.parametrize("name", ["is_deleted", "write_time", "api_invocation_time"])
    def test_columns_of_sagemaker_are_refused(self, name: str) -> None:
        features = {"item_id": "String", "seen_at": "String", name: "String"}
        assert f"features: {name!r} is a reserved column of SageMaker" in refusal(features=features)

    @pytest.mark.parametrize("name", ["-clicks", "clicks_", "click rate", "c" * 65, ""])
    def test_a_name_that_sagemaker_does_not_take_is_refused(self, name: str) -> None:
        features = {"item_id": "String", "seen_at": "String", name: "String"}
        assert "Names have up to 64 letters, digits, hyphens and underscores" in refusal(features=features)

    def test_a_type_that_sagemaker_does_not_have_is_refused(self) -> None:
        features = {"item_id": "String", "seen_at": "Timestamp"}
        assert "features.seen_at: 'Timestamp': input should be 'String', 'Fractional' or 'Integral'" in refusal(
            features=features
        )

    def test_names_in_an_environment_are_unique(self) -> None:
        with pytest.raises(DeclarationError, match="feature_groups: 'item-clicks' is declared twice"):
            an_environment(feature_groups=[a_group(), a_group()])

    def test_a_name_that_gets_too_long_with_the_environments_is_refused(self) -> None:
        with pytest.raises(DeclarationError, match=r"feature group name 'p+-dev-g+', 68 characters.*shorten it by 4"):
            an_environment(project="p" * 24, feature_groups=[a_group(name="g" * 39)])

    def test_a_refused_group_does_not_hide_what_else_is_wrong(self) -> None:
        with judging(None) as judgement:
            an_environment(feature_groups=[a_group(name=None)], project="X")
        assert [error.subject for error in judgement.errors] == ["featuregroup None", "environment 'dev'"]


def test_features_keep_their_order(synth: Synth) -> None:
    group = made(synth, a_group()).one(GROUP)
    assert group["feature_group_name"] == "recsys-dev-item-clicks"
    assert group["feature_definition"] == [
        {"feature_name": "item_id", "feature_type": "String"},
        {"feature_name": "seen_at", "feature_type": "Fractional"},
        {"feature_name": "clicks", "feature_type": "Integral"},
    ]
    assert group["tags"] == {"Owner": "li@example.com"}


def test_records_lie_in_the_lake_under_its_key(synth: Synth) -> None:
    group = made(synth, a_group()).one(GROUP)
    assert group["offline_store_config"] == {
        "s3_storage_config": {"kms_key_id": KEY, "s3_uri": f"s3://{BUCKET}/feature-store/item-clicks"}
    }
    assert "online_store_config" not in group


def test_an_online_store_is_encrypted_with_the_key_too(synth: Synth) -> None:
    group = made(synth, a_group(online=True, offline=False)).one(GROUP)
    assert group["online_store_config"] == {"enable_online_store": True, "security_config": {"kms_key_id": KEY}}
    assert "offline_store_config" not in group


def test_sagemaker_writes_to_its_part_of_the_lake_and_no_other(synth: Synth) -> None:
    config = made(synth, a_group())
    policy = json.loads(config.one("aws_iam_role_policy")["policy"])
    statements = {each["Sid"]: each for each in policy["Statement"]}
    assert statements["WriteRecords"]["Resource"] == f"arn:aws:s3:::{BUCKET}/feature-store/*"
    assert statements["ReadBucketAcl"]["Action"] == "s3:GetBucketAcl"
    assert statements["UseKey"]["Resource"] == KEY
    assert not [each for each in statements.values() if each["Resource"] == "*"]


def test_the_group_is_created_after_the_permissions_of_its_role(synth: Synth) -> None:
    config = made(synth, a_group())
    policy = config.address("aws_iam_role_policy")
    assert config.one(GROUP)["depends_on"] == [f"{policy}"]


def test_a_protected_group_is_not_replaced(synth: Synth) -> None:
    assert made(synth, a_group()).one(GROUP)["lifecycle"] == {"prevent_destroy": True}
    assert "lifecycle" not in made(synth, a_group(), protect_data=False).one(GROUP)


def test_a_group_can_be_asked_for_by_name(synth: Synth) -> None:
    names: list[str | None] = []
    made(synth, a_group(), then=lambda store: names.append(store.group("item-clicks").feature_group_name_input))
    assert names == ["recsys-dev-item-clicks"]


def test_a_group_that_is_not_declared_is_refused(synth: Synth) -> None:
    with pytest.raises(ValueError, match=r"has no feature group 'users'. Expected: one of item-clicks"):
        made(synth, a_group(), then=lambda store: store.group("users"))


def test_without_a_declaration_there_is_no_store(synth: Synth) -> None:
    with pytest.raises(ValueError, match=r"'dev' declares no feature_groups. Expected: one or more FeatureGroup"):
        made(synth)


def test_a_lake_without_features_is_refused(synth: Synth) -> None:
    with pytest.raises(ValueError, match="the lake has no zone 'features'"):
        made(synth, a_group(), zones=("raw",))


def test_readers_get_records_online_and_in_the_lake(synth: Synth) -> None:
    groups = (a_group(online=True), a_group(name="users"))
    policies = granted(synth, *groups, grant=lambda store, to: store.grant_read(to, groups=["item-clicks"]))
    assert set(policies) == {"feature-store-read-item-clicks", "lake-read-features-feature-store-item-clicks"}
    online = policies["feature-store-read-item-clicks"]
    assert online["Records"]["Resource"] == (
        "arn:aws:sagemaker:us-east-1:111111111111:feature-group/recsys-dev-item-clicks"
    )
    assert "sagemaker:PutRecord" not in online["Records"]["Action"]
    assert online["Key"]["Condition"] == {"StringEquals": {"kms:ViaService": "sagemaker.us-east-1.amazonaws.com"}}
    offline = policies["lake-read-features-feature-store-item-clicks"]
    assert offline["Objects"]["Resource"] == f"arn:aws:s3:::{BUCKET}/feature-store/item-clicks/*"


def test_writers_put_records_and_need_no_key_where_nothing_is_online(synth: Synth) -> None:
    policies = granted(synth, a_group(), grant=lambda store, to: store.grant_write(to))
    (statements,) = policies.values()
    assert set(statements) == {"Records"}
    assert "sagemaker:PutRecord" in statements["Records"]["Action"]
    assert "sagemaker:GetRecord" not in statements["Records"]["Action"]
