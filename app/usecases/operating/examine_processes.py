"""Examine which processes run, by their signs of life."""

from datetime import datetime

from app.db.processes import signs_of_life
from app.domain.signs_of_life import is_missing
from app.usecases.operating.finding import Finding, Health
from app.usecases.services import Services


def examine_processes(services: Services) -> Finding:
    """Tell which of web and worker were not seen for two minutes."""
    now = services.clock()
    with services.database.reading() as session:
        signs = signs_of_life(session, now)
    has_web, has_worker = not is_missing(signs.web_seen_at, now), not is_missing(signs.worker_seen_at, now)
    if has_web and has_worker:
        return Finding("processes", Health.OK, "Web and worker run.")
    if has_web:
        sentence = f"No worker runs{_last_seen(signs.worker_seen_at)}: no points are given or taken back."
        return Finding("processes", Health.BAD, sentence, "saleor-points worker")
    if has_worker:
        sentence = f"No web process runs{_last_seen(signs.web_seen_at)}: Saleor, staff and shoppers get no answer."
        return Finding("processes", Health.BAD, sentence, "saleor-points web")
    seen_at = max((at for at in (signs.web_seen_at, signs.worker_seen_at) if at is not None), default=None)
    return Finding("processes", Health.BAD, f"Neither web nor worker runs{_last_seen(seen_at)}.", "saleor-points run")


def _last_seen(seen_at: datetime | None) -> str:
    return "" if seen_at is None else f" (last seen {seen_at:%Y-%m-%d %H:%M} UTC)"
