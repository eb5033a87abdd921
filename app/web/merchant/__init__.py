"""The merchant's pages inside the Saleor Dashboard.

`/app/…` is a shell without any secret in it. Its bridge script takes the staff user's token from the Dashboard and fetches
fragments, `/app/pages/…`, with it. `/app/widgets/…` are posted to by the Dashboard, with the token in the form.

A page is a module with `add_routes(routes, services)`. A view verifies (`staff_of`), asks for the permission (`require`), calls
one use case and answers (`fragment`); after a POST it says where the merchant is now (`at`) and what to notify (`notify`). A form
that was filled in wrongly is shown again with status 422: with what was typed, and each error beside its field (parts.html).

What a form does is done once, however often it is sent: the form carries `once` (given to every template), the view reads it
(`form_once`), and the use case opens its transaction with `if not is_first(session, once, now): return` (app/db/form_tokens.py).
The second click then gets the page as the first left it. A page with several forms gives each a token of its own (`new_token`).
"""

from functools import partial

from flask import Blueprint, abort, request

from app.settings import Settings
from app.usecases.services import Services
from app.web.merchant import (
    approvals,
    batch_pages,
    customer_actions,
    customer_list,
    customers,
    log,
    moved_customer,
    order_list,
    orders,
    overview,
    reward_form,
    reward_pages,
    rules,
    shell,
    test_claim,
    widgets,
    words,
)
from app.web.merchant import settings as settings_page
from app.web.merchant.authentication import learn_from_allowed, staff_of
from app.web.merchant.banners import add_banners

__all__ = ["blueprint"]


def blueprint(services: Services, settings: Settings) -> Blueprint:
    """Routes of the merchant's pages. Each page is a module with `add_routes`."""
    routes = Blueprint("merchant", __name__, url_prefix="/app")
    words.add_filters(routes)
    # Of the whole app: an address that is asked in a way that it does not serve belongs to no blueprint.
    routes.after_app_request(shell.protect)
    routes.after_request(partial(learn_from_allowed, services))
    routes.after_request(partial(add_banners, services))
    # Of the whole app: an error's answer belongs to no blueprint.
    routes.after_app_request(shell.name_tabs)
    shell.add_routes(routes, services, settings)
    overview.add_routes(routes, services, settings)
    for page in (
        order_list,
        orders,
        approvals,
        batch_pages,
        customer_actions,
        moved_customer,
        customer_list,
        customers,
        rules,
        reward_pages,
        reward_form,
        log,
        test_claim,
    ):
        page.add_routes(routes, services)
    settings_page.add_routes(routes, services, settings)
    widgets.add_routes(routes, services, settings)

    @routes.get("/pages/<path:path>")
    def unknown(path: str) -> str:  # noqa: ARG001 - Flask hands it over
        staff_of(services, request)
        abort(404, "Saleor Points does not have this page.")

    return routes
