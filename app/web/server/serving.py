"""Serves the web application: Granian, and the processes that it looks after."""

import resource
from functools import partial
from pkgutil import resolve_name
from typing import Any

import structlog
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

from app.web.server.listening import free_address
from app.web.server.receiving import BODY_SECONDS, Receiver
from app.web.server.slow_readers import WRITE_SECONDS, watch
from app.web.server.supervisor import end_with_parent

log = structlog.get_logger()

# A request takes milliseconds; what is still running after this long will not end.
STOP_SECONDS = 30
# How long a connection may take to say what it asks for, and stay open for the next request.
HEAD_SECONDS = 30
# Each connection may keep so much of what it asks, and as much again of its answers. A head must fit in.
BUFFER_BYTES = 16 * 1024
# Whoever opens connections and says nothing takes one of these for that long. Each is a file; the rest is for the database.
CONNECTIONS_MAX = 4096
OTHER_FILES = 256

# Granian's own words go where ours go, in the same form. There is no access log: paths hold claim tokens and keys.
_LOGGING = {"formatters": {}, "handlers": {}, "loggers": {"_granian": {"handlers": [], "propagate": True}}}


def serve(
    host: str,
    port: int,
    *,
    processes: int,
    threads: int,
    entry: str = "app.wsgi:create",
    head_seconds: int = HEAD_SECONDS,
    body_seconds: int = BODY_SECONDS,
    write_seconds: int = WRITE_SECONDS,
) -> None:
    """Serve until SIGTERM or SIGINT; requests in hand are finished. `entry` names a factory of a WSGI application.

    Raises BadSetting when nothing can listen there.
    """
    address = free_address(host, port)
    serve_on(
        address,
        port,
        processes=processes,
        threads=threads,
        entry=entry,
        head_seconds=head_seconds,
        body_seconds=body_seconds,
        write_seconds=write_seconds,
    )


def serve_on(
    address: str,
    port: int,
    *,
    processes: int,
    threads: int,
    entry: str,
    head_seconds: int = HEAD_SECONDS,
    body_seconds: int = BODY_SECONDS,
    write_seconds: int = WRITE_SECONDS,
) -> None:
    """Serve on an address of this machine, which other servers may share."""
    server = Server(
        entry,
        factory=True,
        # Not its WSGI: there a request that is sent slowly holds a thread, and X_Forwarded_For passes for X-Forwarded-For.
        interface=Interfaces.RSGI,
        # Only what is needed: a connection that says nothing is given up in HTTP/1 alone.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=head_seconds * 1000, max_buffer_size=BUFFER_BYTES),
        websockets=False,
        address=address,
        port=port,
        workers=processes,
        backpressure=_connections_most(),
        workers_kill_timeout=STOP_SECONDS,
        respawn_failed_workers=True,
        log_level=LogLevels.warning,
        log_dictconfig=_LOGGING,
        log_access=False,
    )
    load = partial(_load, threads=threads, body_seconds=body_seconds, port=port, write_seconds=write_seconds)
    server.on_startup(lambda: log.info("web started", address=f"http://{address}:{port}"))
    server.serve(target_loader=load)
    log.info("web stopped")


def _load(entry: str, *, threads: int, body_seconds: int, port: int, write_seconds: int) -> Any:
    """Build the application in the process that serves it. That one must not keep the port when its parent is gone."""
    end_with_parent()
    watch(port, write_seconds=write_seconds)
    return Receiver(resolve_name(entry)(), threads=threads, body_seconds=body_seconds)


def _connections_most() -> int:
    """Ask the system for as many files as all connections need, and take what it gives."""
    files, files_most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + OTHER_FILES
    if files != resource.RLIM_INFINITY and files < wanted:
        files = wanted if files_most == resource.RLIM_INFINITY else min(wanted, files_most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files_most))
    return CONNECTIONS_MAX if files == resource.RLIM_INFINITY else max(1, min(CONNECTIONS_MAX, files - OTHER_FILES))
