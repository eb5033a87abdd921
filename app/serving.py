"""Serves the web application: Granian, and the processes that it looks after."""

import errno
import socket

import structlog
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from app.errors import BadSetting

log = structlog.get_logger()

# A request takes milliseconds; what is still running after this long will not end.
STOP_SECONDS = 30

# Granian's own words go where ours go, in the same form. There is no access log: paths hold claim tokens and keys.
_LOGGING = {"formatters": {}, "handlers": {}, "loggers": {"_granian": {"handlers": [], "propagate": True}}}

_REASONS = {
    errno.EADDRINUSE: "PORT: {port} on {host} is in use by another program; stop it, or choose another port (--port)",
    errno.EACCES: "PORT: this user may not listen on {port}; choose one above 1023 (--port)",
    errno.EADDRNOTAVAIL: "HOST: {host} is no address of this machine",
}


def serve(host: str, port: int, *, processes: int, threads: int, entry: str = "app.wsgi:create") -> None:
    """Serve until SIGTERM or SIGINT; requests in hand are finished.

    Raises BadSetting when nothing can listen there.
    """
    address = free_address(host, port)
    server = Server(
        entry,
        factory=True,
        interface=Interfaces.WSGI,
        address=address,
        port=port,
        workers=processes,
        blocking_threads=threads,
        workers_kill_timeout=STOP_SECONDS,
        respawn_failed_workers=True,
        log_level=LogLevels.warning,
        log_dictconfig=_LOGGING,
        log_access=False,
    )
    server.on_startup(lambda: log.info("web started", address=f"http://{host}:{port}"))
    server.serve()
    log.info("web stopped")


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
