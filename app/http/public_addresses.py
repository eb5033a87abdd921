"""Which addresses are of the public internet."""

import ipaddress

# RFC 6052, RFC 8215, RFC 4291.
_CARRYING = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")))


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the public internet: also the one that it carries within, where it does."""
    found = ipaddress.ip_address(address.partition("%")[0])
    carried = _carried(found)
    return found.is_global and not found.is_multicast and (carried is None or is_public(str(carried)))


def _carried(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Give the IPv4 address to which an IPv6 address of a transition (mapped, 6to4, NAT64, compatible) leads."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if any(address in network for network in _CARRYING):
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour
