"""Types of the location of an environment: its region and its private network."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import AfterValidator

from mlinfra.catalog import aws_regions


def _known_region(value: str) -> str:
    if value not in aws_regions():
        message = f"is not an AWS region. Expected: one of {', '.join(aws_regions())}."
        raise ValueError(message)
    return value


_PRIVATE_RANGES = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""Ranges of private addresses (RFC 1918)."""


def _private_network(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError as error:
        message = f"is not a valid network ({error}). Expected: a private IPv4 network such as 10.0.0.0/16."
        raise ValueError(message) from None
    if not (any(map(network.subnet_of, _PRIVATE_RANGES)) and 16 <= network.prefixlen <= 20):  # noqa: PLR2004  AWS: /16 is the largest VPC
        message = (
            "is not in the allowed ranges. Expected: a network of /16 to /20 in 10.0.0.0/8, 172.16.0.0/12 or "
            "192.168.0.0/16, such as 10.0.0.0/16."
        )
        raise ValueError(message)
    if str(network) != value:
        message = f"is not in CIDR notation. Expected: {network}."
        raise ValueError(message)
    return value


Region = Annotated[str, AfterValidator(_known_region)]
"""An AWS region of the commercial partition."""

PrivateNetwork = Annotated[str, AfterValidator(_private_network)]
"""A private IPv4 network of /16 to /20, in CIDR notation."""
