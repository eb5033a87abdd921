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
    mail_form,
    page,
    provider,
    running_out,
    spend_rule_form,
    spending,
    storefront,
    wallet_form,
)


def add_routes(routes: Blueprint, services: Services, settings: Settings) -> None:
    """Serve the page, and a form for each of its parts."""

    @routes.get("/pages/settings")
    def shown() -> Response:
        return page.show(services, page.changer(services))

    provider.add_routes(routes, services, settings)
    cards = (giving, limits, look, keys, granting, erasing, storefront, wallet_form, dashboard)
    pages = (spending, spend_rule_form, running_out, mail_form)
    for form in (*cards, *pages):
        form.add_routes(routes, services)
