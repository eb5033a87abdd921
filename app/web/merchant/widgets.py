"""Widgets: what the Dashboard shows of points beside an order, a customer, a product, a gift card and a voucher, and at home.

The Dashboard loads a widget by GET and tells it the theme; `widget.js` gets the token and posts it. In installations from before
the widgets were loaded by GET, the Dashboard itself posts the token.
"""

from flask import Blueprint, Response, g, render_template, request

from app.errors import BadRequest
from app.settings import Settings
from app.usecases.merchants.see_overview import see_overview
from app.usecases.merchants.see_product import see_product_box
from app.usecases.services import Services
from app.web.merchant import code_boxes, giving_boxes, shell
from app.web.merchant.box import box_page, box_staff
from app.web.merchant.charts import points_chart
from app.web.merchant.giving_boxes import GLOBAL_ID

BOXES = ("order", "customer", "product", "gift-card", "voucher", "home")
_TROUBLES_MAX = 2


def add_routes(routes: Blueprint, services: Services, settings: Settings) -> None:
    """Serve the frame of each widget, and what is in it."""
    giving_boxes.add_routes(routes, services, settings)
    code_boxes.add_routes(routes, services, settings)

    @routes.get(f"/widgets/<any({', '.join(map(repr, BOXES))}):name>")
    def widget_frame(name: str) -> str:  # noqa: ARG001 - widget.js posts to the same address
        g.merchant_ancestors = shell.frame_ancestors(services, settings)
        return render_template("merchant/widget_frame.html", theme=shell.theme_asked(), is_empty=True)

    @routes.post("/widgets/product")
    def product_widget() -> Response:
        staff = box_staff(services, settings)
        product_id = request.form.get("productId", "")
        if not GLOBAL_ID.fullmatch(product_id):
            raise BadRequest("The Dashboard did not name the product.")
        product = see_product_box(services, staff.store_id, product_id)
        return box_page("product_widget.html", staff, "rules", product=product)

    @routes.post("/widgets/home")
    def home_widget() -> Response:
        staff = box_staff(services, settings)
        view = see_overview(services, staff.store_id)
        chart = points_chart(view.days, width=480, height=170)  # The Dashboard gives the widget a tile of half a page.
        return box_page("home_widget.html", staff, "", view=view, chart=chart, listed_max=_TROUBLES_MAX)
