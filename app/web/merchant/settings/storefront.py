"""The form of the storefront API: whether storefronts may ask for their shoppers' points, and from which pages."""

from flask import Blueprint, Response

from app.errors import BadRequest
from app.usecases.merchants.change_store import change_store
from app.usecases.services import Services
from app.web.merchant.fragments import form_once, form_text
from app.web.merchant.settings.page import changer, show, show_saved


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the form."""

    @routes.post("/pages/settings/storefront")
    def storefront() -> Response:
        staff = changer(services)
        once = form_once(staff)
        try:
            change_store(
                services,
                staff.store_slug,
                who=staff.email,
                once=once,
                storefront_api=bool(form_text("storefront_api")),
                storefront_origins=form_text("storefront_origins", length_max=8192).splitlines(),
            )
        except BadRequest as refused:
            return show(services, staff, failed="storefront", errors={"storefront_origins": refused.message})
        return show_saved(services, staff, "Settings saved")
