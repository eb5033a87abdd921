"""The shell of the pages: navigation, an empty <main> and the bridge script. It holds no secret and no data."""

from collections.abc import Iterable
from http import HTTPStatus

from flask import Blueprint, Response, g, render_template, request

from app.saleor.api_urls import dashboard_origin
from app.settings import Settings
from app.usecases.merchants.find_dashboard import find_dashboard
from app.usecases.services import Services
from app.web.merchant.authentication import MANAGE_APPS, MANAGE_ORDERS

# Each with the permission that opening it takes.
PAGES = (
    ("overview", "Overview", MANAGE_ORDERS),
    ("orders", "Orders", MANAGE_ORDERS),
    ("customers", "Customers", MANAGE_ORDERS),
    ("rules", "Rules", MANAGE_APPS),
    ("rewards", "Rewards", MANAGE_APPS),
    ("settings", "Settings", MANAGE_APPS),
    ("log", "Log", MANAGE_ORDERS),
    ("approvals", "Approvals", MANAGE_APPS),
)

# Nothing from anywhere else, nothing inline; pictures may be part of a page: charts, a logo.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
)
_NOBODY = ("'none'",)
# Until the store's Dashboard is known, any page may frame the shell. It gives nothing away: there is no cookie, and without
# the token of a staff user, which only that user's Dashboard hands out, no page has anything to show or to press.
_ANYBODY = ("http:", "https:")


def add_routes(routes: Blueprint, services: Services, settings: Settings) -> None:
    """Serve the shell at /app and at every path below it: the Dashboard's deep links."""

    @routes.get("/stay")
    def stay() -> tuple[str, int]:
        """Answer so that a page stays in its frame, and another load into that frame ends."""
        return "", HTTPStatus.NO_CONTENT

    @routes.get("/", defaults={"path": ""})
    @routes.get("/<path:path>")
    def shell(path: str) -> str:  # noqa: ARG001 - the bridge reads it from the address
        g.merchant_ancestors = frame_ancestors(services, settings)
        return render_template("merchant/shell.html", pages=PAGES, theme=theme_asked())


def name_tabs(answer: Response) -> Response:
    """Tell with the answer which pages this staff user may open: the shell shows the tabs of no others."""
    permissions: frozenset[str] | None = g.get("merchant_permissions")
    if permissions is not None and request.path.startswith("/app/pages/"):
        # The overview leads to the approvals. They are a tab of their own for those who have no overview.
        hidden = "approvals" if MANAGE_ORDERS in permissions else ""
        answer.headers["X-Tabs"] = " ".join(path for path, _, needed in PAGES if needed in permissions and path != hidden)
    return answer


def protect(answer: Response) -> Response:
    """Let a page of the merchant load nothing from elsewhere, be framed by the Dashboard only, and stay in no cache."""
    if request.path != "/app" and not request.path.startswith("/app/"):
        return answer
    ancestors = g.get("merchant_ancestors", _ANYBODY)
    answer.headers["Content-Security-Policy"] = _POLICY.format(ancestors=" ".join(ancestors))
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers.setdefault("Cache-Control", "no-store")
    return answer


def ancestors_of(dashboard_url: str | None, settings: Settings) -> tuple[str, ...]:
    """Give the origins that may frame a store's pages: its Dashboard as learned, and those that are set."""
    origins = (dashboard_origin(url) for url in (dashboard_url or "", *settings.dashboards))
    known = tuple(dict.fromkeys(origin for origin in origins if origin is not None))
    return known if dashboard_url is not None or settings.dashboards else _ANYBODY


def theme_asked() -> str:
    """Give the theme that the Dashboard wrote into the frame's address."""
    return "dark" if request.args.get("theme") == "dark" else "light"


def frame_ancestors(services: Services, settings: Settings) -> Iterable[str]:
    """Give the origins that may frame the shell, or a box. Nobody has signed in yet: a learned origin is told to itself only.

    A browser names it in Referer, except where Back loads the frame again, or the Dashboard forbids it. Then anybody may frame
    the shell: it is empty without a token, and a learned origin must not be told to whoever leaves the header out.
    """
    api_url, referrer = request.args.get("saleorApiUrl", ""), request.headers.get("Referer")
    known = find_dashboard(services, api_url) if api_url else None
    if known is None or dashboard_origin(known) == _origin_of(referrer):
        return ancestors_of(known, settings)
    return _ANYBODY if referrer is None else ancestors_of("", settings) or _NOBODY


def _origin_of(referrer: str | None) -> str | None:
    return dashboard_origin((referrer or "").partition("?")[0])
