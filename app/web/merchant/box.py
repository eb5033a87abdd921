"""What every box has: who asks, and the page that answers."""

from urllib.parse import quote

from flask import Response, g, render_template, request

from app.errors import NotPermitted
from app.settings import Settings
from app.usecases.services import Services
from app.web.merchant import shell
from app.web.merchant.authentication import MANAGE_ORDERS, Staff, require, staff_of_form


def box_staff(services: Services, settings: Settings) -> Staff:
    """Verify who asks for a box, or sends its form.

    Raises NotPermitted where they may not manage orders, and as `staff_of_form` does.
    """
    if not request.form.get("accessToken"):
        raise NotPermitted("Your Saleor account needs the permission MANAGE_ORDERS to see points here.")
    staff = staff_of_form(services, request)
    require(staff, MANAGE_ORDERS)
    g.merchant_ancestors = shell.ancestors_of(staff.dashboard_url, settings)
    return staff


def box_page(template: str, staff: Staff, path: str, *, status: int = 200, **values: object) -> Response:
    """Render what is in a box. `path` is the page of ours that it leads to."""
    here = f"{_app_address(staff)}/{path}".rstrip("/")
    page = render_template(f"merchant/{template}", app=_app_address(staff), here=here, **values)
    return Response(page, status=status, mimetype="text/html")


def _app_address(staff: Staff) -> str:
    """Give the address of our own page in the store's Dashboard; where that is mounted is known once a page was opened."""
    dashboard = staff.dashboard_url or ""
    mounted = dashboard if dashboard.count("/") > 2 else f"{dashboard}/dashboard"
    return f"{mounted}/extensions/app/{quote(staff.app_id, safe='')}"
