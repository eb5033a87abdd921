"""Banners: what interrupts the work for this store stands above each page, with what to do. The bridge shows them."""

import json
from datetime import datetime
from urllib.parse import quote

from flask import Response, g, request

from app.usecases.merchants.see_interruptions import Interrupted, Interruption, see_interruptions
from app.usecases.services import Services
from app.web.merchant.authentication import Staff
from app.web.merchant.fragments import Tone
from app.web.merchant.words import moment

PAGES = "/app/pages/"
# Headers have a bound.
_REASON_LENGTH_MAX = 300
# Tone, what is so, what to do about it. {since} is " (since 4 May 2026, 09:02)", or nothing where that is not known.
_WORDS: dict[Interrupted, tuple[Tone, str, str]] = {
    Interrupted.SWITCHED_OFF: (
        "warning",
        "Saleor Points is switched off in Saleor.",
        "No points are given or taken back. Switch it on under Extensions: the app then catches up with all that has changed.",
    ),
    Interrupted.SALEOR: (
        "error",
        "Saleor does not serve Saleor Points{since}.",
        "{reason} The app asks again by itself. Until Saleor serves it, no points are given or taken back.",
    ),
    Interrupted.SWEEP: (
        "error",
        "Missed orders are not found.",
        "{reason} The app tries again by itself. Orders that Saleor reports are not affected.",
    ),
    Interrupted.PROVIDER: (
        "error",
        "The points provider does not serve Saleor Points{since}.",
        "{reason} The app asks again by itself. Until the provider serves it, no points are given or taken back.",
    ),
    Interrupted.WORKER: (
        "error",
        "No worker was seen{since}.",
        "No points are given or taken back until one runs. Ask whoever operates Saleor Points to start it: saleor-points worker",
    ),
    Interrupted.MAILS: (
        "error",
        "Mails to customers wait{since}.",
        "{reason} The app tries again by itself, and points are not affected. The sender is set in Settings, under Mails.",
    ),
}


def add_banners(services: Services, answer: Response) -> Response:
    """Tell with the answer to whoever may see the page what interrupts the work; an empty list takes the banners away."""
    staff: Staff | None = g.get("merchant_allowed")
    if staff is not None and request.path.startswith(PAGES):
        banners = [_banner(one, services.clock()) for one in see_interruptions(services, staff.store_id)]
        answer.headers["X-Banners"] = quote(json.dumps(banners), safe="")
    return answer


def _banner(interruption: Interruption, now: datetime) -> dict[str, str]:
    tone, title, text = _WORDS[interruption.what]
    reason = interruption.reason[:_REASON_LENGTH_MAX]
    return {
        "what": interruption.what,
        "tone": tone,
        "title": title.format(since=_since(interruption, now)),
        "text": text.format(reason=reason).strip(),
    }


def _since(interruption: Interruption, now: datetime) -> str:
    if interruption.since is None:
        return ""
    if interruption.what is Interrupted.WORKER:
        return _for(int((now - interruption.since).total_seconds()) // 60)
    return f" (since {moment(interruption.since)})"


def _for(minutes: int) -> str:
    hours, days = minutes // 60, minutes // 60 // 24
    if days > 1:
        return f" for {days} days"
    return f" for {hours} hours" if hours > 1 else f" for {minutes} minutes"
