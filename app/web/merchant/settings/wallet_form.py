"""The form of the wallet: whether customers see their points on the app's own pages."""

from flask import Blueprint, Response

from app.usecases.merchants.change_store import change_store
from app.usecases.services import Services
from app.web.merchant.fragments import form_once, form_text
from app.web.merchant.settings.page import changer, show_saved


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the form."""

    @routes.post("/pages/settings/wallet")
    def wallet() -> Response:
        staff = changer(services)
        is_on = bool(form_text("hosted_wallet"))
        change_store(services, staff.store_slug, who=staff.email, once=form_once(staff), hosted_wallet=is_on)
        return show_saved(services, staff, "Settings saved")
