"""Unused endpoints: notifications, deletion, and what counts as usage."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions import endpoints, unused_endpoints
from mlinfra.functions.contract import Event, Tag, Variable
from mlinfra.functions.shutdown import IncompleteRunError
from mlinfra.functions.unused_endpoints import WatchSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.unit.functions.cloud import Cloud
    from tests.unit.functions.faults import Faults

OWNER = "ana@example.com"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/ranker:1"


_number = itertools.count()


class Hosting:
    """Endpoints in the local AWS. The clock is eight days after their creation.

    Their names are new in every test: the local AWS keeps metrics.
    """

    def __init__(self, cloud: Cloud, sagemaker: Any) -> None:
        self.cloud = cloud
        self.sagemaker = sagemaker
        number = next(_number)
        self.name, self.other = f"recsys-dev-ranker-{number}", f"recsys-dev-small-{number}"
        cloud.set(Variable.ENVIRONMENT, "dev")
        cloud.now += timedelta(days=8)

    def endpoint(self, name: str | None = None, *, variants: tuple[str, ...] = ("main",), **tags: str | None) -> None:
        """An endpoint without invocations, with `tags`. A tag with the value None is left out."""
        name = name or self.name
        given: dict[str, str | None] = {
            Tag.ENVIRONMENT: "dev",
            Tag.OWNER: OWNER,
            Tag.AUTO_STOP: "true",
            Tag.UNUSED_DAYS: "7",
        }
        self.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn="arn:aws:iam::123456789012:role/r",
            PrimaryContainer={"Image": IMAGE},
        )
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": each,
                    "ModelName": name,
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 1,
                }
                for each in variants
            ],
        )
        self.sagemaker.create_endpoint(
            EndpointName=name,
            EndpointConfigName=name,
            Tags=[{"Key": key, "Value": value} for key, value in (given | tags).items() if value is not None],
        )
        self.sagemaker.describe_endpoint(EndpointName=name)  # the first look finds it in the making

    def metric(self, metric_name: str, *, days_ago: float, value: float = 1, **dimensions: str) -> None:
        self.cloud.cloudwatch.put_metric_data(
            Namespace="AWS/SageMaker",
            MetricData=[
                {
                    "MetricName": metric_name,
                    "Dimensions": [{"Name": key, "Value": each} for key, each in dimensions.items()],
                    "Timestamp": self.cloud.now - timedelta(days=days_ago),
                    "Value": value,
                }
            ],
        )

    def asked(self, name: str | None = None, *, days_ago: float, variant: str = "main", value: float = 1) -> None:
        self.metric("Invocations", days_ago=days_ago, value=value, EndpointName=name or self.name, VariantName=variant)

    def watch(self) -> dict[str, str]:
        """Run the function: what it decided, by endpoint."""
        summary = unused_endpoints.handler({}, None)
        return {each["endpoint"]: each["decision"] for each in summary["endpoints"]}

    def names(self) -> set[str]:
        found = self.sagemaker.list_endpoints()["Endpoints"]
        return {each["EndpointName"] for each in found if each["EndpointStatus"] != "Deleting"}


@pytest.fixture
def hosting(cloud: Cloud, clients: Callable[..., Any]) -> Iterator[Hosting]:
    sagemaker = clients("sagemaker")
    yield Hosting(cloud, sagemaker)
    sagemaker.list_endpoints()  # moto removes deleted endpoints after they were listed
    for each in sagemaker.list_endpoints()["Endpoints"]:
        sagemaker.delete_endpoint(EndpointName=each["EndpointName"])
    sagemaker.list_endpoints()
    for each in sagemaker.list_endpoint_configs()["EndpointConfigs"]:
        sagemaker.delete_endpoint_config(EndpointConfigName=each["EndpointConfigName"])
    for each in sagemaker.list_models()["Models"]:
        sagemaker.delete_model(ModelName=each["ModelName"])


def test_an_unused_endpoint_is_deleted_and_its_owner_is_notified_how_to_remove_it(hosting: Hosting) -> None:
    hosting.endpoint()
    assert hosting.watch() == {hosting.name: "deleted"}
    assert hosting.names() == set()
    (event,) = hosting.cloud.heard(Event.ENDPOINT_DELETED)
    assert (event["cluster"], event["whose"], event["kind"]) == (hosting.name, OWNER, "endpoint")
    (mail,) = hosting.cloud.mail()
    assert mail["Subject"] == f"{hosting.name}: deleted"
    assert mail["MessageAttributes"]["owner"]["Value"] == OWNER
    assert "it received no requests for 7 days" in mail["Message"]
    assert "The next deployment creates it again. To prevent that, remove it" in mail["Message"]


def test_its_models_and_its_configuration_are_kept(hosting: Hosting) -> None:
    hosting.endpoint()
    hosting.watch()
    assert hosting.sagemaker.describe_model(ModelName=hosting.name)
    assert hosting.sagemaker.describe_endpoint_config(EndpointConfigName=hosting.name)


def test_an_unused_endpoint_that_may_not_be_stopped_is_reported(hosting: Hosting) -> None:
    hosting.endpoint(AutoStop="false")
    assert hosting.watch() == {hosting.name: "told"}
    assert hosting.names() == {hosting.name}
    (mail,) = hosting.cloud.mail()
    assert mail["Subject"] == f"{hosting.name}: unused, and still incurring charges"
    assert "It is not deleted automatically, because its tag AutoStop is not true." in mail["Message"]


@pytest.mark.parametrize("dry_run", [None, "true", "yes"])
def test_nothing_is_deleted_unless_the_environment_says_so_and_people_hear_of_it(
    hosting: Hosting, dry_run: str | None
) -> None:
    hosting.cloud.set(Variable.DRY_RUN, dry_run)
    hosting.endpoint()
    assert hosting.watch() == {hosting.name: "would_delete"}
    assert hosting.names() == {hosting.name}
    (mail,) = hosting.cloud.mail()
    assert "the environment only reports" in mail["Message"]


@pytest.mark.parametrize("days_ago", [0.1, 3, 6.9])
def test_one_request_in_the_window_is_use(hosting: Hosting, days_ago: float) -> None:
    hosting.endpoint()
    hosting.asked(days_ago=days_ago)
    assert hosting.watch() == {hosting.name: "left"}
    assert hosting.cloud.mail() == []


def test_requests_from_before_the_window_and_zeros_are_none(hosting: Hosting) -> None:
    hosting.endpoint()
    hosting.asked(days_ago=7.5)
    hosting.asked(days_ago=2, value=0)
    assert hosting.watch() == {hosting.name: "deleted"}


def test_a_request_to_any_variant_is_use(hosting: Hosting) -> None:
    hosting.endpoint(variants=("main", "challenger"))
    hosting.asked(days_ago=1, variant="challenger")
    assert hosting.watch() == {hosting.name: "left"}


def test_requests_to_another_endpoint_are_none(hosting: Hosting) -> None:
    hosting.endpoint()
    hosting.endpoint(hosting.other)
    hosting.asked(hosting.other, days_ago=1)
    assert hosting.watch() == {hosting.name: "deleted", hosting.other: "left"}


def test_an_asynchronous_request_is_known_by_its_latency(hosting: Hosting) -> None:
    hosting.endpoint()
    hosting.metric("ModelLatency", days_ago=1, value=12, EndpointName=hosting.name, VariantName="main")
    assert hosting.watch() == {hosting.name: "left"}


def test_a_request_that_waits_is_use(hosting: Hosting) -> None:
    hosting.endpoint()
    hosting.metric("ApproximateBacklogSize", days_ago=0.5, EndpointName=hosting.name)
    assert hosting.watch() == {hosting.name: "left"}


def test_its_own_number_of_days_counts(hosting: Hosting) -> None:
    hosting.endpoint(UnusedDays="30")
    assert hosting.watch() == {hosting.name: "left"}
    hosting.cloud.now += timedelta(days=23)
    assert hosting.watch() == {hosting.name: "deleted"}


def test_one_that_was_changed_a_moment_ago_is_left(hosting: Hosting) -> None:
    hosting.endpoint()
    hosting.cloud.now -= timedelta(days=2)
    assert hosting.watch() == {hosting.name: "left"}


def test_one_that_is_not_in_service_is_left(hosting: Hosting, faults: Faults) -> None:
    hosting.endpoint()
    faults.change("sagemaker.DescribeEndpoint", lambda answer: answer.update(EndpointStatus="Updating"))
    assert hosting.watch() == {hosting.name: "left"}


@pytest.mark.parametrize("environment", ["dev-2", "prod", None])
def test_endpoints_of_other_environments_are_not_checked(hosting: Hosting, environment: str | None) -> None:
    hosting.endpoint("recsys-dev-2-ranker", Environment=environment)
    assert hosting.watch() == {}
    assert hosting.names() == {"recsys-dev-2-ranker"}


def test_names_that_only_contain_the_prefix_are_not_checked(hosting: Hosting) -> None:
    hosting.endpoint("old-recsys-dev-ranker")
    assert hosting.watch() == {}


@pytest.mark.parametrize("days", [None, "soon", "0", "-7", "²"])
def test_an_endpoint_without_valid_unused_days_is_kept_and_reported(hosting: Hosting, days: str | None) -> None:
    hosting.endpoint(UnusedDays=days)
    assert hosting.watch() == {hosting.name: "unknown"}
    assert hosting.names() == {hosting.name}
    (event,) = hosting.cloud.heard(Event.ENDPOINT_UNKNOWN)
    assert event["why"] == f"its tag UnusedDays is {days!r}, which is not a number of days"


@pytest.mark.parametrize("code", ["Throttling", "AccessDenied"])
def test_metrics_that_cannot_be_read_count_as_use(hosting: Hosting, faults: Faults, code: str) -> None:
    hosting.endpoint()
    faults.refuse("cloudwatch.GetMetricData", code)
    assert hosting.watch() == {hosting.name: "unknown"}
    assert hosting.names() == {hosting.name}
    (event,) = hosting.cloud.heard(Event.ENDPOINT_UNKNOWN)
    assert event["why"] == f"its metrics could not be read: {code}"


@pytest.mark.parametrize("status", ["PartialData", "InternalError", "Forbidden"])
def test_a_part_of_the_metrics_counts_as_use(hosting: Hosting, faults: Faults, status: str) -> None:
    hosting.endpoint()
    faults.change("cloudwatch.GetMetricData", lambda answer: answer["MetricDataResults"][1].update(StatusCode=status))
    assert hosting.watch() == {hosting.name: "unknown"}
    assert hosting.names() == {hosting.name}


def test_a_metric_that_is_missing_from_the_answer_counts_as_use(hosting: Hosting, faults: Faults) -> None:
    hosting.endpoint()
    faults.change("cloudwatch.GetMetricData", lambda answer: answer["MetricDataResults"].pop())
    assert hosting.watch() == {hosting.name: "unknown"}


def test_an_answer_that_cannot_be_read_counts_as_use(hosting: Hosting, faults: Faults) -> None:
    hosting.endpoint()
    faults.change("cloudwatch.GetMetricData", lambda answer: answer["MetricDataResults"][0].pop("Values"))
    assert hosting.watch() == {hosting.name: "unknown"}


def test_a_request_on_a_later_page_of_metrics_is_seen(hosting: Hosting, faults: Faults) -> None:
    hosting.endpoint()
    pages: list[dict[str, Any]] = []

    def split(answer: dict[str, Any]) -> None:
        pages.append(answer)
        if len(pages) == 1:
            answer["NextToken"] = "second"
            for result in answer["MetricDataResults"]:
                result["StatusCode"] = "PartialData"
        else:
            answer["MetricDataResults"][0]["Values"] = [3.0]

    faults.change("cloudwatch.GetMetricData", split)
    assert hosting.watch() == {hosting.name: "left"}
    assert len(pages) == 2


def test_one_without_variants_counts_as_used(hosting: Hosting, faults: Faults) -> None:
    hosting.endpoint()
    faults.change("sagemaker.DescribeEndpoint", lambda answer: answer.pop("ProductionVariants"))
    assert hosting.watch() == {hosting.name: "unknown"}


@pytest.mark.parametrize("call", ["DescribeEndpoint", "ListTags"])
def test_an_endpoint_that_cannot_be_described_is_kept_and_the_others_are_checked(
    hosting: Hosting, faults: Faults, call: str
) -> None:
    hosting.endpoint()
    hosting.endpoint(hosting.other)
    faults.refuse(f"sagemaker.{call}", "AccessDeniedException", where=lambda body: hosting.name in body)
    assert hosting.watch() == {hosting.name: "unknown", hosting.other: "deleted"}
    assert hosting.names() == {hosting.name}


def test_a_refused_deletion_is_reported(hosting: Hosting, faults: Faults) -> None:
    hosting.endpoint()
    faults.refuse("sagemaker.DeleteEndpoint", "AccessDeniedException")
    assert hosting.watch() == {hosting.name: "failed"}
    (event,) = hosting.cloud.heard(Event.ENDPOINT_UNUSED)
    assert event["what"] == "could not be deleted"
    assert "AccessDeniedException" in event["why"]


def test_a_second_page_that_fails_costs_its_endpoints_their_turn_and_ends_in_an_error(
    hosting: Hosting, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosting.endpoint()
    hosting.endpoint(hosting.other)
    monkeypatch.setattr(endpoints, "_ENDPOINTS_A_PAGE", 1)
    faults.refuse("sagemaker.ListEndpoints", "AccessDeniedException", calls=(2,))
    with pytest.raises(IncompleteRunError, match="not all endpoints could be listed: AccessDeniedException"):
        hosting.watch()
    assert len(hosting.names()) == 1


def test_an_undelivered_notification_is_an_error(hosting: Hosting, faults: Faults) -> None:
    hosting.endpoint(AutoStop="false")
    faults.refuse("sns.Publish", "AuthorizationError")
    with pytest.raises(IncompleteRunError, match=f"{hosting.name}: the message was not sent: AuthorizationError"):
        hosting.watch()


@pytest.mark.parametrize("missing", [Variable.ENVIRONMENT, Variable.PREFIX])
def test_without_an_environment_no_endpoint_is_selected(missing: str) -> None:
    variables = {Variable.ENVIRONMENT: "dev", Variable.PREFIX: "recsys-dev-"}
    with pytest.raises(ValueError, match="must be set: they select the endpoints to check"):
        WatchSettings.read({name: value for name, value in variables.items() if name != missing})
