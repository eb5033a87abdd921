"""Where to listen, and whether that is possible."""

import errno
import socket

from app.errors import BadSetting

_REASONS = {
    errno.EADDRINUSE: "PORT: {port} on {host} is in use by another program; stop it, or choose another port (--port)",
    errno.EACCES: "PORT: this user may not listen on {port}; choose one above 1023 (--port)",
    errno.EADDRNOTAVAIL: "HOST: {host} is no address of this machine",
}


def free_address(host: str, port: int) -> str:
    """Give the IP address to listen on.

    Raises BadSetting when it is not ours, or taken: Granian shares a port, so that two apps would each get half of the calls.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError):
        raise BadSetting(f"HOST: {host} is no address of this machine") from None
    # Where a name has both, IPv4 first: that is where browsers and a Saleor in a container look.
    family, kind, protocol, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            reason = _REASONS.get(error.errno or 0, "HOST, PORT: nothing can listen on {host}:{port}")
            raise BadSetting(reason.format(host=host, port=port)) from error
    return str(address[0])
