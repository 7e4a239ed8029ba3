"""Address ranges in plans."""

from __future__ import annotations

import ipaddress
from typing import Final

_LARGE_PREFIX: Final = {4: 8, 6: 16}
"""The longest prefixes that are larger than the network of a single company."""


def is_large(value: object) -> bool:
    """True for an address range that is larger than the network of a single company, private or not."""
    network = _network(value)
    return network is not None and network.prefixlen <= _LARGE_PREFIX[network.version]


def is_large_and_public(value: object) -> bool:
    """True for a large address range, unless it is private: 10.0.0.0/8 is large, and not a part of the internet."""
    network = _network(value)
    return network is not None and is_large(value) and not network.is_private


def _network(value: object) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(str(value), strict=False)
    except ValueError:
        return None
