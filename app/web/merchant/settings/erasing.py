"""The form of deleted customers: whether they are erased here too, and after how many days."""

from flask import Blueprint, Response

from app.errors import BadRequest
from app.usecases.merchants.change_erasing import change_erasing
from app.usecases.services import Services
from app.web.merchant.fragments import form_once, form_text, notify
from app.web.merchant.settings.page import changer, show, show_saved


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the form."""

    @routes.post("/pages/settings/erasing")
    def erasing() -> Response:
        staff = changer(services)
        once = form_once(staff)
        try:
            days = _days() if form_text("erases_deleted") else None
            trouble = change_erasing(services, staff.store_id, staff.store_slug, days, who=staff.email, once=once)
        except BadRequest as refused:
            return show(services, staff, failed="erasing", errors={"erase_after_days": refused.message})
        if trouble:
            return notify(show(services, staff), "warning", "Saved, but Saleor did not change the webhook", trouble)
        return show_saved(services, staff, "Settings saved")


def _days() -> int:
    text = form_text("erase_after_days")
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise BadRequest("Enter a whole number of days.")
    return int(text)
