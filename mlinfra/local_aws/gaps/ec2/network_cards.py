"""Gap: network interfaces on several network cards, and Elastic Fabric Adapters.

moto has one network card: an interface at the same device index of another card replaces the first one, and
every interface has the ordinary type. In AWS, an interface has the card, the device index and the type that
it was launched with, and an interface of the type `efa-only` has no IP address. Source: EC2 API reference,
InstanceNetworkInterfaceSpecification and InstanceNetworkInterfaceAttachment; EC2 user guide, "Elastic Fabric
Adapter"; read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ec2.models.elastic_network_interfaces import Attachment, NetworkInterface

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from moto.ec2.models.instances import Instance

_MOST_DEVICES = 100
"""More interfaces than any card has, so that each interface has a unique key in moto's dictionary."""


def is_open() -> bool:
    """True if moto's interfaces have no card."""
    return not hasattr(NetworkInterface, "network_card_index")


def close() -> None:
    """Close the gap: describe the card of each interface. `ec2.run_instances` attaches them."""
    NetworkInterface.network_card_index = 0  # type: ignore[attr-defined]
    wrap(Attachment, "__init__", _describe_card)


def on_first_card(specification: Mapping[str, Any]) -> bool:
    """True if moto can attach the interface without this gap."""
    return int(specification.get("NetworkCardIndex") or 0) == 0


def attach(instance: Instance, specifications: Iterable[Mapping[str, Any]]) -> None:
    """Attach the interfaces of further cards, and set the types of all interfaces.

    Args:
        instance: an instance that has the interfaces of its first card.
        specifications: all of its interfaces, as RunInstances takes them.
    """
    for each in specifications:
        card, device = int(each.get("NetworkCardIndex") or 0), int(each.get("DeviceIndex") or 0)
        if on_first_card(each):
            interface = instance.nics[device]
        else:
            interface = _created(instance, each)
            instance.attach_eni(interface, card * _MOST_DEVICES + device)
            interface.device_index = device
            interface.network_card_index = card  # type: ignore[attr-defined]
        interface.interface_type = each.get("InterfaceType") or interface.interface_type
        if interface.interface_type == "efa-only":
            interface.private_ip_address, interface.private_ip_addresses = None, []


def _created(instance: Instance, specification: Mapping[str, Any]) -> NetworkInterface:
    backend = instance.ec2_backend
    existing = specification.get("NetworkInterfaceId")
    created: NetworkInterface = (
        backend.get_network_interface(existing)
        if existing
        else backend.create_network_interface(
            specification.get("SubnetId") or instance.subnet_id,
            None,
            group_ids=specification.get("Groups") or [each.id for each in instance.security_groups],
            description=specification.get("Description"),
            delete_on_termination=specification.get("DeleteOnTermination", True),
        )
    )
    return created


def _describe_card(original: Callable[..., None], attachment: Attachment, interface: NetworkInterface) -> None:
    original(attachment, interface)
    attachment.network_card_index = interface.network_card_index  # type: ignore[attr-defined]
