"""Resources of a training queue, and invalid settings."""

from __future__ import annotations

import base64
import email
import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import NetworkSettings
from mlinfra.constructs.data_lake.access import DataLakeAccess
from mlinfra.constructs.training.queue import TrainingQueue
from tests.conftest import an_environment
from tests.unit.declarations.test_training_queue import a_declared_queue

if TYPE_CHECKING:
    from mlinfra import MlStack
    from mlinfra.constructs.parts import PrivateNetwork
    from mlinfra.testing import Synth, Template

IMAGE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/ranking/two-tower:2.3"
NO_DISKS = {
    "instance_types": ["p3.8xlarge"],
    "gpu": None,
    "gpus_per_node": None,
    "image_id": "ami-0123456789abcdef0",
}
KEY = "arn:aws:kms:us-east-1:111111111111:key/1"
NETWORK = NetworkSettings(vpc_id="vpc-1", private_subnet_ids=["subnet-1", "subnet-2"], compute_key_arn=KEY)


def a_queue(
    stack: MlStack,
    *,
    network: PrivateNetwork = NETWORK,
    multi_node_subnet_id: str | None = None,
    **changes: Any,
) -> TrainingQueue:
    """A valid queue with `changes` of its declaration."""
    environment = an_environment(queues=[a_declared_queue(**changes)])
    return TrainingQueue(
        stack,
        "queue",
        queue=environment.queue("ranking"),
        network=network,
        multi_node_subnet_id=multi_node_subnet_id,
        environment=environment,
    )


def queue(synth: Synth, **changes: Any) -> Template:
    return synth.constructs(lambda stack: a_queue(stack, **changes), inputs=changes)


def job(synth: Synth, *, of: dict[str, Any] | None = None, **changes: Any) -> Template:
    asked = {"image": IMAGE} | changes
    return synth.constructs(
        lambda stack: a_queue(stack, **(of or {})).job("two-tower", **asked), inputs={"of": of or {}, "asked": asked}
    )


def named(config: Template, type_name: str) -> dict[str, dict[str, Any]]:
    """The resources of a type by the end of their names."""
    found = config.find(type_name).values()
    return {(each.get("tags") or each)["Name"].removeprefix("recsys-dev-ranking-"): each for each in found}


def environments(config: Template) -> dict[str, dict[str, Any]]:
    return {name: each["compute_resources"] for name, each in named(config, "aws_batch_compute_environment").items()}


def container(config: Template) -> dict[str, Any]:
    """The container of each node of the one job."""
    definition = config.one("aws_batch_job_definition")
    if "node_properties" in definition:
        (nodes,) = json.loads(definition["node_properties"])["nodeRangeProperties"]
        found: dict[str, Any] = nodes["container"]
    else:
        found = json.loads(definition["container_properties"])
    return found


def requirements(config: Template) -> dict[str, int]:
    return {each["type"]: int(each["value"]) for each in container(config)["resourceRequirements"]}


def statements(config: Template) -> dict[str, dict[str, Any]]:
    """The statements of the policy of the job, without those of the roles of runs."""
    return {each["Sid"]: each for each in json.loads(job_policy(config)["policy"])["Statement"]}


def job_policy(config: Template) -> dict[str, Any]:
    """The one policy of the job."""
    (found,) = [each for each in config.resources("aws_iam_role_policy").values() if "job-" in each["role"]]
    return dict(found)


class TestNodes:
    def test_the_cheapest_type_with_the_gpus_is_taken_and_explained(self, synth: Synth) -> None:
        reasons: list[str] = []
        config = synth.constructs(lambda stack: reasons.append(a_queue(stack).reason))
        assert {tuple(each["instance_type"]) for each in environments(config).values()} == {("g5.12xlarge",)}
        assert reasons[0].startswith(
            "g5.12xlarge (4 x a10g of 22.35 GiB, 5.67 USD/h); the cheapest of 2 matching types"
        )

    def test_types_by_name_are_all_used_but_for_multi_node_jobs(self, synth: Synth) -> None:
        types = ["g5.24xlarge", "g5.12xlarge"]
        found = environments(queue(synth, gpu=None, gpus_per_node=None, instance_types=types))
        assert found["spot"]["instance_type"] == found["on-demand"]["instance_type"] == sorted(types)
        assert found["multi-node"]["instance_type"] == ["g5.24xlarge"]

    def test_there_are_no_nodes_without_jobs_and_at_most_max_nodes(self, synth: Synth) -> None:
        types = ["g5.12xlarge", "g5.24xlarge"]
        found = environments(queue(synth, gpu=None, gpus_per_node=None, instance_types=types))
        assert {name: each["max_vcpus"] for name, each in found.items()} == {
            "spot": 16 * 96,
            "on-demand": 16 * 96,
            "multi-node": 16 * 48,
        }
        assert {each["min_vcpus"] for each in found.values()} == {0}
        assert not any("desired_vcpus" in each for each in found.values())

    def test_spot_and_on_demand_nodes_have_separate_environments(self, synth: Synth) -> None:
        found = environments(queue(synth))
        assert {name: (each["type"], each["allocation_strategy"]) for name, each in found.items()} == {
            "spot": ("SPOT", "SPOT_CAPACITY_OPTIMIZED"),
            "on-demand": ("EC2", "BEST_FIT_PROGRESSIVE"),
            "multi-node": ("EC2", "BEST_FIT_PROGRESSIVE"),
        }

    def test_batch_updates_environments_as_its_service_linked_role(self, synth: Synth) -> None:
        for each in named(queue(synth), "aws_batch_compute_environment").values():
            assert "service_role" not in each
            assert each["update_policy"] == {"job_execution_timeout_minutes": 360, "terminate_jobs_on_update": False}
            assert each["lifecycle"] == {"create_before_destroy": True}

    def test_environments_have_names_that_either_provider_takes(self, synth: Synth) -> None:
        for each in named(queue(synth), "aws_batch_compute_environment").values():
            assert not {"name", "name_prefix", "compute_environment_name"} & each.keys()

    def test_a_new_version_of_the_launch_template_is_a_change_of_the_environment(self, synth: Synth) -> None:
        for each in environments(queue(synth)).values():
            assert each["launch_template"]["version"].endswith(".latest_version}")

    def test_the_image_is_that_of_batch_for_gpus(self, synth: Synth) -> None:
        for each in environments(queue(synth)).values():
            assert each["ec2_configuration"] == [{"image_type": "ECS_AL2023_NVIDIA"}]

    def test_an_image_can_be_pinned(self, synth: Synth) -> None:
        for each in environments(queue(synth, image_id="ami-0123456789abcdef0")).values():
            assert each["ec2_configuration"] == [
                {"image_type": "ECS_AL2023_NVIDIA", "image_id_override": "ami-0123456789abcdef0"}
            ]

    def test_a_v100_runs_with_a_custom_image(self, synth: Synth) -> None:
        config = queue(synth, gpu="V100", gpus_per_node=8, image_id="ami-0123456789abcdef0")
        for each in environments(config).values():
            assert each["ec2_configuration"] == [
                {"image_type": "ECS_AL2_NVIDIA", "image_id_override": "ami-0123456789abcdef0"}
            ]

    def test_root_volumes_are_encrypted_and_metadata_needs_a_token(self, synth: Synth) -> None:
        for template in named(queue(synth, root_volume_gib=500), "aws_launch_template").values():
            (device,) = template["block_device_mappings"]
            assert device["device_name"] == "/dev/xvda"
            assert device["ebs"] == {
                "volume_type": "gp3",
                "volume_size": 500,
                "throughput": 1000,
                "iops": 4000,
                "encrypted": "true",
                "kms_key_id": KEY,
                "delete_on_termination": "true",
            }
            assert template["metadata_options"]["http_tokens"] == "required"

    def test_the_root_volume_is_200_gib_by_default(self, synth: Synth) -> None:
        for template in named(queue(synth), "aws_launch_template").values():
            assert template["block_device_mappings"][0]["ebs"]["volume_size"] == 200

    @pytest.mark.parametrize("kind", ["instance", "volume", "network-interface"])
    def test_nodes_have_an_owner_and_are_excluded_from_the_janitor(self, synth: Synth, kind: str) -> None:
        config = queue(synth)
        for name, template in named(config, "aws_launch_template").items():
            (tags,) = [each["tags"] for each in template["tag_specifications"] if each["resource_type"] == kind]
            assert tags == environments(config)[name]["tags"]
            assert tags.items() >= {"AutoStop": "false", "Owner": "ana@example.com", "Queue": "ranking"}.items()
            assert tags["CostCenter"] == "ml-1234"

    def test_all_resources_name_their_owner(self, synth: Synth) -> None:
        for type_name, resources in job(synth).document["resource"].items():
            for each in resources.values():
                if "tags" in each:
                    assert each["tags"]["Owner"] == "ana@example.com", type_name
                    assert each["tags"]["AutoStop"] == "false", type_name

    def test_no_port_is_open_but_among_nodes(self, synth: Synth) -> None:
        config = queue(synth)
        rule = config.one("aws_vpc_security_group_ingress_rule")
        assert rule["referenced_security_group_id"] == rule["security_group_id"]
        outward = config.resources("aws_vpc_security_group_egress_rule").values()
        assert [(each["from_port"], each["to_port"]) for each in outward if "cidr_ipv4" in each] == [(443, 443)]

    def test_nodes_may_do_what_the_ecs_agent_needs_and_nothing_else(self, synth: Synth) -> None:
        config = queue(synth)
        attached = config.one("aws_iam_role_policy_attachment")["policy_arn"]
        assert attached == "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"
        assert not [each for each in config.resources("aws_iam_role_policy").values() if "node" in each["role"]]


class TestMultiNode:
    def test_nodes_of_multi_node_jobs_are_in_one_subnet_and_placement_group(self, synth: Synth) -> None:
        config = queue(synth)
        assert config.one("aws_placement_group")["strategy"] == "cluster"
        found = environments(config)
        assert [name for name, each in found.items() if "placement_group" in each] == ["multi-node"]
        (subnet,) = found["multi-node"]["subnets"]
        subnets = '["subnet-1", "subnet-2"]'
        assert subnet.startswith(f"${{element(matchkeys({subnets}, {subnets}, data.aws_subnets.queue_subnets_")
        assert found["on-demand"]["subnets"] == ["subnet-1", "subnet-2"]

    def test_their_subnet_can_be_chosen(self, synth: Synth) -> None:
        found = environments(queue(synth, multi_node_subnet_id="subnet-2"))
        assert found["multi-node"]["subnets"] == ["subnet-2"]

    def test_subnets_can_be_known_only_at_deploy_time(self, synth: Synth) -> None:
        from mlinfra.platform import Platform

        config = synth.constructs(lambda stack: a_queue(stack, network=Platform.lookup(stack)))
        (subnet,) = environments(config)["multi-node"]["subnets"]
        assert subnet.startswith('${element(matchkeys(split(",", data.aws_ssm_parameter.')

    def test_their_zone_offers_the_first_instance_type(self, synth: Synth) -> None:
        config = queue(synth, gpu="A100", gpus_per_node=8)
        (offered,) = config.one("aws_ec2_instance_type_offerings", kind="data")["filter"]
        assert offered == {"name": "instance-type", "values": ["p4d.24xlarge"]}

    def test_their_placement_group_is_deleted_after_the_last_node(self, synth: Synth) -> None:
        config = queue(synth)
        placement = config.address("aws_placement_group")
        assert config.one("aws_security_group")["depends_on"] == [f"{placement}"]

    def test_their_placement_group_is_kept_when_there_are_no_longer_multi_node_jobs(self, synth: Synth) -> None:
        before, after = queue(synth), queue(synth, max_nodes=1)
        assert after.resources("aws_placement_group") == before.resources("aws_placement_group")
        placement = after.address("aws_placement_group")
        assert after.one("aws_security_group")["depends_on"] == [f"{placement}"]

    def test_a_queue_with_one_node_has_no_multi_node_queue(self, synth: Synth) -> None:
        made: list[TrainingQueue] = []
        config = synth.constructs(lambda stack: made.append(a_queue(stack, max_nodes=1)))
        assert made[0].multi_node_queue is None
        assert set(environments(config)) == {"spot", "on-demand"}

    def test_without_adapters_security_groups_are_in_the_compute_environment(self, synth: Synth) -> None:
        config = queue(synth)
        assert all("security_group_ids" in each for each in environments(config).values())
        assert not any("network_interfaces" in each for each in named(config, "aws_launch_template").values())

    def test_with_adapters_security_groups_are_in_the_interfaces(self, synth: Synth) -> None:
        config = queue(synth, gpu="A100", gpus_per_node=8, efa=True)
        found = environments(config)
        assert [name for name, each in found.items() if "security_group_ids" not in each] == ["multi-node"]
        templates = named(config, "aws_launch_template")
        assert [name for name, each in templates.items() if "network_interfaces" in each] == ["multi-node"]
        for interface in templates["multi-node"]["network_interfaces"]:
            assert interface["security_groups"] == found["on-demand"]["security_group_ids"]
            assert "associate_public_ip_address" not in interface

    @pytest.mark.parametrize(
        ("gpu", "count", "interfaces"),
        [
            ("A10G", 8, ["efa"]),
            ("A100", 8, ["efa", *["efa-only"] * 3]),
            ("H100", 8, ["efa", *["efa-only"] * 31]),
            # Its first card takes no adapter.
            ("B300", 8, ["interface", *["efa-only"] * 16]),
        ],
    )
    def test_each_card_that_takes_an_adapter_has_one(
        self, synth: Synth, gpu: str, count: int, interfaces: list[str]
    ) -> None:
        config = queue(synth, gpu=gpu, gpus_per_node=count, efa=True)
        found = named(config, "aws_launch_template")["multi-node"]["network_interfaces"]
        assert [each["interface_type"] for each in found] == interfaces
        assert [each["network_card_index"] for each in found] == list(range(len(interfaces)))
        # One interface a card leaves room on the first for that of the job's container.
        assert {each["device_index"] for each in found} == {0}


class TestQueues:
    def test_each_queue_has_its_own_environment(self, synth: Synth) -> None:
        queues = named(queue(synth), "aws_batch_job_queue")
        for name, each in queues.items():
            (entry,) = each["compute_environment_order"]
            assert entry["order"] == 1
            assert f"queue_{name}_environment" in entry["compute_environment"]
        assert {name: each["priority"] for name, each in queues.items()} == {
            "spot": 1,
            "on-demand": 10,
            "multi-node": 10,
        }

    def test_spot_falls_back_to_on_demand_only_when_asked(self, synth: Synth) -> None:
        queues = named(queue(synth, spot_falls_back_to_on_demand=True), "aws_batch_job_queue")
        orders = {
            name: [
                entry["compute_environment"].split("_environment_")[1] for entry in each["compute_environment_order"]
            ]
            for name, each in queues.items()
        }
        assert len(orders["spot"]) == 2
        assert orders["spot"][1:] == orders["on-demand"]

    def test_a_team_with_twice_the_share_has_half_the_weight(self, synth: Synth) -> None:
        config = queue(synth, teams={"ranking": 2, "search": 1, "interns": 0.3})
        (policy,) = [config.one("aws_batch_scheduling_policy")["fair_share_policy"]]
        assert policy["share_distribution"] == [
            {"share_identifier": "interns", "weight_factor": 3.3333},
            {"share_identifier": "ranking", "weight_factor": 0.5},
            {"share_identifier": "search", "weight_factor": 1},
        ]
        assert (policy["share_decay_seconds"], policy["compute_reservation"]) == (86_400, 0)

    def test_fairness_can_be_tuned(self, synth: Synth) -> None:
        config = queue(synth, share_decay_seconds=604_800, compute_reservation_percent=25)
        policy = config.one("aws_batch_scheduling_policy")["fair_share_policy"]
        assert (policy["share_decay_seconds"], policy["compute_reservation"]) == (604_800, 25)

    def test_every_queue_is_shared_fairly(self, synth: Synth) -> None:
        for each in named(queue(synth), "aws_batch_job_queue").values():
            assert each["scheduling_policy_arn"].startswith("${aws_batch_scheduling_policy.")

    def test_a_job_that_can_never_run_does_not_block_the_others(self, synth: Synth) -> None:
        for each in named(queue(synth, capacity_wait_seconds=3600), "aws_batch_job_queue").values():
            limits = each["job_state_time_limit_action"]
            assert {limit["reason"]: limit["max_time_seconds"] for limit in limits} == {
                "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY": 3600,
                "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE": 600,
                "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT": 600,
            }
            assert {(limit["state"], limit["action"]) for limit in limits} == {("RUNNABLE", "CANCEL")}

    def test_output_of_jobs_is_encrypted_and_kept_for_a_time(self, synth: Synth) -> None:
        group = queue(synth, log_retention_days=30).one("aws_cloudwatch_log_group")
        assert (group["name"], group["kms_key_id"], group["retention_in_days"]) == (
            "/aws/batch/recsys-dev-ranking",
            KEY,
            30,
        )


class TestJobs:
    def test_a_job_gets_a_whole_node_by_default(self, synth: Synth) -> None:
        assert requirements(job(synth)) == {"GPU": 4, "VCPU": 48, "MEMORY": int(196_608 * 0.9)}

    def test_a_job_with_some_gpus_gets_that_share_of_vcpus_and_memory(self, synth: Synth) -> None:
        config = job(synth, gpus_per_node=1)
        assert requirements(config) == {"GPU": 1, "VCPU": 12, "MEMORY": int(196_608 * 0.9 / 4)}
        assert container(config)["linuxParameters"] == {"sharedMemorySize": int(196_608 * 0.9 / 4) // 2}

    def test_the_requested_resources_are_set(self, synth: Synth) -> None:
        config = job(synth, gpus_per_node=2, vcpus_per_node=6, memory_mib_per_node=32_768, shared_memory_mib=1024)
        assert requirements(config) == {"GPU": 2, "VCPU": 6, "MEMORY": 32_768}
        assert container(config)["linuxParameters"] == {"sharedMemorySize": 1024}

    def test_its_share_of_a_node_is_computed_from_a_type_with_its_gpus(self, synth: Synth) -> None:
        types = {"gpu": None, "gpus_per_node": None, "instance_types": ["g5.12xlarge", "g5.48xlarge"]}
        config = job(synth, of=types, gpus_per_node=8)
        assert requirements(config) == {"GPU": 8, "VCPU": 192, "MEMORY": int(786_432 * 0.9)}

    def test_several_nodes_are_one_job_that_node_0_leads(self, synth: Synth) -> None:
        config = job(synth, nodes=4, command=["torchrun", "train.py"])
        definition = config.one("aws_batch_job_definition")
        nodes = json.loads(definition["node_properties"])
        assert definition["type"] == "multinode"
        assert (nodes["numNodes"], nodes["mainNode"]) == (4, 0)
        assert [each["targetNodes"] for each in nodes["nodeRangeProperties"]] == ["0:3"]
        assert container(config)["command"] == ["torchrun", "train.py"]
        assert "container_properties" not in definition

    def test_adapters_are_handed_to_the_containers_of_several_nodes_only(self, synth: Synth) -> None:
        with_adapters = {"gpu": "A100", "gpus_per_node": 8, "efa": True}
        devices = container(job(synth, of=with_adapters, nodes=2))["linuxParameters"]["devices"]
        assert [each["hostPath"] for each in devices] == [f"/dev/infiniband/uverbs{index}" for index in range(4)]
        assert devices[0] == {
            "hostPath": "/dev/infiniband/uverbs0",
            "containerPath": "/dev/infiniband/uverbs0",
            "permissions": ["READ", "WRITE", "MKNOD"],
        }

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ({}, "spot_queue"),
            ({"spot": True}, "spot_queue"),
            ({"spot": False}, "on_demand_queue"),
            ({"nodes": 2}, "multi_node_queue"),
            ({"nodes": 2, "spot": False}, "multi_node_queue"),
        ],
    )
    def test_its_queue_follows_from_nodes_and_spot(self, synth: Synth, asked: dict[str, Any], expected: str) -> None:
        def build(stack: MlStack) -> None:
            made = a_queue(stack)
            assert made.job("two-tower", image=IMAGE, **asked).queue is getattr(made, expected)

        synth.constructs(build)

    def test_it_is_retried_only_after_the_loss_of_its_host(self, synth: Synth) -> None:
        (strategy,) = [job(synth, attempts=5).one("aws_batch_job_definition")["retry_strategy"]]
        assert strategy == {
            "attempts": 5,
            "evaluate_on_exit": [
                {"action": "retry", "on_status_reason": "Host EC2*"},
                {"action": "exit", "on_reason": "*"},
            ],
        }

    def test_its_program_may_request_another_attempt(self, synth: Synth) -> None:
        strategy = job(synth, retry_exit_codes=[75, 143]).one("aws_batch_job_definition")["retry_strategy"]
        assert strategy["evaluate_on_exit"] == [
            {"action": "retry", "on_status_reason": "Host EC2*"},
            {"action": "retry", "on_exit_code": "75"},
            {"action": "retry", "on_exit_code": "143"},
            {"action": "exit", "on_reason": "*"},
        ]

    def test_it_is_tried_three_times_for_a_day_each_by_default(self, synth: Synth) -> None:
        definition = job(synth).one("aws_batch_job_definition")
        assert definition["retry_strategy"]["attempts"] == 3
        assert definition["timeout"] == {"attempt_duration_seconds": 86_400}
        assert definition["scheduling_priority"] == 100
        assert definition["propagate_tags"] is True

    def test_time_and_priority_can_be_set(self, synth: Synth) -> None:
        definition = job(synth, timeout_seconds=3600, priority=7).one("aws_batch_job_definition")
        assert definition["timeout"] == {"attempt_duration_seconds": 3600}
        assert definition["scheduling_priority"] == 7

    def test_memory_can_be_pinned_and_many_files_opened(self, synth: Synth) -> None:
        limits = {each["name"]: each["softLimit"] for each in container(job(synth))["ulimits"]}
        assert limits == {"memlock": -1, "stack": 67_108_864, "nofile": 65_536}

    def test_shell_variables_are_left_to_the_shell(self, synth: Synth) -> None:
        config = job(synth, command=["sh", "-c", "echo ${RANK} %{x}"], variables={"GREETING": "${USER}"})
        # Terraform reads $${ as ${.
        assert container(config)["command"] == ["sh", "-c", "echo $${RANK} %%{x}"]
        assert container(config)["environment"] == [{"name": "GREETING", "value": "$${USER}"}]

    def test_values_that_are_known_at_deploy_time_only_are_filled_in(self, synth: Synth) -> None:
        def build(stack: MlStack) -> None:
            made = a_queue(stack)
            made.job("two-tower", image=IMAGE, variables={"LOGS": made.log_group.name})

        config = synth.constructs(build)
        (variable,) = container(config)["environment"]
        assert variable["value"].startswith("${aws_cloudwatch_log_group.")

    def test_its_output_goes_to_the_queues_log_group(self, synth: Synth) -> None:
        logs = container(job(synth))["logConfiguration"]
        assert logs["logDriver"] == "awslogs"
        assert logs["options"]["awslogs-group"].startswith("${aws_cloudwatch_log_group.")
        assert logs["options"]["awslogs-stream-prefix"] == "two-tower"

    def test_its_role_has_no_permissions_until_they_are_granted(self, synth: Synth) -> None:
        config = job(synth)
        roles = named(config, "aws_iam_role")
        trust = json.loads(roles["two-tower"]["assume_role_policy"])["Statement"]
        assert trust == [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}},
            }
        ]
        assert "execution-role" in job_policy(config)["role"]

    def test_a_data_lake_can_be_granted_to_it(self, synth: Synth) -> None:
        def build(stack: MlStack) -> None:
            made = a_queue(stack).job("two-tower", image=IMAGE)
            DataLakeAccess(stack, "lake", key_arn=KEY).grant_read(made, zones=["features"])

        policies = synth.constructs(build).resources("aws_iam_role_policy").values()
        (granted,) = [each for each in policies if each["name"] == "lake-read-features"]
        assert "job-two-tower_role" in granted["role"]

    def test_it_can_use_an_existing_role(self, synth: Synth) -> None:
        from mlinfra._cdk.aws import iam_role

        def build(stack: MlStack) -> None:
            role = iam_role.IamRole(
                stack,
                "own",
                name="own",
                assume_role_policy="{}",
                permissions_boundary=stack.environment.boundary_arn,
            )
            assert a_queue(stack).job("two-tower", image=IMAGE, role=role).role is role

        config = synth.constructs(build)
        assert container(config)["jobRoleArn"] == "${aws_iam_role.own.arn}"

    def test_it_is_started_by_a_role_that_pulls_its_image_and_writes_its_output(self, synth: Synth) -> None:
        allowed = statements(job(synth))
        assert set(allowed) == {"WriteOutput", "LogInToRegistry", "PullImage"}
        assert allowed["PullImage"]["Resource"] == "arn:aws:ecr:us-east-1:111111111111:repository/ranking/two-tower"
        assert allowed["WriteOutput"]["Resource"].startswith("${aws_cloudwatch_log_group.")

    def test_an_image_of_another_registry_needs_no_permission(self, synth: Synth) -> None:
        assert set(statements(job(synth, image="nvcr.io/nvidia/pytorch:26.09-py3"))) == {"WriteOutput"}

    def test_its_secrets_are_read_by_the_same_role_and_no_others(self, synth: Synth) -> None:
        secret = "arn:aws:secretsmanager:us-east-1:111111111111:secret:wandb-AbCdEf"  # noqa: S105  where it lies
        config = job(synth, secrets={"WANDB_API_KEY": secret})
        assert container(config)["secrets"] == [{"name": "WANDB_API_KEY", "valueFrom": secret}]
        assert statements(config)["ReadSecrets"]["Resource"] == secret

    @pytest.mark.parametrize(
        "image",
        [
            "two-tower:2.3",
            "localhost:5000/two-tower:2.3",
            f"two-tower@sha256:{'0' * 64}",
            f"two-tower:latest@sha256:{'0' * 64}",
        ],
    )
    def test_an_image_of_one_version_is_taken(self, synth: Synth, image: str) -> None:
        assert container(job(synth, image=image))["image"] == image

    def test_the_queue_lists_its_jobs(self, synth: Synth) -> None:
        def build(stack: MlStack) -> None:
            made = a_queue(stack)
            first = made.job("two-tower", image=IMAGE)
            assert made.jobs == {"two-tower": first}
            assert first.name == "recsys-dev-ranking-two-tower"

        synth.constructs(build)


def test_a_second_job_of_the_same_name_is_refused(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        made = a_queue(stack)
        made.job("two-tower", image=IMAGE)
        made.job("two-tower", image=IMAGE)

    with pytest.raises(ValueError, match=r"the queue 'ranking' already has a job 'two-tower'\. Names must be unique"):
        synth.constructs(build)


def test_a_refused_job_does_not_change_the_queue(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        made = a_queue(stack)
        with pytest.raises(ValueError, match="gpus_per_node"):
            made.job("two-tower", image=IMAGE, gpus_per_node=99)
        made.job("two-tower", image=IMAGE)

    assert len(synth.constructs(build).resources("aws_batch_job_definition")) == 1


def test_a_queue_that_the_environment_does_not_declare_is_refused(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        TrainingQueue(stack, "queue", queue=a_declared_queue(), network=NETWORK)

    with pytest.raises(ValueError, match=r"'dev' does not declare the queue 'ranking'\. Declared: none\."):
        synth.constructs(build)


class TestScratch:
    def test_nodes_mount_their_local_disks_and_containers_see_them(self, synth: Synth) -> None:
        config = job(synth, of={"gpu": "A100", "gpus_per_node": 8})
        for template in named(config, "aws_launch_template").values():
            message = email.message_from_string(base64.b64decode(template["user_data"]).decode())
            (part,) = message.get_payload()
            assert (message.get_content_type(), part.get_content_type()) == ("multipart/mixed", "text/x-shellscript")
            script = part.get_payload()
            assert script.startswith("#!/bin/bash\n")
            assert script.endswith("mount_scratch\n")
            subprocess.run(["bash", "-n"], input=script, text=True, check=True)  # noqa: S607  as tests of nodes do
        found = container(config)
        assert found["volumes"] == [{"name": "scratch", "host": {"sourcePath": "/scratch"}}]
        assert found["mountPoints"] == [{"sourceVolume": "scratch", "containerPath": "/scratch", "readOnly": False}]

    def test_nodes_without_local_disks_have_no_scratch(self, synth: Synth) -> None:
        config = job(synth, of=NO_DISKS)
        assert not any("user_data" in each for each in named(config, "aws_launch_template").values())
        assert "mountPoints" not in container(config)
