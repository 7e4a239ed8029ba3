"""Settings of a tracking server, and write access to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import Tracking
from mlinfra.constructs.data_lake.lake import DataLakeAccess
from mlinfra.constructs.ml_assets.experiment_tracking import ExperimentTracking, ExperimentTrackingAccess
from mlinfra.errors import DeclarationError
from tests.conftest import an_environment
from tests.unit.constructs.grantee import Grantee

if TYPE_CHECKING:
    from mlinfra import MlStack
    from mlinfra.testing import Synth, Template

KEY = "arn:aws:kms:us-east-1:111111111111:key/1"
BUCKET = "recsys-dev-models-111111111111-us-east-1"
SERVER = "aws_sagemaker_mlflow_tracking_server"
ARN = "arn:aws:sagemaker:us-east-1:111111111111:mlflow-tracking-server/recsys-dev-tracking"


def made(
    synth: Synth,
    tracking: Tracking | None = None,
    zones: tuple[str, ...] = ("models",),
    **changes: Any,
) -> Template:
    environment = an_environment(tracking=tracking or Tracking(), **changes)

    def build(stack: MlStack) -> None:
        lake = DataLakeAccess(stack, "lake", key_arn=KEY, zones=zones)
        ExperimentTracking(stack, "tracking", data_lake=lake)

    return synth.constructs(build, environment=environment, inputs={"zones": zones})


def statements(config: Template) -> dict[str, Any]:
    policy = json.loads(config.one("aws_iam_role_policy")["policy"])
    return {each["Sid"]: each for each in policy["Statement"]}


def test_artifacts_are_in_the_lake(synth: Synth) -> None:
    server = made(synth).one(SERVER)
    assert server["tracking_server_name"] == "recsys-dev-tracking"
    assert server["artifact_store_uri"] == f"s3://{BUCKET}/mlflow"


def test_the_server_reaches_its_part_of_the_lake_and_no_other(synth: Synth) -> None:
    policy = statements(made(synth))
    assert set(policy) == {"FindBucket", "ListArtifacts", "ReadAndWriteArtifacts", "UseKey"}
    assert policy["ListArtifacts"]["Condition"] == {"StringLikeIfExists": {"s3:prefix": "mlflow/*"}}
    assert policy["FindBucket"]["Action"] == "s3:GetBucketLocation"
    assert policy["FindBucket"]["Resource"] == policy["ListArtifacts"]["Resource"] == f"arn:aws:s3:::{BUCKET}"
    assert policy["ReadAndWriteArtifacts"]["Resource"] == f"arn:aws:s3:::{BUCKET}/mlflow/*"
    assert policy["UseKey"]["Resource"] == KEY


def test_the_server_is_created_after_its_permissions(synth: Synth) -> None:
    config = made(synth)
    policy = config.address("aws_iam_role_policy")
    assert config.one(SERVER)["depends_on"] == [f"{policy}"]


def test_the_server_has_the_declared_settings(synth: Synth) -> None:
    server = made(synth, Tracking(size="Large", weekly_maintenance="Sat:02:00")).one(SERVER)
    assert (server["tracking_server_size"], server["weekly_maintenance_window_start"]) == ("Large", "Sat:02:00")
    assert server["automatic_model_registration"] is False


def test_models_are_registered_automatically_only_if_declared(synth: Synth) -> None:
    policy = statements(made(synth, Tracking(automatic_model_registration=True)))
    assert policy["RegisterModels"]["Resource"] == [
        "arn:aws:sagemaker:us-east-1:111111111111:model-package-group/*",
        "arn:aws:sagemaker:us-east-1:111111111111:model-package/*",
    ]


def test_runs_are_kept_where_data_is(synth: Synth) -> None:
    assert made(synth).one(SERVER)["lifecycle"] == {"prevent_destroy": True}
    assert "lifecycle" not in made(synth, protect_data=False).one(SERVER)


def test_a_logging_grant_does_not_include_deletion(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        lake = DataLakeAccess(stack, "lake", key_arn=KEY)
        ExperimentTrackingAccess(stack, "tracking", data_lake=lake).grant_log(Grantee(stack))

    config = synth.constructs(build, environment=an_environment(tracking=Tracking()))
    policies = {each["name"]: json.loads(each["policy"]) for each in config.resources("aws_iam_role_policy").values()}
    assert set(policies) == {"tracking-log", "lake-read-write-models-mlflow"}
    (log,) = policies["tracking-log"]["Statement"]
    assert log["Resource"] == ARN
    assert not [each for each in log["Action"] if "Delete" in each or "*" in each]


def test_without_a_declaration_there_is_no_server(synth: Synth) -> None:
    with pytest.raises(ValueError, match=r"'dev' has tracking=None.*Expected: tracking=Tracking\(\).*by the hour"):
        synth.constructs(
            lambda stack: ExperimentTracking(stack, "tracking", data_lake=DataLakeAccess(stack, "lake", key_arn=KEY))
        )


def test_a_lake_without_models_is_refused(synth: Synth) -> None:
    with pytest.raises(ValueError, match="the lake has no zone 'models'"):
        made(synth, zones=("raw",))


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
