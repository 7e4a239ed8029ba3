"""Address ranges in plans."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import TypeAlias

    _Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_LARGE_PREFIX: Final = {4: 8, 6: 16}
"""The longest prefixes that are larger than the network of a single company."""

_NOT_PUBLIC: Final = tuple(
    map(ipaddress.ip_network, ("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "240.0.0.0/4", "fc00::/7", "fe80::/10"))
)
"""The large ranges that are not routed in the internet: RFC 1122 (0, 127), 1918 (10), 1112 (240), 4193 (fc00), 4291
(fe80).

Not `is_private` of Python: it is true for 0.0.0.0/0 in Python 3.10.13."""


def is_large(value: object) -> bool:
    """True for an address range that is larger than the network of a single company, private or not."""
    network = _network(value)
    return network is not None and network.prefixlen <= _LARGE_PREFIX[network.version]


def is_large_and_public(value: object) -> bool:
    """True for a large address range, unless it is private: 10.0.0.0/8 is large, and not a part of the internet."""
    network = _network(value)
    return network is not None and is_large(value) and not any(_is_in(network, each) for each in _NOT_PUBLIC)


def _is_in(network: _Network, other: _Network) -> bool:
    if isinstance(network, ipaddress.IPv4Network):
        return isinstance(other, ipaddress.IPv4Network) and network.subnet_of(other)
    return isinstance(other, ipaddress.IPv6Network) and network.subnet_of(other)


def _network(value: object) -> _Network | None:
    try:
        return ipaddress.ip_network(str(value), strict=False)
    except ValueError:
        return None
