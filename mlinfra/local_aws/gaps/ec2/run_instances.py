"""Gap: all settings of a launch template at the launch of an instance.

moto uses the image, type, key, user data and security groups, and ignores the network interfaces, the
instance profile, the metadata options, the placement group, and the performance and tags of volumes. It also
boots every instance from a second volume at /dev/sda1, whatever the name of the image's root device. In AWS,
the request overrides the template member by member. Volumes are those of the image, the template and the
request, by device name. An image may be given as an SSM parameter. Source: EC2 API reference, RunInstances
and RequestLaunchTemplateData; EC2 user guide, "Launch an instance using a launch template" and "Use a Systems
Manager parameter instead of an AMI ID"; read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ec2.models.instances import InstanceBackend
from moto.ec2.models.launch_templates import LaunchTemplate
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.utils import convert_tag_spec, parse_user_data
from moto.ssm.models import ssm_backends

from mlinfra.local_aws.gaps.ec2 import (
    instance_type_zones as ec2_instance_type_zones,
    network_cards as ec2_network_cards,
    placement_groups as ec2_placement_groups,
)
from mlinfra.local_aws.mechanisms.ec2_requests import refuse_value
from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from moto.core.responses import ActionResult
    from moto.ec2.models.instances import Instance, Reservation

_RESOLVE = "resolve:ssm:"

_FROM_TEMPLATE = {
    "ebs_optimized": "EbsOptimized",
    "disable_api_stop": "DisableApiStop",
    "disable_api_termination": "DisableApiTermination",
    "hibernation_options": "HibernationOptions",
    "instance_initiated_shutdown_behavior": "InstanceInitiatedShutdownBehavior",
    "nics": "NetworkInterfaces",
}
"""Members of a template, with the arguments of moto that have the same meaning."""


def is_open() -> bool:
    """True if moto's `run_instances` does not know some member of a template."""
    words = InstanceBackend.run_instances.__code__.co_consts
    return any(member not in words for member in _FROM_TEMPLATE.values())


def close() -> None:
    """Close the gap: launch with all settings of the template."""
    wrap(InstanceBackend, "run_instances", _run_instances)
    wrap(InstanceResponse, "run_instances", _run_instances_in_group)
    wrap(InstanceResponse, "_parse_block_device_mapping", _mappings_with_throughput)
    wrap(LaunchTemplate, "create_version", _create_version)


def _run_instances(  # noqa: PLR0917  moto's own signature
    original: Callable[..., Reservation],
    backend: Any,  # noqa: ANN401  moto's backend is made of mixins
    image_id: str | None,
    count: int,
    user_data: Any,  # noqa: ANN401
    security_group_names: list[str],
    **arguments: Any,  # noqa: ANN401
) -> Reservation:
    template = _template_data(backend, arguments.get("launch_template"))
    image_id = _resolved(backend, image_id or template.get("ImageId") or "")
    _fill(arguments, template)
    _expect_offered(backend, arguments, template)
    interfaces = arguments["nics"]
    arguments["nics"] = [each for each in interfaces if ec2_network_cards.on_first_card(each)]
    mappings = arguments.get("block_device_mappings") or []
    if not arguments.get("launch_config"):
        # Present but empty, so that moto creates no volumes of its own.
        arguments["block_device_mappings"] = []
    volume_tags = (arguments.get("tags") or {}).get("volume", {})
    reservation = original(backend, image_id, count, user_data, security_group_names, **arguments)
    for instance in reservation.instances:
        ec2_network_cards.attach(instance, interfaces)
        if not arguments.get("launch_config"):
            _add_volumes(instance, template, mappings, volume_tags)
        _place(instance, template.get("Placement") or {})
        _associate_profile(instance, template, arguments)
        market = (template.get("InstanceMarketOptions") or {}).get("MarketType")
        instance.lifecycle = market or instance.lifecycle
    return reservation


def _expect_offered(backend: Any, arguments: Mapping[str, Any], template: Mapping[str, Any]) -> None:  # noqa: ANN401
    instance_type = arguments.get("instance_type") or template.get("InstanceType")
    subnet_id = arguments.get("subnet_id") or next((each.get("SubnetId") for each in arguments["nics"]), None)
    zone = backend.get_subnet(subnet_id).availability_zone if subnet_id else arguments.get("placement")
    if instance_type and zone:
        ec2_instance_type_zones.expect_offered(instance_type, backend.region_name, zone)


def _run_instances_in_group(original: Callable[..., ActionResult], response: InstanceResponse) -> ActionResult:
    placement = response._get_param("Placement", {})  # noqa: SLF001  moto's way to read a parameter
    if placement.get("GroupName"):
        ec2_placement_groups.known(response.ec2_backend, placement["GroupName"])
    answer = original(response)
    for instance in answer.result.instances:  # type: ignore[attr-defined]
        _place(instance, placement)
    return answer


def _mappings_with_throughput(
    original: Callable[..., list[dict[str, Any]]], response: InstanceResponse
) -> list[dict[str, Any]]:
    mappings = original(response)
    given = response._get_param("BlockDeviceMappings", [])  # noqa: SLF001
    for mapping, each in zip(mappings, given, strict=True):
        mapping["Ebs"]["Throughput"] = (each.get("Ebs") or {}).get("Throughput")
    return mappings


def _create_version(
    original: Callable[..., Any],
    template: LaunchTemplate,
    data: dict[str, Any],
    description: str,
) -> Any:  # noqa: ANN401
    """Keep the user data of every version in the encoding that moto expects at a launch."""
    if isinstance(data.get("UserData"), str):
        data["UserData"] = parse_user_data(data["UserData"])
    return original(template, data, description)


def _template_data(backend: Any, specification: Mapping[str, Any] | None) -> Mapping[str, Any]:  # noqa: ANN401
    if not specification:
        return {}
    identifier, name = specification.get("LaunchTemplateId"), specification.get("LaunchTemplateName")
    template = backend.get_launch_template(identifier) if identifier else backend.get_launch_template_by_name(name)
    data: Mapping[str, Any] = template.get_version(specification.get("Version") or "$Default").data
    return data


def _resolved(backend: Any, image_id: str) -> str:  # noqa: ANN401
    if not image_id.startswith(_RESOLVE):
        return image_id
    name = image_id.removeprefix(_RESOLVE)
    parameter = ssm_backends[backend.account_id][backend.region_name].get_parameter(name)
    if parameter is None:
        refuse_value(f"The parameter '{name}' of the image '{image_id}' does not exist.")
    return str(parameter.value)


def _fill(arguments: dict[str, Any], template: Mapping[str, Any]) -> None:
    for argument, member in _FROM_TEMPLATE.items():
        arguments[argument] = arguments.get(argument) or template.get(member)
    options = {**(template.get("MetadataOptions") or {}), **(arguments.get("metadata_options") or {})}
    arguments["metadata_options"] = options
    if (template.get("Monitoring") or {}).get("Enabled"):
        arguments["monitoring_state"] = "enabled"
    interfaces = [{"DeleteOnTermination": True, **each} for each in arguments["nics"] or []]
    subnet = arguments.get("subnet_id")
    if subnet:
        # The subnet chosen by an auto scaling group takes precedence over the template's.
        interfaces = [{**each, "SubnetId": subnet} for each in interfaces]
    arguments["nics"] = interfaces


def _add_volumes(
    instance: Instance,
    template: Mapping[str, Any],
    requested: list[dict[str, Any]],
    tags: Mapping[str, str],
) -> None:
    backend = instance.ec2_backend
    tags = {**convert_tag_spec(template.get("TagSpecifications") or []).get("volume", {}), **tags}
    root = {"VolumeSize": _root_size(instance), "DeleteOnTermination": True}
    volumes = {instance.root_device_name: root}
    for each in [*(template.get("BlockDeviceMappings") or []), *requested]:
        name = each["DeviceName"]
        given = {member: value for member, value in (each.get("Ebs") or {}).items() if value is not None}
        if each.get("NoDevice") is not None:
            volumes.pop(name, None)
        elif given:
            volumes[name] = {**volumes.get(name, {"DeleteOnTermination": True}), **given}
    for name, wanted in volumes.items():
        volume = backend.create_volume(
            size=wanted.get("VolumeSize"),
            zone_name=instance.placement.zone,
            snapshot_id=wanted.get("SnapshotId"),
            encrypted=wanted.get("Encrypted", False),
            kms_key_id=wanted.get("KmsKeyId"),
            volume_type=wanted.get("VolumeType"),
            iops=wanted.get("Iops"),
            throughput=wanted.get("Throughput"),
        )
        backend.attach_volume(volume.id, instance.id, name, wanted["DeleteOnTermination"])
        volume.add_tags(tags)


def _root_size(instance: Instance) -> int:
    image = instance.ec2_backend.amis.get(instance.image_id)
    # 8 GiB, as moto uses for an unknown image.
    return int(image.block_device_mappings[0]["Ebs"]["VolumeSize"]) if image else 8


def _place(instance: Instance, placement: Mapping[str, Any]) -> None:
    instance.placement.group_name = placement.get("GroupName") or instance.placement.group_name
    instance.placement.tenancy = placement.get("Tenancy") or instance.placement.tenancy


def _associate_profile(instance: Instance, template: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    profile = template.get("IamInstanceProfile")
    if not profile or arguments.get("iam_instance_profile_name") or arguments.get("iam_instance_profile_arn"):
        return
    instance.ec2_backend.associate_iam_instance_profile(
        instance_id=instance.id,
        iam_instance_profile_name=profile.get("Name"),
        iam_instance_profile_arn=profile.get("Arn"),
    )
