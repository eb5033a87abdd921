"""Settings: where the points live, what is asked of them, how the shop looks, keys, and what goes into the mails."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, Response, request

from app.db.form_tokens import is_first
from app.domain.brand import Brand
from app.domain.store import AccountKind, ClaimLink, DebtPolicy
from app.errors import BadRequest
from app.settings import Settings
from app.usecases.api.manage_keys import create_key, list_keys, revoke_key
from app.usecases.merchants.change_brand import brand_of, change_brand, checked_brand
from app.usecases.merchants.change_provider import NOBODY, Connection, change_provider, check_connection
from app.usecases.merchants.change_store import change_store, check_setting
from app.usecases.merchants.form_tokens import new_token
from app.usecases.merchants.read_logo import read_logo
from app.usecases.merchants.show_settings import ShownSettings, note_change, show_settings
from app.usecases.operating.change_account import change_account
from app.usecases.services import Services
from app.web.merchant import snippets
from app.web.merchant.authentication import MANAGE_APPS, Staff, require, staff_of
from app.web.merchant.brand_preview import render_preview
from app.web.merchant.fragments import at, form_once, form_text, fragment, notify

CLAIM_LINKS = (
    (ClaimLink.OWN.value, "Our own order link"),
    (ClaimLink.DIRECT.value, "The provider's link itself"),
)
DEBT_POLICIES = (
    (DebtPolicy.FLOOR.value, "Never fall below zero"),
    (DebtPolicy.NEGATIVE.value, "Fall into debt at once"),
)
PROVIDERS = ((AccountKind.EMBEDDED.value, "In this app"), (AccountKind.COGGINS.value, "Coggins Points API"))


def add_routes(routes: Blueprint, services: Services, settings: Settings) -> None:
    """Serve the page, and a form for each of its parts."""
    page = Page(services, public_only=settings.app_env == "production", own_provider=settings.points_api_url)

    @routes.get("/pages/settings")
    def shown() -> Response:
        return page.show(page.changer())

    @routes.post("/pages/settings/provider")
    def provider() -> Response:
        return page.change_provider(page.changer())

    @routes.post("/pages/settings/provider/test")
    def test_provider() -> Response:
        return page.test_provider(page.changer())

    @routes.post("/pages/settings/store")
    def store() -> Response:
        return page.change_store(page.changer())

    @routes.post("/pages/settings/brand")
    def brand() -> Response:
        return page.change_brand(page.changer())

    @routes.post("/pages/settings/brand/preview")
    def preview() -> Response:
        return page.preview_brand(page.changer())

    @routes.post("/pages/settings/keys")
    def new_key() -> Response:
        return page.create_key(page.changer())

    @routes.post("/pages/settings/keys/revoke")
    def old_key() -> Response:
        return page.revoke_key(page.changer())


class Page:
    """The settings page. `public_only`: points providers must stand in the public internet, but for the operator's own."""

    def __init__(self, services: Services, *, public_only: bool, own_provider: str) -> None:
        self._services = services
        self._public_only = public_only
        self._own_provider = own_provider

    def changer(self) -> Staff:
        staff = staff_of(self._services, request)
        require(staff, MANAGE_APPS)
        return staff

    def show(self, staff: Staff, *, failed: str = "", errors: Mapping[str, str] | None = None, **values: Any) -> Response:
        """Show the page; after a form that failed, with what was typed into it and an error beside each field."""
        shown = show_settings(self._services, staff.store_id)
        typed = {**_stored(shown), **(_typed(failed) if failed else {})}
        answer = fragment(
            "settings.html",
            staff,
            status=422 if failed else 200,
            shown=shown,
            typed=typed,
            failed=failed,
            errors=errors or {},
            keys=list_keys(self._services, staff.store_slug),
            claim_page=render_preview(brand_of(shown.store)),
            snippets=snippets.snippets(self._services.claim_url_base, staff.store_slug),
            claim_links=CLAIM_LINKS,
            debt_policies=DEBT_POLICIES,
            providers=PROVIDERS,
            time_zones=[(name, name) for name in sorted(available_timezones() | {shown.store.time_zone})],
            nobody=NOBODY,
            new_token=new_token,
            **{"new_key": "", **values},
        )
        return at(answer, "settings") if request.method == "POST" else answer

    def test_provider(self, staff: Staff) -> Response:
        if form_text("kind") == AccountKind.EMBEDDED:
            return fragment("connection.html", staff, connection=None)
        email = form_text("test_email") or NOBODY
        return fragment("connection.html", staff, connection=self._checked(staff, email), email=email)

    def change_provider(self, staff: Staff) -> Response:
        kind = form_text("kind")
        if kind == AccountKind.EMBEDDED:
            change_account(self._services, staff.store_slug, kind=AccountKind.EMBEDDED)
            return self._noted(staff, "Points are kept in this app from now on")
        if kind != AccountKind.COGGINS:
            return self.show(staff, failed="provider", errors={"kind": "Choose one of these."})
        connection = self._checked(staff, NOBODY)
        if not connection.is_good:
            return self.show(staff, failed="provider", errors={connection.field.value: connection.error})
        change_provider(
            self._services, staff.store_slug, staff.store_id, kind=AccountKind.COGGINS, url=form_text("url"), key=form_text("key")
        )
        return self._noted(staff, "Points are kept at Coggins from now on")

    def _checked(self, staff: Staff, email: str) -> Connection:
        url = form_text("url")
        is_own = bool(self._own_provider) and url.rstrip("/") == self._own_provider
        return check_connection(
            self._services,
            staff.store_id,
            url=url,
            key=form_text("key"),
            email=email,
            public_only=self._public_only and not is_own,
        )

    def change_store(self, staff: Staff) -> Response:
        errors: dict[str, str] = {}
        values: dict[str, Any] = {}
        for name, read in _STORE_FIELDS.items():
            try:
                values[name] = read()
                check_setting(name, values[name])
            except BadRequest as refused:
                errors[name] = refused.message
        if errors:
            return self.show(staff, failed="store", errors=errors)
        change_store(self._services, staff.store_slug, **values)
        return self._noted(staff, "The settings are saved")

    def change_brand(self, staff: Staff) -> Response:
        logo, values, errors = self._read_brand()
        if errors:
            return self.show(staff, failed="brand", errors=errors)
        change_brand(
            self._services, staff.store_slug, **values, logo=logo, remove_logo=logo is None and bool(form_text("remove_logo"))
        )
        return self._noted(staff, "The look is saved")

    def _read_brand(self) -> tuple[bytes | None, dict[str, str], dict[str, str]]:
        """Read the form of the look: the logo's file, the other values, and what is wrong with each."""
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
        return logo, values, errors

    def preview_brand(self, staff: Staff) -> Response:
        logo, values, errors = self._read_brand()
        shown = brand_of(show_settings(self._services, staff.store_id).store)
        picture = read_logo(logo) if logo is not None and "logo" not in errors else None
        page = render_preview(_drafted(shown, values, errors), logo=picture)
        return fragment("brand_preview.html", staff, claim_page=page, errors=errors)

    def create_key(self, staff: Staff) -> Response:
        label = form_text("label")
        try:
            if not self._is_first(staff):
                return notify(self.show(staff), "info", "This form was sent before: its key was shown then")
            key = create_key(self._services, staff.store_slug, label)
        except BadRequest as refused:
            return self.show(staff, failed="keys", errors={"label": refused.message})
        note_change(self._services, staff.store_id, "A key of the Points API was made.", who=staff.email)
        return notify(self.show(staff, new_key=key), "success", "The key is made: copy it now")

    def revoke_key(self, staff: Staff) -> Response:
        try:
            revoke_key(self._services, self._own_key(staff))
        except BadRequest as refused:
            return self.show(staff, failed="keys", errors={"key_id": refused.message})
        note_change(self._services, staff.store_id, "A key of the Points API was revoked.", who=staff.email)
        return notify(self.show(staff), "success", "The key opens nothing any more")

    def _own_key(self, staff: Staff) -> int:
        """Read which key is meant. Another store's is none."""
        number = form_text("key_id", length_max=20)
        for key in list_keys(self._services, staff.store_slug):
            if str(key.id) == number:
                return key.id
        raise BadRequest("There is no such key.")

    def _is_first(self, staff: Staff) -> bool:
        with self._services.database.writing() as session:
            return is_first(session, form_once(staff), self._services.clock())

    def _noted(self, staff: Staff, title: str) -> Response:
        note_change(self._services, staff.store_id, f"{title}.", who=staff.email)
        return notify(self.show(staff), "success", title)


def _days() -> int | None:
    text = form_text("default_expires_days")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise BadRequest("Write a whole number of days, or leave it empty: claims never expire then.")
    return int(text)


_STORE_FIELDS: dict[str, Callable[[], Any]] = {
    "claim_link": lambda: form_text("claim_link"),
    "debt_policy": lambda: form_text("debt_policy"),
    "time_zone": lambda: form_text("time_zone"),
    "default_expires_days": _days,
    "customer_types": lambda: form_text("customer_types", length_max=32_768).replace(",", "\n").splitlines(),
    "order_notes": lambda: bool(form_text("order_notes")),
}

# The boxes to tick, by form: another form's box was not sent because it stands elsewhere, not because it is not ticked.
_BOXES = {"store": ("order_notes",), "brand": ("remove_logo",)}


def _stored(shown: ShownSettings) -> dict[str, Any]:
    """Write the settings as their forms would hold them."""
    store, account = shown.store, shown.account
    return {
        "kind": account.kind,
        "url": account.url or "",
        "test_email": "",
        "claim_link": store.claim_link,
        "debt_policy": store.debt_policy,
        "time_zone": store.time_zone,
        "default_expires_days": "" if store.default_expires_days is None else f"{store.default_expires_days}",
        "customer_types": "\n".join(shown.customer_types),
        "order_notes": store.order_notes,
        "name": store.name,
        "accent": store.accent or "",
        "text": store.page_text or "",
        "remove_logo": False,
        "label": "",
    }


def _typed(failed: str) -> dict[str, Any]:
    """Give what was typed into the form that failed. A box that is not ticked is not sent, and the key is never shown again."""
    boxes = dict.fromkeys(_BOXES.get(failed, ()), False)
    return boxes | {name: value for name, value in request.form.items() if name != "key"}


def _drafted(shown: Brand, values: Mapping[str, str], errors: Mapping[str, str]) -> Brand:
    """Give the brand with what can be shown of what was typed."""
    typed = checked_brand(**{name: value for name, value in values.items() if name not in errors})
    return replace(
        shown,
        name=typed.get("name") or shown.name,
        accent=typed.get("accent", shown.accent),
        text=typed.get("page_text", shown.text),
    )
