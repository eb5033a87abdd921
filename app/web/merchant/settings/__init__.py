"""Settings: one page, whose forms have a file each. Each form is a module with `add_routes`; `page` shows them all."""

from flask import Blueprint, Response

from app.settings import Settings
from app.usecases.services import Services
from app.web.merchant.settings import (
    dashboard,
    erasing,
    giving,
    granting,
    keys,
    limits,
    look,
    page,
    provider,
    running_out,
    spend_rule_form,
    spending,
    storefront,
)


def add_routes(routes: Blueprint, services: Services, settings: Settings) -> None:
    """Serve the page, and a form for each of its parts."""

    @routes.get("/pages/settings")
    def shown() -> Response:
        return page.show(services, page.changer(services))

    provider.add_routes(routes, services, settings)
    for form in (giving, limits, look, keys, granting, erasing, spending, spend_rule_form, storefront, running_out, dashboard):
        form.add_routes(routes, services)
