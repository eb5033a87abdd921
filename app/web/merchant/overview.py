"""The overview: is it working, what did it do, and what needs the merchant."""

from flask import Blueprint, Response, request

from app.usecases.services import Services
from app.web.merchant.answers import fragment
from app.web.merchant.staff import MANAGE_ORDERS, require, staff_of


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the overview."""

    @routes.get("/pages/overview")
    def overview() -> Response:
        staff = staff_of(services, request)
        require(staff, MANAGE_ORDERS)
        return fragment("overview.html", staff)
