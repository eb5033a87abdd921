"""Who asks: the staff user behind a request of a page or a widget, and what they may do."""

from flask import Request, Response, g

from app.errors import NotPermitted
from app.usecases.merchants.learn_dashboard import learn_dashboard
from app.usecases.merchants.verify_staff import Staff, verify_staff
from app.usecases.services import Services

__all__ = [
    "MANAGE_APPS",
    "MANAGE_ORDERS",
    "MANAGE_USERS",
    "Staff",
    "learn_from_allowed",
    "learn_nothing",
    "order_manager",
    "require",
    "staff_of",
    "staff_of_form",
]

MANAGE_ORDERS = "MANAGE_ORDERS"
MANAGE_APPS = "MANAGE_APPS"
# Whoever may delete a customer in Saleor may erase one here.
MANAGE_USERS = "MANAGE_USERS"

_NEEDED_FOR = {
    MANAGE_ORDERS: "to see orders and customers here, and to work on them",
    MANAGE_APPS: "to change rules, keys and settings here",
    MANAGE_USERS: "to export or erase what is kept of a customer",
}


def staff_of(services: Services, request: Request) -> Staff:
    """Verify the staff user whose token the bridge sent along.

    Raises UnknownStore or TokenRefused, Unavailable when a later attempt may pass.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return _verified(
        services,
        api_url=request.headers.get("Saleor-Api-Url", ""),
        token=token.strip() if scheme.casefold() == "bearer" else "",
        dashboard_url=request.headers.get("Dashboard-Url"),
    )


def staff_of_form(services: Services, request: Request) -> Staff:
    """Verify the staff user of a widget: the Dashboard posts the token as a form field."""
    return _verified(
        services,
        api_url=request.form.get("saleorApiUrl", ""),
        token=request.form.get("accessToken", ""),
        # The widget's own script tells it. A form that the Dashboard itself posts carries where it comes from.
        dashboard_url=request.headers.get("Dashboard-Url") or request.headers.get("Origin"),
    )


def order_manager(services: Services, request: Request) -> Staff:
    """Verify the staff user who asks, and that they may manage orders.

    Raises as `staff_of` does, and NotPermitted where they may not.
    """
    staff = staff_of(services, request)
    require(staff, MANAGE_ORDERS)
    return staff


def require(staff: Staff, permission: str) -> None:
    """Raise NotPermitted, with a sentence for the page, where the staff user lacks a permission."""
    if permission not in staff.user_permissions:
        raise NotPermitted(f"Your Saleor account needs the permission {permission} {_NEEDED_FOR[permission]}.")
    g.merchant_allowed = staff


def learn_from_allowed(services: Services, answer: Response) -> Response:
    """Learn where the store's Dashboard is, once a request was allowed that somebody with MANAGE_APPS made."""
    staff: Staff | None = g.get("merchant_allowed")
    if staff is not None and MANAGE_APPS in staff.user_permissions and answer.status_code < 400:
        learn_dashboard(services, staff)
    return answer


def learn_nothing() -> None:
    """Let this request teach nothing: it is the one that forgets the Dashboard."""
    g.merchant_allowed = None


def _verified(services: Services, *, api_url: str, token: str, dashboard_url: str | None) -> Staff:
    staff = verify_staff(services, api_url=api_url, token=token, dashboard_url=dashboard_url, now=services.clock())
    # The words of the page follow the store's time zone.
    g.merchant_time_zone = staff.time_zone
    g.merchant_permissions = staff.user_permissions
    return staff
