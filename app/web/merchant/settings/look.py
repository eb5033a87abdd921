"""The form of how the shop looks to its shoppers, and the preview of what is typed into it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from flask import Blueprint, Response, request

from app.domain.brand import Brand
from app.errors import BadRequest
from app.usecases.merchants.change_brand import change_brand, checked_brand, show_brand
from app.usecases.merchants.read_logo import read_logo
from app.usecases.services import Services
from app.web.merchant.brand_preview import render_preview
from app.web.merchant.fragments import form_once, form_text, fragment
from app.web.merchant.settings.page import changer, show, show_saved


@dataclass(frozen=True, slots=True)
class TypedLook:
    """What was typed: the logo's file, the other values, and what is wrong with each."""

    logo: bytes | None
    values: Mapping[str, str]
    errors: Mapping[str, str]


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the form and its preview."""

    @routes.post("/pages/settings/brand")
    def brand() -> Response:
        staff = changer(services)
        once = form_once(staff)
        typed = _read()
        if typed.errors:
            return show(services, staff, failed="brand", errors=typed.errors)
        change_brand(
            services,
            staff.store_slug,
            **typed.values,
            logo=typed.logo,
            remove_logo=typed.logo is None and bool(form_text("remove_logo")),
            who=staff.email,
            once=once,
        )
        return show_saved(services, staff, "Look saved")

    @routes.post("/pages/settings/brand/preview")
    def preview() -> Response:
        staff = changer(services)
        typed = _read()
        picture = read_logo(typed.logo) if typed.logo is not None and "logo" not in typed.errors else None
        page = render_preview(_drafted(show_brand(services, staff.store_slug), typed), logo=picture)
        return fragment("brand_preview.html", staff, claim_page=page, errors=typed.errors)


def _read() -> TypedLook:
    errors: dict[str, str] = {}
    values = {name: request.form.get(name, "") for name in ("name", "accent", "text")}
    for name, value in values.items():
        try:
            checked_brand(**{name: value})
        except BadRequest as refused:
            errors[name] = refused.message
    file = request.files.get("logo")
    logo = file.read() if file is not None and file.filename else None
    if logo is not None:
        try:
            read_logo(logo)
        except BadRequest as refused:
            errors["logo"] = refused.message
    return TypedLook(logo, values, errors)


def _drafted(shown: Brand, typed: TypedLook) -> Brand:
    """Give the brand with what can be shown of what was typed."""
    fit = checked_brand(**{name: value for name, value in typed.values.items() if name not in typed.errors})
    return replace(
        shown,
        name=fit.get("name") or shown.name,
        accent=fit.get("accent", shown.accent),
        text=fit.get("page_text", shown.text),
    )
