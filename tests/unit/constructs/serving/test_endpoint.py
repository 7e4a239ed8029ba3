"""Resources of an endpoint, for each kind of hosting."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import (
    Asynchronous,
    BlueGreen,
    Endpoint,
    NetworkSettings,
    RealTime,
    Serverless,
    ServingEndpoint,
    Variant,
    WithoutRollback,
)
from mlinfra.constructs.data_lake.access import DataLakeAccess
from tests.conftest import an_environment

if TYPE_CHECKING:
    from mlinfra import MlStack
    from mlinfra.testing import Synth, Template

KEY, LAKE_KEY = (f"arn:aws:kms:us-east-1:111111111111:key/{number}" for number in (1, 2))
NETWORK = NetworkSettings(vpc_id="vpc-1", private_subnet_ids=["subnet-1", "subnet-2"], compute_key_arn=KEY)
IMAGE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/recsys-ranker:3.1"
TOPIC = "arn:aws:sns:us-east-1:111111111111:recsys-dev-alerts"
NAME = "recsys-dev-ranker"
MAIN = Variant(image=IMAGE, model_data="ranker/7/model.tar.gz")
TWO = [MAIN, Variant(name="challenger", image=IMAGE, model_data="ranker/8/", weight=0.1)]
ASYNCHRONOUS = Asynchronous(instance_type="ml.g5.xlarge", max_instances=3)
SCALING = RealTime(instance_type="ml.m7i.large", instances=2, max_instances=6, invocations_per_instance=600)


def made(synth: Synth, **changes: Any) -> Template:
    values = {
        "name": "ranker",
        "owner": "ana@example.com",
        "hosting": RealTime(instance_type="ml.m7i.large"),
        "variants": [MAIN],
    } | changes
    environment = an_environment(endpoints=[Endpoint(**values)])

    def build(stack: MlStack) -> None:
        ServingEndpoint(
            stack,
            "ranker",
            endpoint=environment.endpoints[0],
            data_lake=DataLakeAccess(stack, "lake", key_arn=LAKE_KEY),
            network=NETWORK,
        )

    return synth.constructs(build, environment=environment, inputs={})


def alarms(config: Template) -> dict[str, dict[str, Any]]:
    """The alarms of the endpoint, by what follows its name."""
    found = config.resources("aws_cloudwatch_metric_alarm").values()
    names = [each["alarm_name"] for each in found]
    return {
        name.removeprefix(f"{NAME}-"): each for name, each in zip(names, found, strict=True) if name.startswith(NAME)
    }


def rollback_alarms(config: Template) -> dict[str, dict[str, Any]]:
    """The alarms of the present configuration, by what follows its name."""
    found = config.find("aws_cloudwatch_metric_alarm").values()
    return {
        each["alarm_name"].partition(".name}-")[2]: each for each in found if each["alarm_name"].startswith("${aws_")
    }


FORWARD = WithoutRollback(version=IMAGE, reason="3.0 fails all requests, and 3.1 those of one client.")


def granted(config: Template) -> dict[str, dict[str, Any]]:
    """The statements of the role, by their names."""
    policy = json.loads(config.one("aws_iam_role_policy")["policy"])
    return {each["Sid"]: each for each in policy["Statement"]}


def variants(config: Template) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = config.one("aws_sagemaker_endpoint_configuration")["production_variants"]
    return found


def test_immutable_resources_are_created_before_the_old_ones_are_deleted(synth: Synth) -> None:
    config = made(synth)
    for type_name in ("aws_sagemaker_model", "aws_sagemaker_endpoint_configuration"):
        assert config.one(type_name)["lifecycle"] == {"create_before_destroy": True}
    assert config.one("aws_sagemaker_endpoint_configuration")["name_prefix"] == f"{NAME}-"
    assert "lifecycle" not in config.one("aws_sagemaker_endpoint")


def test_the_name_of_a_model_changes_with_all_that_it_is_made_of(synth: Synth) -> None:
    def name(**changes: Any) -> str:
        return str(made(synth, variants=[MAIN.model_copy(update=changes)]).one("aws_sagemaker_model")["name"])

    first = name()
    assert first.startswith(f"{NAME}-main-${{substr(sha256(")
    assert all(part in first for part in (".arn", "subnet-1", "aws_security_group"))
    changes: list[dict[str, Any]] = [
        {"image": IMAGE.replace("3.1", "3.2")},
        {"model_data": "ranker/8/model.tar.gz"},
        {"variables": {"WORKERS": "2"}},
    ]
    assert len({first, *(name(**each) for each in changes)}) == 4
    assert name(weight=2.0) == first


def test_long_names_are_cut_to_what_sagemaker_takes(synth: Synth) -> None:
    config = made(synth, name="e" * 40, variants=[Variant(name="v" * 24, image=IMAGE)])
    readable, _, _ = config.one("aws_sagemaker_model")["name"].partition("${")
    assert len(readable) + 10 <= 63
    assert len(config.one("aws_sagemaker_endpoint_configuration")["name_prefix"]) + 26 <= 63


def test_containers_are_isolated_in_private_subnets(synth: Synth) -> None:
    config = made(synth)
    model = config.one("aws_sagemaker_model")
    assert model["enable_network_isolation"] is True
    assert model["vpc_config"]["subnets"] == ["subnet-1", "subnet-2"]
    config.has_no_resource("aws_vpc_security_group_ingress_rule")
    assert config.one("aws_vpc_security_group_egress_rule")["to_port"] == 443


def test_network_isolation_can_be_turned_off(synth: Synth) -> None:
    assert "enable_network_isolation" not in made(synth, network_isolation=False).one("aws_sagemaker_model")


def test_a_serverless_endpoint_has_what_sagemaker_offers_for_it_and_no_more(synth: Synth) -> None:
    config = made(synth, hosting=Serverless(memory_mib=3072, max_concurrency=20, provisioned_concurrency=2))
    model = config.one("aws_sagemaker_model")
    assert not {"vpc_config", "enable_network_isolation"} & model.keys()
    (variant,) = variants(config)
    assert variant["serverless_config"] == {
        "memory_size_in_mb": 3072,
        "max_concurrency": 20,
        "provisioned_concurrency": 2,
    }
    assert not {"instance_type", "initial_instance_count"} & variant.keys()
    assert "kms_key_arn" not in config.one("aws_sagemaker_endpoint_configuration")
    assert "deployment_config" not in config.one("aws_sagemaker_endpoint")
    assert not {"aws_security_group", "aws_appautoscaling_target"} & config.types.keys()
    assert "AttachToNetwork" not in granted(config)


@pytest.mark.parametrize(("instance_type", "key"), [("ml.m7i.large", KEY), ("ml.g5.xlarge", None)])
def test_a_key_is_given_for_volumes_where_there_are_no_local_disks(
    synth: Synth, instance_type: str, key: str | None
) -> None:
    config = made(synth, hosting=RealTime(instance_type=instance_type))
    assert config.one("aws_sagemaker_endpoint_configuration").get("kms_key_arn") == key


def test_requests_are_shared_by_weight(synth: Synth) -> None:
    config = made(synth, variants=TWO)
    assert {each["variant_name"]: each["initial_variant_weight"] for each in variants(config)} == {
        "main": 1,
        "challenger": 0.1,
    }
    assert len(config.resources("aws_sagemaker_model")) == 2


def test_uncompressed_model_data_is_read_from_its_prefix(synth: Synth) -> None:
    config = made(synth, variants=[TWO[1]])
    container = config.one("aws_sagemaker_model")["primary_container"]
    assert "model_data_url" not in container
    (source,) = container["model_data_source"]["s3_data_source"]
    assert source == {
        "compression_type": "None",
        "s3_data_type": "S3Prefix",
        "s3_uri": "s3://recsys-dev-models-111111111111-us-east-1/ranker/8/",
    }


def test_a_shadow_variant_receives_copies_and_has_no_alarms_or_scaling(synth: Synth) -> None:
    config = made(synth, hosting=SCALING, shadow=Variant(name="next", image=IMAGE, weight=0.5))
    (shadow,) = config.one("aws_sagemaker_endpoint_configuration")["shadow_production_variants"]
    assert (shadow["variant_name"], shadow["initial_variant_weight"]) == ("next", 0.5)
    assert (shadow["instance_type"], shadow["initial_instance_count"]) == ("ml.m7i.large", 2)
    assert sorted(alarms(config)) == ["errors-main", "latency-main", "unused"]
    assert len(config.resources("aws_appautoscaling_target")) == 1


def test_a_part_of_the_requests_is_kept_in_the_lake(synth: Synth) -> None:
    config = made(synth, capture_percent=20)
    capture = config.one("aws_sagemaker_endpoint_configuration")["data_capture_config"]
    assert capture["destination_s3_uri"] == "s3://recsys-dev-raw-111111111111-us-east-1/serving/ranker/captured"
    assert (capture["initial_sampling_percentage"], capture["kms_key_id"]) == (20, LAKE_KEY)
    assert [each["capture_mode"] for each in capture["capture_options"]] == ["Input", "Output"]
    statement = granted(config)["Capture"]
    assert statement["Action"] == "s3:PutObject"
    assert statement["Resource"] == "arn:aws:s3:::recsys-dev-raw-111111111111-us-east-1/serving/ranker/captured/*"


def test_the_role_reads_all_versions_of_its_own_models_only(synth: Synth) -> None:
    statements = granted(made(synth))
    bucket = "arn:aws:s3:::recsys-dev-models-111111111111-us-east-1"
    assert statements["ReadModels"]["Resource"] == f"{bucket}/ranker/*"
    assert statements["ListModels"]["Condition"] == {"StringLike": {"s3:prefix": ["ranker/*"]}}
    assert statements["PullImages"]["Resource"] == "arn:aws:ecr:us-east-1:111111111111:repository/recsys-ranker"
    assert statements["UseKeyOfLake"]["Action"] == "kms:Decrypt"
    assert not {"Capture", "ReadRequests", "WriteResults", "PublishRequestResults"} & statements.keys()


@pytest.mark.parametrize("changes", [{"hosting": ASYNCHRONOUS}, {"hosting": SCALING, "capture_percent": 1}])
def test_everything_is_granted_only_where_there_is_no_resource_to_name(synth: Synth, changes: dict[str, Any]) -> None:
    statements = granted(made(synth, **changes))
    anywhere = {sid for sid, each in statements.items() if each["Resource"] == "*"}
    assert anywhere == {"LogInToRegistry", "DescribeNetwork", "Metrics"}
    assert not [each for each in statements.values() if "*" in each["Action"]]


def test_only_sagemaker_in_this_account_may_assume_the_role(synth: Synth) -> None:
    (trust,) = json.loads(made(synth).one("aws_iam_role")["assume_role_policy"])["Statement"]
    assert trust["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "111111111111"}}


def test_an_asynchronous_endpoint_reads_and_writes_in_the_lake_and_tells_of_it(synth: Synth) -> None:
    config = made(synth, hosting=ASYNCHRONOUS)
    output = config.one("aws_sagemaker_endpoint_configuration")["async_inference_config"]["output_config"]
    processed = "s3://recsys-dev-processed-111111111111-us-east-1/serving/ranker"
    assert (output["s3_output_path"], output["s3_failure_path"]) == (f"{processed}/results", f"{processed}/failures")
    assert output["kms_key_id"] == LAKE_KEY
    assert set(output["notification_config"]) == {"success_topic", "error_topic"}
    names = {each["name"] for each in config.resources("aws_sns_topic").values()}
    assert names == {f"{NAME}-succeeded", f"{NAME}-failed"}
    assert {"ReadRequests", "WriteResults", "PublishRequestResults", "UseKeyOfTopics"} <= granted(config).keys()


def test_asynchronous_instances_follow_the_backlog_down_to_none(synth: Synth) -> None:
    config = made(synth, hosting=ASYNCHRONOUS)
    target = config.one("aws_appautoscaling_target")
    assert (target["min_capacity"], target["max_capacity"]) == (0, 3)
    policies = {each["policy_type"]: each for each in config.resources("aws_appautoscaling_policy").values()}
    tracking = policies["TargetTrackingScaling"]["target_tracking_scaling_policy_configuration"]
    metric = tracking["customized_metric_specification"]
    assert (metric["metric_name"], tracking["target_value"]) == ("ApproximateBacklogSizePerInstance", 5)
    assert metric["dimensions"] == [{"name": "EndpointName", "value": NAME}]
    step = policies["StepScaling"]["step_scaling_policy_configuration"]["step_adjustment"]
    assert step == [{"metric_interval_lower_bound": "0", "scaling_adjustment": 1}]
    wake = alarms(config)["wake"]
    assert (wake["metric_name"], wake["dimensions"]) == ("HasBacklogWithoutCapacity", {"EndpointName": NAME})


def test_an_endpoint_that_does_not_scale_to_zero_has_no_wake_up_policy(synth: Synth) -> None:
    config = made(synth, hosting=Asynchronous(instance_type="ml.g5.xlarge", min_instances=1, max_instances=2))
    assert config.one("aws_appautoscaling_policy")["policy_type"] == "TargetTrackingScaling"
    assert "wake" not in alarms(config)


def test_real_time_instances_follow_the_requests(synth: Synth) -> None:
    config = made(synth, hosting=SCALING)
    target = config.one("aws_appautoscaling_target")
    assert (target["min_capacity"], target["max_capacity"]) == (2, 6)
    tracking = config.one("aws_appautoscaling_policy")["target_tracking_scaling_policy_configuration"]
    assert tracking["predefined_metric_specification"] == {
        "predefined_metric_type": "SageMakerVariantInvocationsPerInstance"
    }
    assert tracking["target_value"] == 600


def test_a_fixed_number_of_instances_is_not_scaled(synth: Synth) -> None:
    made(synth).has_no_resource("aws_appautoscaling_target")


def test_scaling_goes_and_comes_back_with_the_instance_type(synth: Synth) -> None:
    config = made(synth, hosting=SCALING)
    configuration = config.address("aws_sagemaker_endpoint_configuration")
    trigger = f"{configuration}.production_variants[0].instance_type"
    for type_name in ("aws_appautoscaling_target", "aws_appautoscaling_policy"):
        assert config.one(type_name)["lifecycle"] == {"replace_triggered_by": [trigger]}


@pytest.mark.parametrize(
    ("deployment", "routing"),
    [
        (None, {"type": "ALL_AT_ONCE", "wait_interval_in_seconds": 0}),
        (
            BlueGreen(traffic="canary", step_percent=20, wait_seconds=300),
            {
                "type": "CANARY",
                "wait_interval_in_seconds": 300,
                "canary_size": {"type": "CAPACITY_PERCENT", "value": 20},
            },
        ),
        (
            BlueGreen(traffic="linear", step_percent=25),
            {
                "type": "LINEAR",
                "wait_interval_in_seconds": 600,
                "linear_step_size": {"type": "CAPACITY_PERCENT", "value": 25},
            },
        ),
    ],
)
def test_traffic_moves_as_declared(synth: Synth, deployment: BlueGreen | None, routing: dict[str, Any]) -> None:
    config = made(synth, hosting=SCALING, deployment=deployment)
    policy = config.one("aws_sagemaker_endpoint")["deployment_config"]["blue_green_update_policy"]
    assert policy["traffic_routing_configuration"] == routing
    assert policy["maximum_execution_timeout_in_seconds"] == 3600


def test_latency_and_errors_of_every_variant_roll_the_deployment_back(synth: Synth) -> None:
    config = made(synth, variants=TWO)
    endpoint = config.one("aws_sagemaker_endpoint")
    resources = config.resources("aws_cloudwatch_metric_alarm")
    named = {f"${{{address}.alarm_name}}": each for address, each in resources.items()}
    rolling_back = [
        named[each["alarm_name"]]["alarm_name"].partition(".name}-")[2]
        for each in endpoint["deployment_config"]["auto_rollback_configuration"]["alarms"]
    ]
    assert rolling_back == ["latency-main", "errors-main", "latency-challenger", "errors-challenger"]
    assert {address for address in resources if "rollback" in address} <= set(endpoint["depends_on"])


def test_rollback_alarms_evaluate_the_new_fleet_alone(synth: Synth) -> None:
    config = made(synth)
    name = config.address("aws_sagemaker_endpoint_configuration")
    configuration = f"${{{name}.name}}"
    notifying, rolling_back = alarms(config), rollback_alarms(config)
    assert rolling_back.keys() == {"latency-main", "errors-main"}
    for what, alarm in rolling_back.items():
        assert alarm["dimensions"] == notifying[what]["dimensions"] | {"EndpointConfigName": configuration}
        assert "EndpointConfigName" not in notifying[what]["dimensions"]
        compared = ("metric_name", "threshold", "period", "evaluation_periods", "treat_missing_data")
        assert [alarm[each] for each in compared] == [notifying[what][each] for each in compared]


def test_rollback_alarms_are_new_for_each_configuration_and_do_not_notify_twice(synth: Synth) -> None:
    for what, alarm in rollback_alarms(made(synth)).items():
        assert alarm["alarm_name"].startswith("${aws_sagemaker_endpoint_configuration.")
        assert alarm["lifecycle"] == {"create_before_destroy": True}
        assert "alarm_actions" not in alarm
        assert alarm["alarm_description"].endswith(f"Notifications are sent by {NAME}-{what}.")


def test_a_serverless_endpoint_has_no_rollback_alarms(synth: Synth) -> None:
    config = made(synth, hosting=Serverless())
    assert rollback_alarms(config) == {}
    assert "ReadRollbackAlarms" not in granted(config)


def test_one_version_can_be_deployed_without_rollback_and_is_recorded(synth: Synth) -> None:
    config = made(synth, deployment=BlueGreen(without_rollback=FORWARD))
    assert "auto_rollback_configuration" not in config.one("aws_sagemaker_endpoint")["deployment_config"]
    assert rollback_alarms(config) == {}
    record = (
        f"{IMAGE} was deployed without rollback: 3.0 fails all requests, and 3.1 those of one client. Owner: ana@ex"
    )
    assert all(record in alarms(config)[what]["alarm_description"] for what in ("latency-main", "errors-main"))


def test_the_role_reads_the_rollback_alarms_of_its_endpoint(synth: Synth) -> None:
    statement = granted(made(synth))["ReadRollbackAlarms"]
    assert statement["Action"] == "cloudwatch:DescribeAlarms"
    assert statement["Resource"] == f"arn:aws:cloudwatch:us-east-1:111111111111:alarm:{NAME}-*"


def test_the_role_reads_the_rollback_alarms_of_an_endpoint_with_a_long_name(synth: Synth) -> None:
    config = made(synth, name="r" * 40)
    prefix = config.one("aws_sagemaker_endpoint_configuration")["name_prefix"]
    assert granted(config)["ReadRollbackAlarms"]["Resource"].endswith(f":alarm:{prefix}*")


def test_without_requests_no_alarm_is_raised(synth: Synth) -> None:
    found = alarms(made(synth))
    assert {each["treat_missing_data"] for name, each in found.items() if name != "unused"} == {"notBreaching"}


def test_latency_is_declared_in_milliseconds_and_measured_in_microseconds(synth: Synth) -> None:
    alarm = alarms(made(synth, hosting=RealTime(instance_type="ml.m7i.large", max_latency_ms=150)))["latency-main"]
    assert (alarm["metric_name"], alarm["extended_statistic"], alarm["threshold"]) == ("ModelLatency", "p99", 150_000)
    assert "above 150 ms in 3 of 5 minutes. Check the load of the endpoint" in alarm["alarm_description"]
    assert alarm["alarm_description"].endswith("Owner: ana@example.com.")


def test_errors_are_a_part_of_the_requests(synth: Synth) -> None:
    alarm = alarms(made(synth, max_error_percent=0.5))["errors-main"]
    assert (alarm["metric_name"], alarm["statistic"]) == ("Invocation5XXErrors", "Average")
    assert (alarm["threshold"], alarm["comparison_operator"]) == (0.005, "GreaterThanThreshold")
    assert alarm["dimensions"] == {"EndpointName": NAME, "VariantName": "main"}
    assert alarm["alarm_actions"] == [TOPIC]


@pytest.mark.parametrize(("declared", "seen"), [(3, 3), (7, 7), (30, 7)])
def test_an_alarm_sees_a_week_of_silence_at_most(synth: Synth, declared: int, seen: int) -> None:
    alarm = alarms(made(synth, unused_days=declared))["unused"]
    assert (alarm["metric_name"], alarm["statistic"]) == ("Invocations", "Sum")
    assert (alarm["period"], alarm["evaluation_periods"], alarm["treat_missing_data"]) == (86_400, seen, "breaching")
    assert (
        f"The endpoint {NAME} has received no requests for {seen} days, and is still incurring charges."
        in alarm["alarm_description"]
    )


def test_requests_to_one_variant_count_for_the_endpoint(synth: Synth) -> None:
    alarm = alarms(made(synth, variants=TWO))["unused"]
    (together,) = [each for each in alarm["metric_query"] if each.get("return_data")]
    assert together["expression"] == "SUM(METRICS())"
    assert [each["metric"]["dimensions"]["VariantName"] for each in alarm["metric_query"] if "metric" in each] == [
        "main",
        "challenger",
    ]
    assert not {"metric_name", "namespace", "period", "statistic"} & alarm.keys()


def test_asynchronous_requests_are_counted_by_their_latencies(synth: Synth) -> None:
    alarm = alarms(made(synth, hosting=ASYNCHRONOUS))["unused"]
    assert (alarm["metric_name"], alarm["statistic"]) == ("ModelLatency", "SampleCount")


@pytest.mark.parametrize(("stops", "tag"), [(True, "true"), (False, "false")])
def test_tags_name_the_owner_and_the_stop_rule(
    synth: Synth,
    stops: bool,  # noqa: FBT001
    tag: str,
) -> None:
    config = made(synth, hosting=SCALING, stop_when_unused=stops, unused_days=14)
    tags = {"Owner": "ana@example.com", "AutoStop": tag, "UnusedDays": "14"}
    assert config.one("aws_sagemaker_endpoint")["tags"] == tags
    assert config.one("aws_appautoscaling_target")["tags"] == tags


def test_an_endpoint_that_the_environment_does_not_declare_is_refused(synth: Synth) -> None:
    other = Endpoint(name="other", owner="ana@example.com", hosting=Serverless(), variants=[MAIN])

    def build(stack: MlStack) -> None:
        lake = DataLakeAccess(stack, "lake", key_arn=LAKE_KEY)
        ServingEndpoint(stack, "other", endpoint=other, data_lake=lake, network=NETWORK)

    with pytest.raises(ValueError, match=r"does not declare the endpoint 'other'\. Declared: none\. Add it to the"):
        synth.constructs(build)


def test_a_lake_without_a_zone_that_is_needed_is_refused(synth: Synth) -> None:
    endpoint = Endpoint(name="ranker", owner="ana@example.com", hosting=Serverless(), variants=[MAIN])

    def build(stack: MlStack) -> None:
        lake = DataLakeAccess(stack, "lake", key_arn=LAKE_KEY, zones=["models"])
        ServingEndpoint(stack, "ranker", endpoint=endpoint, data_lake=lake, network=NETWORK)

    with pytest.raises(ValueError, match=r"the lake has no zone 'raw'\. Expected: one of models\."):
        synth.constructs(build, environment=an_environment(endpoints=[endpoint]))
