"""The form of how points are given: the link on the order, debt, the time zone, and what clients of the Points API get."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response

from app.errors import BadRequest
from app.usecases.merchants.change_store import change_store, check_setting
from app.usecases.services import Services
from app.web.merchant.fragments import form_once, form_text
from app.web.merchant.settings.page import changer, show, show_saved


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the form."""

    @routes.post("/pages/settings/store")
    def store() -> Response:
        staff = changer(services)
        once = form_once(staff)
        values, errors = _read()
        if errors:
            return show(services, staff, failed="store", errors=errors)
        change_store(services, staff.store_slug, who=staff.email, once=once, **values)
        return show_saved(services, staff, "Settings saved")


def _read() -> tuple[dict[str, Any], dict[str, str]]:
    """Read the form: its values, and what is wrong with each."""
    errors: dict[str, str] = {}
    values: dict[str, Any] = {}
    for name, read in _FIELDS.items():
        try:
            values[name] = read()
            check_setting(name, values[name])
        except BadRequest as refused:
            errors[name] = refused.message
    return values, errors


def _days() -> int | None:
    text = form_text("default_expires_days")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise BadRequest("Enter a whole number of days, or leave it empty if claims never expire.")
    return int(text)


_FIELDS: dict[str, Callable[[], Any]] = {
    "claim_link": lambda: form_text("claim_link"),
    "debt_policy": lambda: form_text("debt_policy"),
    "time_zone": lambda: form_text("time_zone"),
    "default_expires_days": _days,
    "customer_types": lambda: form_text("customer_types", length_max=32_768).replace(",", "\n").splitlines(),
    "order_notes": lambda: bool(form_text("order_notes")),
}
