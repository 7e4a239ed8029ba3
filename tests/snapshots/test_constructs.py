"""Resources of each construct, in a stack of its own."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import (
    AcceleratorStop,
    Adopted,
    AdoptedResource,
    Alerts,
    AnomalyAlert,
    Asynchronous,
    BlueGreen,
    CiRoles,
    ConsoleLockdown,
    CostExportSettings,
    DataCatalog,
    DataLake,
    EncryptionKey,
    Endpoint,
    ExperimentTracking,
    FeatureGroup,
    FeatureStore,
    Governance,
    ImageRepository,
    Lifecycle,
    Lustre,
    ModelRegistry,
    Network,
    NetworkSettings,
    ObjectLock,
    Person,
    Pipeline,
    Queue,
    QuietHours,
    RealTime,
    RegisteredModel,
    Replication,
    Serverless,
    ServingEndpoint,
    Shutdown,
    SlackChannel,
    Space,
    SpendBudget,
    Studio,
    StudioSettings,
    Team,
    Tracking,
    TrainingCluster,
    TrainingJobs,
    TrainingQueue,
    UnusedEndpoints,
    Variant,
)
from mlinfra.constructs.data_lake.access import DataLakeAccess
from mlinfra.stacks.governance import GovernanceStack
from tests.conftest import an_environment, an_experiment
from tests.snapshots.conftest import infrastructure

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

    from mlinfra import MlStack
    from mlinfra.testing import Synth, Template

ELSEWHERE_KEY = "arn:aws:kms:eu-west-1:222222222222:key/1"
KEY = "arn:aws:kms:us-east-1:111111111111:key/1"
SHUTDOWN = SimpleNamespace(shutdown_table="recsys-dev-clusters")


def a_network(*subnet_ids: str) -> NetworkSettings:
    return NetworkSettings(vpc_id="vpc-1", private_subnet_ids=subnet_ids, compute_key_arn=KEY)


def resources(template: Template) -> Any:
    return infrastructure(template, "resource", "data")


def test_encryption_key(synth: Synth, template_snapshot: SnapshotAssertion) -> None:
    def build(stack: MlStack) -> None:
        EncryptionKey(stack, "key", name="compute", description="Encrypts volumes.", services=["ec2", "logs"])

    assert resources(synth.constructs(build)) == template_snapshot


def test_network(synth: Synth, template_snapshot: SnapshotAssertion) -> None:
    config = synth.constructs(
        lambda stack: Network(stack, "network", compute_key_arn=KEY),
        environment=an_environment(availability_zones=2, nat_gateways="per-zone"),
    )
    assert resources(config) == template_snapshot


def test_data_lake(synth: Synth, template_snapshot: SnapshotAssertion) -> None:
    assert (
        resources(synth.constructs(lambda stack: DataLake(stack, "lake", zones=["raw", "models"]))) == template_snapshot
    )


def test_data_lake_with_everything(synth: Synth, template_snapshot: SnapshotAssertion) -> None:
    copy = Replication(bucket_arn="arn:aws:s3:::copies", key_arn=ELSEWHERE_KEY, region="eu-west-1", account_id="2" * 12)

    def build(stack: MlStack) -> None:
        lake = DataLake(
            stack,
            "lake",
            zones=["raw"],
            lifecycles={"raw": Lifecycle(intelligent_tiering_after_days=0)},
            object_locks={"raw": ObjectLock(days=30)},
            replications={"raw": copy},
            events=["raw"],
            inventory={"raw": "Weekly"},
            catalog=DataCatalog(),
            trusted_account_ids=["444444444444"],
        )
        lake.grant_write("crawlers", prefix="clicks/")

    assert resources(synth.constructs(build)) == template_snapshot


def test_training_cluster(synth: Synth, template_snapshot: SnapshotAssertion) -> None:
    environment = an_environment(experiments=[an_experiment(size="medium", nodes=2)])

    def build(stack: MlStack) -> None:
        TrainingCluster(
            stack,
            "cluster",
            experiment=environment.experiments[0],
            network=a_network("subnet-1", "subnet-2"),
            shutdown=SHUTDOWN,
        )

    assert resources(synth.constructs(build, environment=environment)) == template_snapshot


def test_training_cluster_with_all_that_it_can_have(synth: Synth, template_snapshot: SnapshotAssertion) -> None:
    experiment = an_experiment(
        instance_type="p5.48xlarge", nodes=4, lustre=Lustre(zone="raw", prefix="clicks/"), variables={"SEED": "7"}
    )
    environment = an_environment(experiments=[experiment])

    def build(stack: MlStack) -> None:
        network = a_network("subnet-1", "subnet-2")
        TrainingCluster(stack, "cluster", experiment=experiment, network=network, zone="us-east-1b", shutdown=SHUTDOWN)

    assert resources(synth.constructs(build, environment=environment)) == template_snapshot


def test_alerts(synth: Synth, template_snapshot: SnapshotAssertion) -> None:
    environment = an_environment(experiments=[an_experiment()], alert_emails=["ml@example.com"])
    assert (
        resources(synth.constructs(lambda stack: Alerts(stack, "alerts"), environment=environment)) == template_snapshot
    )


def test_shutdown(synth: Synth, template_snapshot: SnapshotAssertion) -> None:
    environment = an_environment(experiments=[an_experiment()], quiet_hours=QuietHours(begin="20:00"))

    def build(stack: MlStack) -> None:
        shutdown = Shutdown(stack, "shutdown", key_arn=KEY)
        shutdown.watch(cluster_name="recsys-dev-two-tower-v2", experiment=environment.experiments[0])

    assert resources(synth.constructs(build, environment=environment)) == template_snapshot


def test_training_queue(synth: Synth, template_snapshot: SnapshotAssertion) -> None:
    declared = Queue(
        name="ranking", owner="ana@example.com", gpu="A10G", max_nodes=4, teams={"ranking": 2, "search": 1}
    )
    environment = an_environment(queues=[declared])

    def build(stack: MlStack) -> None:
        queue = TrainingQueue(stack, "queue", queue=declared, network=a_network("subnet-1"))
        queue.job("two-tower", image="111111111111.dkr.ecr.us-east-1.amazonaws.com/two-tower:2.3", nodes=2)

    assert resources(synth.constructs(build, environment=environment)) == template_snapshot


SCALING = RealTime(instance_type="ml.m7i.large", instances=2, max_instances=6, invocations_per_instance=600)


@pytest.mark.parametrize(
    "hosting",
    [SCALING, Serverless(), Asynchronous(instance_type="ml.g5.xlarge")],
    ids=["real_time", "serverless", "asynchronous"],
)
def test_serving_endpoint(synth: Synth, template_snapshot: SnapshotAssertion, hosting: Any) -> None:
    image = "111111111111.dkr.ecr.us-east-1.amazonaws.com/ranker:3.1"
    gradual: dict[str, Any] = {"deployment": BlueGreen(traffic="canary"), "capture_percent": 10}
    endpoint = Endpoint(
        name="ranker",
        owner="ana@example.com",
        hosting=hosting,
        variants=[Variant(image=image, model_data="ranker/7/model.tar.gz")],
        **(gradual if hosting is SCALING else {}),
    )

    def build(stack: MlStack) -> None:
        lake = DataLakeAccess(stack, "lake", key_arn=KEY)
        ServingEndpoint(stack, "ranker", endpoint=endpoint, data_lake=lake, network=a_network("subnet-1"))

    assert resources(synth.constructs(build, environment=an_environment(endpoints=[endpoint]))) == template_snapshot


def test_endpoint_watch(synth: Synth, template_snapshot: SnapshotAssertion) -> None:
    assert resources(synth.constructs(lambda stack: UnusedEndpoints(stack, "watch", key_arn=KEY))) == template_snapshot


def test_model_registry(synth: Synth, template_snapshot: SnapshotAssertion) -> None:
    model = RegisteredModel(name="ranker", owner="ana@example.com", description="In which order items are shown.")
    environment = an_environment(models=[model], trusted_account_ids=["222222222222"])
    assert (
        resources(synth.constructs(lambda stack: ModelRegistry(stack, "registry"), environment=environment))
        == template_snapshot
    )


def test_feature_store(synth: Synth, template_snapshot: SnapshotAssertion) -> None:
    group = FeatureGroup(
        name="item-clicks",
        owner="li@example.com",
        features={"item_id": "String", "seen_at": "Fractional", "clicks": "Integral"},
        record_identifier="item_id",
        event_time="seen_at",
        online=True,
    )

    def build(stack: MlStack) -> None:
        FeatureStore(stack, "features", data_lake=DataLakeAccess(stack, "lake", key_arn=KEY))

    assert resources(synth.constructs(build, environment=an_environment(feature_groups=[group]))) == template_snapshot


def test_experiment_tracking(synth: Synth, template_snapshot: SnapshotAssertion) -> None:
    def build(stack: MlStack) -> None:
        ExperimentTracking(stack, "tracking", data_lake=DataLakeAccess(stack, "lake", key_arn=KEY))

    assert resources(synth.constructs(build, environment=an_environment(tracking=Tracking()))) == template_snapshot


def test_ci_roles(synth: Synth, template_snapshot: SnapshotAssertion) -> None:
    training = TrainingJobs(tags="v*", environment="training")
    pipeline = Pipeline(provider="github", project="ml/platform", environment="dev-us", training=training)
    environment = an_environment(pipeline=pipeline, experiments=[an_experiment()])
    assert (
        resources(synth.constructs(lambda stack: CiRoles(stack, "ci-roles"), environment=environment))
        == template_snapshot
    )


def test_console_lockdown(synth: Synth, template_snapshot: SnapshotAssertion) -> None:
    environment = an_environment(pipeline=Pipeline(provider="gitlab", project="ml/platform"))

    def build(stack: MlStack) -> None:
        ConsoleLockdown(
            stack,
            "lockdown",
            environments=[environment],
            target_ids=["ou-ab12-cd34ef56"],
            break_glass_roles=["arn:aws:iam::*:role/break-glass"],
            resource_types=["aws_s3_bucket", "aws_sagemaker_endpoint"],
        )

    assert resources(synth.constructs(build)) == template_snapshot


def test_image_repository(synth: Synth, template_snapshot: SnapshotAssertion) -> None:
    environment = an_environment(image_repositories=["two-tower"], trusted_account_ids=["222222222222"])
    config = synth.constructs(
        lambda stack: ImageRepository(stack, "images", name="two-tower", key_arn=KEY), environment=environment
    )
    assert resources(config) == template_snapshot


def test_studio(synth: Synth, template_snapshot: SnapshotAssertion) -> None:
    environment = an_environment(
        teams=[Team(name="ranking")],
        people=[Person(name="ana", email="ana@example.com", team="ranking")],
        studio=StudioSettings(
            spaces=[Space(name="ranking-room", owner="ana", shared=True)],
            lifecycle_scripts={"JupyterLab": "echo started"},
        ),
    )

    def build(stack: MlStack) -> None:
        Studio(stack, "studio", network=a_network("subnet-1"))

    assert resources(synth.constructs(build, environment=environment)) == template_snapshot


def test_adopted_resource(synth: Synth, template_snapshot: SnapshotAssertion) -> None:
    group = Adopted(
        type="aws_security_group",
        id="sg-0a003f07ea2f60d5a",
        name="legacy",
        owner="ana@example.com",
        since=date(2026, 11, 24),
        arguments={"name": "legacy", "description": "by hand", "ingress": [], "vpc_id": "vpc-1"},
        ignore_changes=["revoke_rules_on_delete"],
    )
    assert resources(synth.constructs(lambda stack: AdoptedResource(stack, "old", adopted=group))) == template_snapshot


def test_governance_with_every_option(synth: Synth, template_snapshot: SnapshotAssertion) -> None:
    settings = Governance(
        budgets=[SpendBudget(by="owner", value="ana@example.com", monthly_usd=500, notify=["ana@example.com"])],
        accelerator_stop=AcceleratorStop(roles=["recsys-dev-jobs"], notify=["platform@example.com"]),
        anomalies=AnomalyAlert(),
        activate_cost_allocation_tags=["Environment", "Owner"],
        cost_export=CostExportSettings(),
        slack=SlackChannel(workspace_id="T0123ABCD", channel_id="C0456EFGH"),
    )
    environment = an_environment(governance=settings, experiments=[an_experiment()])
    assert resources(synth(GovernanceStack, environment=environment)) == template_snapshot
