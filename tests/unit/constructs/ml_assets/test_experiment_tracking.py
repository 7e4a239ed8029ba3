"""Settings of a tracking server, and write access to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import Tracking
from mlinfra.constructs.data_lake.lake import DataLakeAccess
from mlinfra.constructs.ml_assets.experiment_tracking import ExperimentTracking, ExperimentTrackingAccess
from mlinfra.errors import DeclarationError
from tests.conftest import an_environment, only
from tests.unit.constructs.grantee import Grantee

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra import MlStack

    Synthesize = Callable[..., dict[str, Any]]

KEY = "arn:aws:kms:us-east-1:111111111111:key/1"
BUCKET = "recsys-dev-models-111111111111-us-east-1"
SERVER = "aws_sagemaker_mlflow_tracking_server"
ARN = "arn:aws:sagemaker:us-east-1:111111111111:mlflow-tracking-server/recsys-dev-tracking"


def made(
    synthesize: Synthesize,
    tracking: Tracking | None = None,
    zones: tuple[str, ...] = ("models",),
    **changes: Any,
) -> dict[str, Any]:
    environment = an_environment(tracking=tracking or Tracking(), **changes)

    def build(stack: MlStack) -> None:
        lake = DataLakeAccess(stack, "lake", key_arn=KEY, zones=zones)
        ExperimentTracking(stack, "tracking", data_lake=lake)

    return synthesize(build, environment=environment, inputs={"zones": zones})


def statements(config: dict[str, Any]) -> dict[str, Any]:
    policy = json.loads(only(config, "aws_iam_role_policy")["policy"])
    return {each["Sid"]: each for each in policy["Statement"]}


def test_artifacts_are_in_the_lake(synthesize: Synthesize) -> None:
    server = only(made(synthesize), SERVER)
    assert server["tracking_server_name"] == "recsys-dev-tracking"
    assert server["artifact_store_uri"] == f"s3://{BUCKET}/mlflow"


def test_the_server_reaches_its_part_of_the_lake_and_no_other(synthesize: Synthesize) -> None:
    policy = statements(made(synthesize))
    assert set(policy) == {"FindBucket", "ListArtifacts", "ReadAndWriteArtifacts", "UseKey"}
    assert policy["ListArtifacts"]["Condition"] == {"StringLikeIfExists": {"s3:prefix": "mlflow/*"}}
    assert policy["FindBucket"]["Action"] == "s3:GetBucketLocation"
    assert policy["FindBucket"]["Resource"] == policy["ListArtifacts"]["Resource"] == f"arn:aws:s3:::{BUCKET}"
    assert policy["ReadAndWriteArtifacts"]["Resource"] == f"arn:aws:s3:::{BUCKET}/mlflow/*"
    assert policy["UseKey"]["Resource"] == KEY


def test_the_server_is_created_after_its_permissions(synthesize: Synthesize) -> None:
    config = made(synthesize)
    (policy,) = config["resource"]["aws_iam_role_policy"]
    assert only(config, SERVER)["depends_on"] == [f"aws_iam_role_policy.{policy}"]


def test_the_server_has_the_declared_settings(synthesize: Synthesize) -> None:
    server = only(made(synthesize, Tracking(size="Large", weekly_maintenance="Sat:02:00")), SERVER)
    assert (server["tracking_server_size"], server["weekly_maintenance_window_start"]) == ("Large", "Sat:02:00")
    assert server["automatic_model_registration"] is False


def test_models_are_registered_automatically_only_if_declared(synthesize: Synthesize) -> None:
    policy = statements(made(synthesize, Tracking(automatic_model_registration=True)))
    assert policy["RegisterModels"]["Resource"] == [
        "arn:aws:sagemaker:us-east-1:111111111111:model-package-group/*",
        "arn:aws:sagemaker:us-east-1:111111111111:model-package/*",
    ]


def test_runs_are_kept_where_data_is(synthesize: Synthesize) -> None:
    assert only(made(synthesize), SERVER)["lifecycle"] == {"prevent_destroy": True}
    assert "lifecycle" not in only(made(synthesize, protect_data=False), SERVER)


def test_a_logging_grant_does_not_include_deletion(synthesize: Synthesize) -> None:
    def build(stack: MlStack) -> None:
        lake = DataLakeAccess(stack, "lake", key_arn=KEY)
        ExperimentTrackingAccess(stack, "tracking", data_lake=lake).grant_log(Grantee(stack))

    config = synthesize(build, environment=an_environment(tracking=Tracking()))
    policies = {each["name"]: json.loads(each["policy"]) for each in config["resource"]["aws_iam_role_policy"].values()}
    assert set(policies) == {"tracking-log", "lake-read-write-models-mlflow"}
    (log,) = policies["tracking-log"]["Statement"]
    assert log["Resource"] == ARN
    assert not [each for each in log["Action"] if "Delete" in each or "*" in each]


def test_without_a_declaration_there_is_no_server(synthesize: Synthesize) -> None:
    with pytest.raises(ValueError, match=r"'dev' has tracking=None.*Expected: tracking=Tracking\(\).*by the hour"):
        synthesize(
            lambda stack: ExperimentTracking(stack, "tracking", data_lake=DataLakeAccess(stack, "lake", key_arn=KEY))
        )


def test_a_lake_without_models_is_refused(synthesize: Synthesize) -> None:
    with pytest.raises(ValueError, match="the lake has no zone 'models'"):
        made(synthesize, zones=("raw",))


def test_tracking_is_off_by_default() -> None:
    assert an_environment().tracking is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": "Huge"}, "size: 'Huge': input should be 'Small', 'Medium' or 'Large'"),
        ({"weekly_maintenance": "Sunday 3:30"}, "as day and time of day in UTC, such as Sun:03:30"),
    ],
)
def test_values_that_sagemaker_does_not_offer_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        Tracking(**changes)
