"""The worker."""

import signal
import threading
from datetime import timedelta

import click

import app.saleor.graphql  # noqa: F401 - a worker asks Saleors: what that takes is loaded before it begins
from app.bootstrap import build_services
from app.cli.starting import require_app_id, require_migrated, require_secret, settings_of
from app.domain.signs_of_life import ProcessKind
from app.reporting import set_up_reporting
from app.saleor.manifest import app_version
from app.usecases.operating.show_life import keep_showing_life
from app.usecases.operating.sync_webhooks import sync_where_needed
from app.worker.loop import run, spare_what_is_loaded


@click.command()
@click.option("--settlers", type=click.IntRange(1, 32), default=1, show_default=True, help="Batches in hand at once.")
@click.option("--sync-webhooks", is_flag=True, help="First bring the stores' webhooks up to this version, where needed.")
def worker(*, settlers: int, sync_webhooks: bool) -> None:
    """Settle orders and sweep for lost deliveries, until told to stop; the batch in hand is finished."""
    settings = settings_of()
    require_migrated(settings)
    require_secret(settings)
    require_app_id(settings)
    set_up_reporting(settings, version=app_version())
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    services = build_services(settings)
    if sync_webhooks:
        threading.Thread(target=sync_where_needed, args=(services,), daemon=True).start()
    keep_showing_life(services, ProcessKind.WORKER, stop)
    spare_what_is_loaded()
    run(services, stop, settlers=settlers, sweep_every=timedelta(seconds=settings.sweep_seconds))
