"""Everything as one command. It only starts the others and watches them, and loads no more than that takes."""

import http.client
import sys
from urllib.parse import quote

import click
from sqlalchemy import make_url

from app.cli.starting import finish_upgrade, migrated, on_host, on_port, require_app_id, require_secret, settings_of
from app.metrics import shared_folder
from app.reporting import set_up_reporting
from app.saleor.manifest import app_version
from app.settings import Settings, secret_keys
from app.web.server.listening import free_address
from app.web.server.supervisor import supervise

# Where a Dashboard that was started beside a local Saleor listens.
LOCAL_DASHBOARD = "http://localhost:9000"


@click.command()
@on_host
@on_port
def run(host: str | None, port: int | None) -> None:
    """Start everything as one command: migrate, then web and worker, until Ctrl-C."""
    settings = settings_of(host, port)
    address = free_address(settings.host, settings.port)
    secret_keys(settings)
    migrated(settings)
    # Nothing else of this app runs beside `run`, so no older version does.
    finish_upgrade(settings)
    require_secret(settings)
    require_app_id(settings)
    set_up_reporting(settings, version=app_version())
    # -P: a folder called app, where the command is started, is not this app.
    command = [sys.executable, "-P", "-m", "app"]
    with shared_folder():
        status = supervise(
            {"web": [*command, "web"], "worker": [*command, "worker", "--sync-webhooks"]},
            is_ready=lambda: _answers(address, settings.port),
            announce=lambda: click.echo(_greeting(settings)),
        )
    sys.exit(status)


def _answers(address: str, port: int) -> bool:
    # What listens on all addresses is asked on the one that is always there.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 - asked, not bound
    connection = http.client.HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _greeting(settings: Settings) -> str:
    manifest_url = f"{settings.api_base_url}/api/manifest"
    points = f"Coggins Points API at {settings.points_api_url}" if settings.points_api_url else "embedded"
    return f"""
  {settings.app_name} {app_version()} is running.

    listening on   http://{settings.host}:{settings.port}
    manifest       {manifest_url}
    install it     {LOCAL_DASHBOARD}/dashboard/extensions/app/install?manifestUrl={quote(manifest_url, safe="")}
                   (with your own Dashboard's address in front)
    database       {make_url(settings.database).render_as_string(hide_password=True)}
    points         {points}

  What to do next: open the install link in your Dashboard, place an order and mark it as paid. Its points, and the link that
  claims them, then stand in the order's metadata. docs/merchant/mails.md says how the link gets into the mails.
  Stop with Ctrl-C.
"""
