"""Resources of a training cluster."""

from __future__ import annotations

import base64
import re
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import DeclarationError, Image, NetworkSettings, Platform, TrainingCluster
from mlinfra.catalog.image_families import IMAGE_FAMILIES
from mlinfra.catalog.instances import instance_types
from mlinfra.constructs.training.guard_program import guard_parameters
from mlinfra.constructs.training.node_network import efa_interfaces
from mlinfra.declarations.experiment import Lustre
from mlinfra.declarations.purchase import CapacityBlock, CapacityReservation, OnDemand, Spot
from tests.conftest import an_environment, an_experiment, image_lock

if TYPE_CHECKING:
    from mlinfra import MlStack
    from mlinfra.catalog.instances import InstanceType
    from mlinfra.testing import Synth, Template


BLOCK = CapacityBlock(
    reservation_id="cr-0123456789abcdef0",
    starts=datetime(2026, 12, 1, 12, 30, tzinfo=timezone(timedelta(hours=1))),
    ends=datetime(2026, 12, 8, 11, 30, tzinfo=timezone.utc),
)
KEY = "arn:aws:kms:us-east-1:111111111111:key/1"
NETWORK = NetworkSettings(vpc_id="vpc-1", private_subnet_ids=["subnet-1", "subnet-2"], compute_key_arn=KEY)
SHUTDOWN = SimpleNamespace(shutdown_table="recsys-dev-clusters")
RESERVATION = "cr-0123456789abcdef0"
NEURON_IMAGES = {each: Image(reference="ami-0123456789abcdef0") for each in ("trainium", "trainium2")}


def cluster(
    synth: Synth,
    *,
    settings: dict[str, Any] | None = None,
    arguments: dict[str, Any] | None = None,
    **changes: Any,
) -> Template:
    """A stack with a cluster, as JSON: `settings` of its environment, `arguments` of its own, or `changes`."""
    values: dict[str, Any] = {"experiments": [an_experiment(**changes)], "max_nodes": 8}
    environment = an_environment(**values | (settings or {}))

    def build(stack: MlStack) -> None:
        TrainingCluster(
            stack,
            "cluster",
            experiment=environment.experiments[0],
            network=NETWORK,
            **{"shutdown": SHUTDOWN} | (arguments or {}),
        )

    return synth.constructs(build, environment=environment, inputs=arguments or {})


def first_offered(group: dict[str, Any]) -> bool:
    """True if the group is in the first subnet whose zone offers the instance type."""
    (subnet,) = group["vpc_zone_identifier"]
    subnets = '["subnet-1", "subnet-2"]'
    return str(subnet).startswith(f"${{element(matchkeys({subnets}, {subnets}, data.aws_subnets.cluster_subnets_")


def user_data(config: Template) -> str:
    return base64.b64decode(config.one("aws_launch_template")["user_data"]).decode()


@pytest.mark.parametrize(
    ("size", "instance_type"), [("small", "p3.2xlarge"), ("medium", "p3.8xlarge"), ("large", "p3.16xlarge")]
)
def test_a_size_gives_the_instance_type_of_the_environment(synth: Synth, size: str, instance_type: str) -> None:
    assert cluster(synth, size=size).one("aws_launch_template")["instance_type"] == instance_type


def test_an_environment_may_replace_the_sizes(synth: Synth) -> None:
    config = cluster(synth, settings={"sizes": {"small": "g4dn.xlarge"}})
    assert config.one("aws_launch_template")["instance_type"] == "g4dn.xlarge"


def test_the_root_volume_is_encrypted_and_as_large_as_asked_for(synth: Synth) -> None:
    (device,) = cluster(synth, root_volume_gib=500).one("aws_launch_template")["block_device_mappings"]
    assert device["ebs"] == {
        "volume_type": "gp3",
        "volume_size": 500,
        "throughput": 208,
        "iops": 3000,
        "encrypted": "true",
        "kms_key_id": KEY,
        "delete_on_termination": "true",
    }


def test_the_root_volume_is_200_gib_by_default(synth: Synth) -> None:
    (device,) = cluster(synth).one("aws_launch_template")["block_device_mappings"]
    assert device["ebs"]["volume_size"] == 200


def test_metadata_needs_a_token(synth: Synth) -> None:
    assert cluster(synth).one("aws_launch_template")["metadata_options"]["http_tokens"] == "required"


@pytest.mark.parametrize(
    ("instance_type", "family", "root_device"),
    [("p3.2xlarge", "proprietary-driver", "/dev/xvda"), ("p4d.24xlarge", "open-driver", "/dev/sda1")],
)
def test_a_node_boots_the_pinned_image_whose_driver_runs_its_gpus(
    synth: Synth, instance_type: str, family: str, root_device: str
) -> None:
    config = cluster(synth, instance_type=instance_type)
    template = config.one("aws_launch_template")
    pin = image_lock().find("us-east-1", IMAGE_FAMILIES[family], emulated=False)
    assert pin is not None
    assert template["image_id"] == pin.image_id
    assert template["block_device_mappings"][0]["device_name"] == root_device
    config.has_no_resource("aws_ami", kind="data")


def test_a_node_is_to_have_the_driver_and_the_cuda_version_of_its_image(synth: Synth) -> None:
    text = user_data(cluster(synth))
    assert "\nEXPECTED_DRIVER=595.91.07\nEXPECTED_CUDA=13.2\n" in text


def test_a_node_is_to_have_the_cuda_version_that_the_experiment_asks_for(synth: Synth) -> None:
    text = user_data(cluster(synth, cuda="12.8"))
    assert "\nEXPECTED_CUDA=12.8\n" in text
    assert '\nCUDA_HOME="/usr/local/cuda-12.8"\n' in text


def test_an_unpinned_image_may_have_any_driver(synth: Synth) -> None:
    images = {"v100": Image(reference="name:Own image *")}
    config = cluster(synth, settings={"images": images})
    assert "\nEXPECTED_DRIVER=''\nEXPECTED_CUDA=''\n" in user_data(config)
    image = config.one("aws_ami", kind="data")
    assert (image["owners"], image["filter"]) == (["amazon"], [{"name": "name", "values": ["Own image *"]}])


@pytest.mark.parametrize("kind", ["instance", "volume", "network-interface"])
def test_everything_that_is_launched_names_its_owner(synth: Synth, kind: str) -> None:
    specifications = cluster(synth).one("aws_launch_template")["tag_specifications"]
    (tags,) = [each["tags"] for each in specifications if each["resource_type"] == kind]
    assert tags == {
        "Environment": "dev",
        "Team": "ml-platform",
        "Project": "recsys",
        "CostCenter": "ml-1234",
        "ManagedBy": "terraform",
        "Repository": "gitlab.example.com/ml/platform",
        "CreatedBy": "mlinfra",
        "AutoStop": "true",
        "Name": "recsys-dev-two-tower-v2",
        "Experiment": "two-tower-v2",
        "Owner": "ana@example.com",
        "Expires": "2026-12-18",
        "SpendLimitUsd": "15000.00",
        "Nodes": "1",
        "StopWhenIdle": "true",
        "IdleMinutes": "20",
        "IdleGpuPercent": "5",
        "StalledMinutes": "60",
        "SilenceMinutes": "30",
        "ExpiryGraceHours": "24",
        "PauseMinutes": "10",
        "VacantMinutes": "5",
        "WaitForNodesMinutes": "120",
        "Gang": "true",
    }


def test_the_group_can_be_stopped_without_terraform_starting_it_again(synth: Synth) -> None:
    group = cluster(synth, nodes=3, gang=False).one("aws_autoscaling_group")
    assert (group["min_size"], group["desired_capacity"], group["max_size"]) == (0, 3, 3)
    assert group["lifecycle"] == {"ignore_changes": ["desired_capacity"]}
    assert group["vpc_zone_identifier"] == ["subnet-1", "subnet-2"]


def test_no_port_is_open_but_among_nodes(synth: Synth) -> None:
    config = cluster(synth)
    rule = config.one("aws_vpc_security_group_ingress_rule")
    assert rule["referenced_security_group_id"] == rule["security_group_id"]
    outward = config.resources("aws_vpc_security_group_egress_rule").values()
    assert [(each["from_port"], each["to_port"]) for each in outward if "cidr_ipv4" in each] == [(443, 443)]


def test_a_cluster_of_an_undeclared_experiment_is_refused(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        TrainingCluster(stack, "cluster", experiment=an_experiment(name="ghost"), network=NETWORK)

    with pytest.raises(ValueError, match=r"'dev' does not declare the experiment 'ghost'. Declared: none"):
        synth.constructs(build)


def test_an_image_of_the_environment_is_used(synth: Synth) -> None:
    image = Image(reference="ami-0123456789abcdef0")
    config = cluster(synth, settings={"images": {"v100": image}})
    assert config.one("aws_launch_template")["image_id"] == "ami-0123456789abcdef0"


def test_the_launch_template_describes_the_choice_of_the_instance_type(synth: Synth) -> None:
    template = cluster(synth, gpu="H100", gpus_per_node=8).one("aws_launch_template")
    assert template["description"].startswith("p5.48xlarge (8 x h100 of 80 GiB, 55.04 USD/h); ")
    assert len(template["description"]) <= 255


# Elastic Fabric Adapters


def test_a_node_of_four_p5_has_32_adapters_and_one_address(synth: Synth) -> None:
    template = cluster(synth, instance_type="p5.48xlarge", nodes=4).one("aws_launch_template")
    (own,) = {each for block in template["network_interfaces"] for each in block["security_groups"]}
    assert own.startswith("${aws_security_group.cluster_security-group_")
    # EC2 takes no word about public addresses beside several interfaces.
    always = {"security_groups": [own], "delete_on_termination": "true"}
    assert template["network_interfaces"] == [
        {"network_card_index": 0, "device_index": 0, "interface_type": "interface", **always},
        {"network_card_index": 0, "device_index": 1, "interface_type": "efa-only", **always},
        *(
            {"network_card_index": card, "device_index": 0, "interface_type": "efa-only", **always}
            for card in range(1, 32)
        ),
    ]
    assert "vpc_security_group_ids" not in template


def test_nodes_with_adapters_share_a_subnet_and_a_placement_group(synth: Synth) -> None:
    config = cluster(synth, instance_type="p5.48xlarge", nodes=4)
    group = config.one("aws_autoscaling_group")
    assert first_offered(group)
    placement = config.one("aws_placement_group")
    assert (placement["name"], placement["strategy"]) == ("recsys-dev-two-tower-v2", "cluster")
    assert group["placement_group"].startswith("${aws_placement_group.")


def test_nodes_without_adapters_have_no_interfaces_of_their_own(synth: Synth) -> None:
    template = cluster(synth, instance_type="p5.48xlarge", nodes=4, efa=False).one("aws_launch_template")
    assert "network_interfaces" not in template
    assert len(template["vpc_security_group_ids"]) == 1


@pytest.mark.parametrize(
    "changes", [{"instance_type": "p5.48xlarge", "efa": False}, {"size": "medium"}], ids=["efa-off", "no-adapters"]
)
def test_nodes_that_work_together_share_a_zone_and_a_placement_group_without_adapters_too(
    synth: Synth, changes: dict[str, Any]
) -> None:
    config = cluster(synth, nodes=4, **changes)
    group = config.one("aws_autoscaling_group")
    assert first_offered(group)
    assert group["placement_group"] == f"${{{config.address('aws_placement_group')}.name}}"


@pytest.mark.parametrize("changes", [{"nodes": 4, "gang": False}, {"nodes": 1}], ids=["independent", "one-node"])
def test_nodes_that_work_alone_are_in_any_zone(synth: Synth, changes: dict[str, Any]) -> None:
    config = cluster(synth, size="medium", **changes)
    assert "placement_group" not in config.one("aws_autoscaling_group")
    assert config.one("aws_autoscaling_group")["vpc_zone_identifier"] == ["subnet-1", "subnet-2"]
    assert "data" not in config.document


@pytest.mark.parametrize(
    "changes",
    [{"nodes": 1}, {"nodes": 4, "gang": False}, {"purchase": CapacityReservation(reservation_id=RESERVATION)}],
    ids=["one-node", "independent", "reserved"],
)
def test_a_change_of_the_experiment_does_not_remove_the_placement_group_of_running_nodes(
    synth: Synth, changes: dict[str, Any]
) -> None:
    together = cluster(synth, size="medium", nodes=4).resources("aws_placement_group")
    assert cluster(synth, size="medium", **changes).resources("aws_placement_group") == together


def test_the_nodes_of_a_capacity_block_are_requested_when_it_begins_and_until_ec2_takes_them_back(
    synth: Synth,
) -> None:
    config = cluster(synth, instance_type="p5.48xlarge", nodes=4, purchase=BLOCK)
    listed = config.resources("aws_autoscaling_schedule").values()
    schedules = {each["scheduled_action_name"]: each for each in listed}
    begin, end = schedules["capacity-block-begin"], schedules["capacity-block-end"]
    assert (begin["recurrence"], begin["time_zone"], begin["desired_capacity"]) == ("30 11 1 12 *", "Etc/UTC", 4)
    assert (end["recurrence"], end["time_zone"], end["desired_capacity"]) == ("0 11 8 12 *", "Etc/UTC", 0)
    assert {(each["min_size"], each["max_size"]) for each in schedules.values()} == {(0, -1)}
    group = config.address("aws_autoscaling_group")
    assert begin["autoscaling_group_name"] == f"${{{group}.name}}"


def test_a_cluster_has_no_nodes_before_its_capacity_block_begins(synth: Synth) -> None:
    group = cluster(synth, instance_type="p5.48xlarge", nodes=4, purchase=BLOCK).one("aws_autoscaling_group")
    assert group["desired_capacity"] == (
        '${timecmp(plantimestamp(), "2026-12-01T11:30:00Z") >= 0 && '
        'timecmp(plantimestamp(), "2026-12-08T11:00:00Z") < 0 ? 4 : 0}'
    )
    assert group["max_size"] == 4


def test_the_zone_of_a_cluster_offers_its_instance_type(synth: Synth) -> None:
    config = cluster(synth, instance_type="p5.48xlarge", nodes=4)
    offerings = config.one("aws_ec2_instance_type_offerings", kind="data")
    assert offerings["location_type"] == "availability-zone"
    assert offerings["filter"] == [{"name": "instance-type", "values": ["p5.48xlarge"]}]
    ids, zones = config.one("aws_subnets", kind="data")["filter"]
    assert (ids["name"], ids["values"]) == ("subnet-id", ["subnet-1", "subnet-2"])
    assert zones["name"] == "availability-zone"
    assert zones["values"].startswith("${data.aws_ec2_instance_type_offerings.cluster_zones_")


def test_the_plan_fails_with_the_zones_of_the_catalog_where_no_subnet_is_in_one(synth: Synth) -> None:
    config = cluster(synth, instance_type="p4de.24xlarge", nodes=4)
    (condition,) = config.one("aws_subnets", kind="data")["lifecycle"]["postcondition"]
    assert condition == {
        "condition": "${length(self.ids) > 0}",
        "error_message": (
            "No private subnet is in a zone that offers p4de.24xlarge. Expected: a subnet in one of the zones "
            "use1-az4, use1-az6, such as with more availability_zones in the environment; or another instance type."
        ),
    }


def test_the_plan_fails_where_the_declared_zone_does_not_offer_the_type(synth: Synth) -> None:
    config = cluster(synth, zone="us-east-1c", instance_type="p4de.24xlarge")
    (offered,) = config.one("aws_subnets", kind="data")["lifecycle"]["precondition"]
    assert offered["condition"].endswith('.locations, "us-east-1c")}')
    assert offered["error_message"] == (
        "us-east-1c does not offer p4de.24xlarge. Expected: one of the zones use1-az4, use1-az6, or another instance "
        "type."
    )


@pytest.mark.parametrize("nodes", [4, 1])
def test_the_placement_group_is_deleted_after_the_security_group_which_waits_for_the_nodes(
    synth: Synth, nodes: int
) -> None:
    config = cluster(synth, instance_type="p5.48xlarge", nodes=nodes)
    placement = config.address("aws_placement_group")
    group = config.one("aws_security_group")
    assert group["depends_on"] == [placement]
    assert group["timeouts"] == {"delete": "45m"}


def test_a_subnet_that_is_looked_up_can_be_the_first_one(synth: Synth) -> None:
    environment = an_environment(experiments=[an_experiment(instance_type="p5.48xlarge", nodes=2)])

    def build(stack: MlStack) -> None:
        platform = Platform.lookup(stack)
        TrainingCluster(
            stack,
            "cluster",
            experiment=environment.experiments[0],
            network=platform,
        )

    (subnet,) = synth.constructs(build, environment=environment).one("aws_autoscaling_group")["vpc_zone_identifier"]
    looked_up = 'split(",", data.aws_ssm_parameter.platform_foundation-private-subnet-ids_'
    assert subnet.startswith(f"${{element(matchkeys({looked_up}")
    assert subnet.endswith(".ids), 0)}")


def test_a_zone_picks_the_subnet_that_is_there(synth: Synth) -> None:
    config = cluster(synth, arguments={"zone": "us-east-1b"})
    assert config.one("aws_subnets", kind="data")["filter"] == [
        {"name": "subnet-id", "values": ["subnet-1", "subnet-2"]},
        {"name": "availability-zone", "values": ["us-east-1b"]},
    ]
    (subnet,) = config.one("aws_autoscaling_group")["vpc_zone_identifier"]
    assert first_offered(config.one("aws_autoscaling_group"))
    assert subnet.endswith(".ids), 0)}")


# Buying


def test_on_demand_nodes_have_no_market_options(synth: Synth) -> None:
    config = cluster(synth, purchase=OnDemand())
    template, group = config.one("aws_launch_template"), config.one("aws_autoscaling_group")
    assert "instance_market_options" not in template
    assert "capacity_reservation_specification" not in template
    assert group["launch_template"]["version"] == "$Latest"
    assert "mixed_instances_policy" not in group


def test_spot_comes_above_an_on_demand_base_in_the_order_of_preference(synth: Synth) -> None:
    spot = Spot(on_demand_nodes=1, instance_types=("g6.xlarge", "g5.xlarge", "g6e.xlarge"), max_usd_per_hour=1.25)
    group = cluster(synth, instance_type="g5.xlarge", nodes=4, purchase=spot).one("aws_autoscaling_group")
    policy = group["mixed_instances_policy"]
    assert policy["instances_distribution"] == {
        "on_demand_allocation_strategy": "prioritized",
        "on_demand_base_capacity": 1,
        "on_demand_percentage_above_base_capacity": 0,
        "spot_allocation_strategy": "capacity-optimized-prioritized",
        "spot_max_price": "1.2500",
    }
    types = [each["instance_type"] for each in policy["launch_template"]["override"]]
    assert types == ["g5.xlarge", "g6.xlarge", "g6e.xlarge"]
    assert "launch_template" not in group
    assert "capacity_rebalance" not in group


def test_spot_without_a_price_pays_up_to_the_on_demand_price(synth: Synth) -> None:
    group = cluster(synth, purchase=Spot()).one("aws_autoscaling_group")
    assert "spot_max_price" not in group["mixed_instances_policy"]["instances_distribution"]


def test_disks_and_gpus_are_expected_of_every_type_that_spot_may_bring(synth: Synth) -> None:
    text = user_data(cluster(synth, instance_type="g5.12xlarge", purchase=Spot(instance_types=("g5.xlarge",))))
    assert "\nGPUS=1\n" in text
    assert "\nmount_scratch\n" in text


@pytest.mark.parametrize(
    ("purchase", "market"),
    [
        (CapacityReservation(reservation_id=RESERVATION), None),
        (BLOCK, {"market_type": "capacity-block"}),
    ],
    ids=["reservation", "block"],
)
def test_reserved_nodes_are_launched_into_their_reservation_alone(
    synth: Synth, purchase: CapacityReservation | CapacityBlock, market: dict[str, str] | None
) -> None:
    config = cluster(synth, instance_type="p5.48xlarge", nodes=2, purchase=purchase)
    template = config.one("aws_launch_template")
    assert template["capacity_reservation_specification"] == {
        "capacity_reservation_target": {"capacity_reservation_id": RESERVATION}
    }
    assert template.get("instance_market_options") == market
    # Reserved capacity can be far from the cluster's own placement group, and in another zone than the first.
    assert "placement_group" not in config.one("aws_autoscaling_group")
    assert config.one("aws_autoscaling_group")["vpc_zone_identifier"] == ["subnet-1", "subnet-2"]
    assert len(template["network_interfaces"]) == 33


def test_a_reservation_in_a_placement_group_is_launched_into_there(synth: Synth) -> None:
    config = cluster(
        synth,
        purchase=CapacityReservation(reservation_id=RESERVATION),
        arguments={"placement_group": "reserved"},
    )
    assert config.one("aws_autoscaling_group")["placement_group"] == "reserved"


# Lustre


def test_lustre_shows_a_prefix_of_the_lake_in_the_subnet_of_the_nodes(synth: Synth) -> None:
    config = cluster(synth, lustre=Lustre(zone="raw", prefix="clicks/", capacity_gib=2400))
    file_system = config.one("aws_fsx_lustre_file_system")
    assert (file_system["deployment_type"], file_system["storage_capacity"]) == ("SCRATCH_2", 2400)
    assert file_system["subnet_ids"] == config.one("aws_autoscaling_group")["vpc_zone_identifier"]
    link = config.one("aws_fsx_data_repository_association")
    assert link["data_repository_path"] == "s3://recsys-dev-raw-111111111111-us-east-1/clicks/"
    assert link["s3"] == {"auto_import_policy": {"events": ["NEW", "CHANGED", "DELETED"]}}
    assert link["batch_import_meta_data_on_create"] is True
    assert "\nLUSTRE_PARAMETER=/mlinfra/recsys/dev/training/two-tower-v2/lustre\n" in user_data(config)


def test_what_is_deleted_in_lustre_is_never_deleted_in_the_lake(synth: Synth) -> None:
    config = cluster(synth, lustre=Lustre(zone="features", export=True))
    policy = config.one("aws_fsx_data_repository_association")["s3"]["auto_export_policy"]
    assert policy == {"events": ["NEW", "CHANGED"]}


def test_the_janitor_may_delete_the_file_system_some_time_after_its_cluster_was_stopped(
    synth: Synth,
) -> None:
    config = cluster(synth, lustre=Lustre(zone="raw", keep_hours=100))
    tags = config.one("aws_fsx_lustre_file_system")["tags"]
    assert (tags["AutoStop"], tags["KeepHours"], tags["Name"]) == ("true", "100", "recsys-dev-two-tower-v2")
    group = {each["key"]: each["value"] for each in config.one("aws_autoscaling_group")["tag"]}
    assert group["KeepHours"] == "100"


def test_a_removed_file_system_is_not_created_again_while_it_is_marked(synth: Synth) -> None:
    config = cluster(synth, lustre=Lustre(zone="raw"))
    ((address, data),) = config.resources("aws_ssm_parameters_by_path", kind="data").items()
    path = "/mlinfra/recsys/dev/training/removed-file-systems"
    assert data["path"] == path
    count = f'${{contains({address}.names, "{path}/two-tower-v2") ? 0 : 1}}'
    (mount,) = [each for each in config.resources("aws_ssm_parameter").values() if each["name"].endswith("/lustre")]
    parts = [config.one(f"aws_fsx_{each}") for each in ("lustre_file_system", "data_repository_association")]
    assert [each["count"] for each in (*parts, mount)] == [count] * 3
    assert parts[1]["file_system_id"].endswith("[count.index].id}")


def test_the_link_to_the_lake_has_hours_for_its_import(synth: Synth) -> None:
    config = cluster(synth, lustre=Lustre(zone="raw"))
    timeouts = config.one("aws_fsx_data_repository_association")["timeouts"]
    assert timeouts == {"create": "12h", "update": "12h", "delete": "4h"}


def test_the_price_of_a_capacity_block_is_a_tag(synth: Synth) -> None:
    for price, expected in ((31.464, "31.4640"), (None, None)):
        block = CapacityBlock(**BLOCK.model_dump() | {"usd_per_hour": price})
        config = cluster(synth, purchase=block)
        group = {each["key"]: each["value"] for each in config.one("aws_autoscaling_group")["tag"]}
        assert group.get("NodeUsdPerHour") == expected


def test_lustre_uses_only_its_own_ports(synth: Synth) -> None:
    config = cluster(synth, lustre=Lustre(zone="raw"))
    for kind, own in (("ingress", 1), ("egress", 2)):
        rules = config.resources(f"aws_vpc_security_group_{kind}_rule").values()
        lustre = [each for each in rules if each["description"].startswith("Lustre")]
        assert len(rules) == own + 6
        assert sorted((each["from_port"], each["to_port"]) for each in lustre) == [(988, 988)] * 3 + [(1018, 1023)] * 3
        assert all("referenced_security_group_id" in each for each in lustre)


def test_nodes_come_once_their_file_system_can_be_found(synth: Synth) -> None:
    config = cluster(synth, lustre=Lustre(zone="raw"))
    needed = config.one("aws_autoscaling_group")["depends_on"]
    assert {each.partition(".")[0] for each in needed} == {
        "aws_iam_role_policy",
        "aws_cloudwatch_log_group",
        "aws_ssm_parameter",
    }
    parameters = config.resources("aws_ssm_parameter").values()
    assert len(parameters) == sum(each.startswith("aws_ssm_parameter.") for each in needed)
    (mount,) = [each for each in parameters if each["name"].endswith("/lustre")]
    assert mount["value"].endswith(".mount_name}")
    assert "@tcp:/${aws_fsx_lustre_file_system." in mount["value"]


# Shutdown


def test_nodes_are_protected_from_scale_in_and_deleted_with_their_cluster(synth: Synth) -> None:
    group = cluster(synth).one("aws_autoscaling_group")
    assert group["protect_from_scale_in"] is True
    assert group["force_delete"] is True
    assert group["suspended_processes"] == ["AZRebalance"]


def test_nodes_publish_their_master_and_terraform_lets_them(synth: Synth) -> None:
    parameters = cluster(synth).resources("aws_ssm_parameter").values()
    (parameter,) = [each for each in parameters if each["name"] == "/mlinfra/recsys/dev/training/two-tower-v2/master"]
    assert (parameter["value"], parameter["lifecycle"]) == ("none", {"ignore_changes": ["value"]})


def test_the_stop_rules_of_a_cluster_are_in_its_tags(synth: Synth) -> None:
    config = cluster(
        synth,
        nodes=3,
        spend_limit_usd=1234.5,
        stop_when_idle=False,
        gang=False,
        wait_for_nodes_minutes=60,
        settings={
            "idle_minutes": 45,
            "idle_gpu_percent": 2.5,
            "stalled_minutes": 90,
            "silence_minutes": 15,
            "expiry_grace_hours": 12,
            "pause_minutes": 0,
        },
    )
    tags = {each["key"]: each for each in config.one("aws_autoscaling_group")["tag"]}
    assert all(each["propagate_at_launch"] for each in tags.values())
    found = {name: each["value"] for name, each in tags.items()}
    assert (found["SpendLimitUsd"], found["Nodes"], found["StopWhenIdle"]) == ("1234.50", "3", "false")
    assert (found["IdleMinutes"], found["IdleGpuPercent"]) == ("45", "2.5")
    assert (found["StalledMinutes"], found["SilenceMinutes"]) == ("90", "15")
    assert (found["ExpiryGraceHours"], found["PauseMinutes"]) == ("12", "0")
    assert (found["Gang"], found["WaitForNodesMinutes"]) == ("false", "60")
    assert (
        "\nIDLE_MINUTES=45\nIDLE_GPU_PERCENT=2.5\nSTALLED_MINUTES=90\nPAUSE_MINUTES=0\nVACANT_MINUTES=5\n"
        in user_data(config)
    )


def test_the_guard_is_in_parameters_that_nodes_read_at_boot(synth: Synth) -> None:
    config = cluster(synth)
    own = "/mlinfra/recsys/dev/training/two-tower-v2"
    found = {each["name"]: each["value"] for each in config.resources("aws_ssm_parameter").values()}
    names = [f"{own}/guard-{number}" for number, _ in enumerate(guard_parameters(), start=1)]
    assert [found[name] for name in names] == list(guard_parameters())
    assert f"\nGUARD_PARAMETERS='{' '.join(names)}'\n" in user_data(config)


def test_nodes_start_after_the_parameters_of_the_guard(synth: Synth) -> None:
    config = cluster(synth)
    needed = config.one("aws_autoscaling_group")["depends_on"]
    assert set(config.resources("aws_ssm_parameter")) <= set(needed)


def test_the_boot_is_logged_in_an_encrypted_group_of_the_clusters_own(synth: Synth) -> None:
    logs = cluster(synth).one("aws_cloudwatch_log_group")
    assert logs["name"] == "/mlinfra/recsys/dev/training/two-tower-v2"
    assert (logs["kms_key_id"], logs["retention_in_days"]) == (KEY, 30)


def test_variables_of_the_experiment_and_of_the_platform_reach_the_node(synth: Synth) -> None:
    text = user_data(cluster(synth, nodes=2, variables={"NCCL_DEBUG": "INFO"}))
    for line in (
        'NCCL_DEBUG="INFO"',
        'MLINFRA_TABLE="recsys-dev-clusters"',
        'MLINFRA_CLUSTER="recsys-dev-two-tower-v2"',
        'AWS_DEFAULT_REGION="us-east-1"',
        'NNODES="2"',
        'MASTER_PORT="29500"',
    ):
        assert f"\n{line}\n" in text


def test_every_family_of_instances_has_a_cluster(synth: Synth) -> None:
    """Of each family the largest, two of them: user data that fits, and interfaces where they are known."""
    largest: dict[str, InstanceType] = {}
    for each in instance_types().values():
        family = each.name.partition(".")[0]
        largest[family] = max(each, largest.get(family, each), key=lambda one: (one.vcpu, one.name))
    experiments = [
        an_experiment(name=f"try-{family}", instance_type=each.name, nodes=2) for family, each in largest.items()
    ]
    images = {each.accelerator: Image(reference="ami-0123456789abcdef0") for each in largest.values()}
    environment = an_environment(experiments=experiments, images=images)

    def build(stack: MlStack) -> None:
        for each in environment.experiments:
            TrainingCluster(stack, each.name, experiment=each, network=NETWORK, shutdown=SHUTDOWN)

    templates = synth.constructs(build, environment=environment).resources("aws_launch_template").values()
    assert len(templates) == len(largest) > 20


# Refusals


@pytest.mark.parametrize(
    ("changes", "arguments", "message"),
    [
        (
            {"instance_type": "trn1.2xlarge", "cuda": "12.8"},
            {},
            (
                "cuda: trn1.2xlarge has trainium accelerators, not NVIDIA GPUs. Expected: no cuda, or another instance "
                "type."
            ),
        ),
        (
            {"lustre": Lustre(zone="raw"), "purchase": CapacityReservation(reservation_id=RESERVATION)},
            {},
            "zone: a Lustre file system must be in the zone of the reservation. Expected: zone=",
        ),
        (
            {},
            {"zone": "eu-west-1a"},
            "zone: 'eu-west-1a' is not in the environment's region. Expected: one of us-east-1, such as us-east-1a.",
        ),
        ({"variables": {"X": "x" * 9000}}, {}, "bytes over the 16384 that EC2 takes. Expected: fewer or shorter"),
    ],
    ids=["cuda-without-nvidia", "lustre-and-reservation", "other-region", "too-much"],
)
def test_settings_with_which_no_node_could_run_are_refused(
    synth: Synth, changes: dict[str, Any], arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(
        DeclarationError,
        match=f"^the cluster 'recsys-dev-two-tower-v2' cannot run: 1 problem\n.*{re.escape(message)}",
    ):
        cluster(synth, settings={"images": NEURON_IMAGES}, arguments=arguments, **changes)


def test_all_reasons_are_reported_at_once(synth: Synth, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown_cards(instance_type: InstanceType) -> None:
        efa_interfaces(instance_type.model_copy(update={"network_cards": None}))

    monkeypatch.setattr("mlinfra.constructs.training.cluster.efa_interfaces", unknown_cards)
    with pytest.raises(DeclarationError, match=r"(?s)cannot run: 3 problems\n  - efa: .* - zone: .* - variables: "):
        cluster(
            synth,
            instance_type="trn2.48xlarge",
            nodes=2,
            variables={"X": "x" * 9000},
            arguments={"zone": "us-west-2a"},
            settings={"images": NEURON_IMAGES},
        )
