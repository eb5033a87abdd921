"""The form of the points provider: where points are kept, and a test of the connection."""

from flask import Blueprint, Response

from app.domain.email import nobodys_address
from app.domain.store import AccountKind
from app.settings import Settings
from app.usecases.merchants.change_provider import Connection, change_provider, check_connection
from app.usecases.services import Services
from app.web.merchant.authentication import Staff
from app.web.merchant.fragments import form_once, form_text, fragment
from app.web.merchant.settings.page import changer, show, show_saved

_TITLES = {
    AccountKind.EMBEDDED: "Points are now kept in this app",
    AccountKind.COGGINS: "Points are now kept at Coggins",
}


def add_routes(routes: Blueprint, services: Services, settings: Settings) -> None:
    """Serve the form. In production a provider must stand in the public internet, but for the operator's own."""
    own_provider = settings.points_api_url

    @routes.post("/pages/settings/provider")
    def provider() -> Response:
        staff = changer(services)
        kind = form_text("kind")
        if kind not in set(AccountKind):
            return show(services, staff, failed="provider", errors={"kind": "Choose one of these."})
        once = form_once(staff)
        if kind == AccountKind.COGGINS:
            connection = checked(staff, nobodys_address())
            if not connection.is_good:
                return show(services, staff, failed="provider", errors={connection.field.value: connection.error})
        change_provider(
            services,
            staff.store_slug,
            staff.store_id,
            kind=AccountKind(kind),
            url=form_text("url"),
            key=form_text("key"),
            who=staff.email,
            once=once,
        )
        return show_saved(services, staff, _TITLES[AccountKind(kind)])

    @routes.post("/pages/settings/provider/test")
    def test_provider() -> Response:
        staff = changer(services)
        if form_text("kind") == AccountKind.EMBEDDED:
            return fragment("connection.html", staff, connection=None)
        email = form_text("test_email") or nobodys_address()
        return fragment("connection.html", staff, connection=checked(staff, email), email=email)

    def checked(staff: Staff, email: str) -> Connection:
        url = form_text("url")
        is_own = bool(own_provider) and url.rstrip("/") == own_provider
        return check_connection(
            services,
            staff.store_id,
            url=url,
            key=form_text("key"),
            email=email,
            public_only=settings.app_env == "production" and not is_own,
        )
