"""Widgets: what the Dashboard shows of points beside an order, a customer and a product, and on its home page.

The Dashboard loads a widget by GET and tells it the theme; `widget.js` gets the token and posts it. In installations from before
the widgets were loaded by GET, the Dashboard itself posts the token.
"""

import re
from urllib.parse import quote

from flask import Blueprint, Response, g, render_template, request

from app.errors import BadRequest, NotPermitted
from app.saleor.parsing import is_order_id
from app.settings import Settings
from app.usecases.merchants.list_requests import count_waiting
from app.usecases.merchants.see_overview import see_overview
from app.usecases.merchants.see_product import see_product_box
from app.usecases.merchants.see_widgets import see_customer_box, see_order_box
from app.usecases.services import Services
from app.web.merchant import order_words, shell
from app.web.merchant.advice import advice_for
from app.web.merchant.authentication import MANAGE_ORDERS, Staff, require, staff_of_form
from app.web.merchant.charts import points_chart
from app.web.merchant.places import as_segment

BOXES = ("order", "customer", "product", "home")
_GLOBAL_ID = re.compile(r"[A-Za-z0-9+/=]{4,128}")
_MOVEMENTS_MAX = 5
_TROUBLES_MAX = 2


def add_routes(routes: Blueprint, services: Services, settings: Settings) -> None:
    """Serve the frame of each widget, and what is in it."""

    @routes.get(f"/widgets/<any({', '.join(BOXES)}):name>")
    def widget_frame(name: str) -> str:  # noqa: ARG001 - widget.js posts to the same address
        g.merchant_ancestors = shell.frame_ancestors(services, settings)
        return render_template("merchant/widget_frame.html", theme=shell.theme_asked(), is_empty=True)

    @routes.post("/widgets/order")
    def order_widget() -> Response:
        staff = _staff(services, settings)
        order_id = request.form.get("orderId", "")
        if not is_order_id(order_id):
            raise BadRequest("The Dashboard did not name the order.")
        order = see_order_box(services, staff.store_id, order_id)
        return _widget(
            "order_widget.html",
            staff,
            f"orders/{quote(order_id)}",
            order=order,
            words=order_words.STATUS_WORDS,
            advice=advice_for,
        )

    @routes.post("/widgets/customer")
    def customer_widget() -> Response:
        staff = _staff(services, settings)
        user_id = request.form.get("customerId", "")
        if not _GLOBAL_ID.fullmatch(user_id):
            raise BadRequest("The Dashboard did not name the customer.")
        customer = see_customer_box(services, staff.store_id, user_id)
        path = f"customers/{as_segment(customer.email)}" if customer is not None else "customers"
        return _widget(
            "customer_widget.html",
            staff,
            path,
            customer=customer,
            approvals_waiting=count_waiting(services, staff.store_id, email=customer.email) if customer is not None else 0,
            words=order_words,
            movements_max=_MOVEMENTS_MAX,
        )

    @routes.post("/widgets/product")
    def product_widget() -> Response:
        staff = _staff(services, settings)
        product_id = request.form.get("productId", "")
        if not _GLOBAL_ID.fullmatch(product_id):
            raise BadRequest("The Dashboard did not name the product.")
        product = see_product_box(services, staff.store_id, product_id)
        return _widget("product_widget.html", staff, "rules", product=product)

    @routes.post("/widgets/home")
    def home_widget() -> Response:
        staff = _staff(services, settings)
        view = see_overview(services, staff.store_id)
        chart = points_chart(view.days, width=480, height=170)  # The Dashboard gives the widget a tile of half a page.
        return _widget("home_widget.html", staff, "", view=view, chart=chart, listed_max=_TROUBLES_MAX)


def _staff(services: Services, settings: Settings) -> Staff:
    if not request.form.get("accessToken"):
        raise NotPermitted("Your Saleor account needs the permission MANAGE_ORDERS to see points here.")
    staff = staff_of_form(services, request)
    require(staff, MANAGE_ORDERS)
    g.merchant_ancestors = shell.ancestors_of(staff.dashboard_url, settings)
    return staff


def _widget(template: str, staff: Staff, path: str, **values: object) -> Response:
    page = render_template(
        f"merchant/{template}", app=_app_address(staff), here=f"{_app_address(staff)}/{path}".rstrip("/"), **values
    )
    return Response(page, mimetype="text/html")


def _app_address(staff: Staff) -> str:
    """Give the address of our own page in the store's Dashboard; where that is mounted is known once a page was opened."""
    dashboard = staff.dashboard_url or ""
    mounted = dashboard if dashboard.count("/") > 2 else f"{dashboard}/dashboard"
    return f"{mounted}/extensions/app/{quote(staff.app_id, safe='')}"
