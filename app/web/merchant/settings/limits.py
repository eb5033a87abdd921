"""The form of staff limits: how many points staff may change by hand before somebody else has to approve."""

from flask import Blueprint, Response

from app.errors import BadRequest
from app.usecases.merchants.change_store import change_store, check_setting
from app.usecases.services import Services
from app.web.merchant.fragments import form_once, form_text
from app.web.merchant.settings.page import changer, show, show_saved


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the form."""

    @routes.post("/pages/settings/limits")
    def limits() -> Response:
        staff = changer(services)
        once = form_once(staff)
        values: dict[str, int | None] = {}
        errors: dict[str, str] = {}
        for name in ("staff_change_max", "staff_day_max"):
            try:
                values[name] = _points(name)
                check_setting(name, values[name])
            except BadRequest as refused:
                errors[name] = refused.message
        if errors:
            return show(services, staff, failed="limits", errors=errors)
        change_store(
            services,
            staff.store_slug,
            who=staff.email,
            once=once,
            staff_change_max=values["staff_change_max"],
            staff_day_max=values["staff_day_max"],
        )
        return show_saved(services, staff, "Settings saved")


def _points(name: str) -> int | None:
    text = form_text(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise BadRequest("Enter a whole number of points, or leave it empty for no limit.")
    return int(text)
