"""Which IP addresses belong to the public internet."""

from __future__ import annotations

import ipaddress

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


def is_public(text: str) -> bool:
    """Whether this IP address is one that everybody reaches, whatever hides in it."""
    address = ipaddress.ip_address(text)
    embedded = None
    if isinstance(address, ipaddress.IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            embedded = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        elif embedded is None and address not in _GLOBAL_UNICAST:
            # Other ranges hide IPv4 addresses of the inside, in more than one way.
            return False
    return (embedded or address).is_global and not (embedded or address).is_multicast
