"""The form that forgets where the store's Dashboard is."""

from flask import Blueprint, Response

from app.usecases.merchants.learn_dashboard import forget_dashboard
from app.usecases.services import Services
from app.web.merchant.authentication import learn_nothing
from app.web.merchant.fragments import form_once
from app.web.merchant.settings.page import changer, show_saved


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the form."""

    @routes.post("/pages/settings/dashboard/forget")
    def forgotten() -> Response:
        staff = changer(services)
        learn_nothing()
        forget_dashboard(services, staff, once=form_once(staff))
        return show_saved(services, staff, "Dashboard address forgotten")
