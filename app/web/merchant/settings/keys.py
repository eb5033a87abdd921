"""The forms of the Points API's keys: one makes a key, and each key has one that revokes it."""

from flask import Blueprint, Response

from app.errors import BadRequest
from app.usecases.api.manage_keys import create_key, list_keys, revoke_key
from app.usecases.services import Services
from app.web.merchant.authentication import Staff
from app.web.merchant.fragments import form_once, form_text, notify
from app.web.merchant.settings.page import changer, show, show_saved


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the forms."""

    @routes.post("/pages/settings/keys")
    def new_key() -> Response:
        staff = changer(services)
        label = form_text("label")
        try:
            key = create_key(services, staff.store_slug, label, who=staff.email, once=form_once(staff))
        except BadRequest as refused:
            return show(services, staff, failed="keys", errors={"label": refused.message})
        if not key:
            return notify(show(services, staff), "info", "This form was sent before. Its key was shown then")
        return notify(show(services, staff, new_key=key), "success", "Key created: copy it now")

    @routes.post("/pages/settings/keys/revoke")
    def old_key() -> Response:
        staff = changer(services)
        try:
            revoke_key(services, own_key(staff), who=staff.email)
        except BadRequest as refused:
            return show(services, staff, failed="keys", errors={"key_id": refused.message})
        return show_saved(services, staff, "Key revoked")

    def own_key(staff: Staff) -> int:
        """Read which key is meant. Another store's is none."""
        number = form_text("key_id", length_max=20)
        for key in list_keys(services, staff.store_slug):
            if str(key.id) == number:
                return key.id
        raise BadRequest("This key does not exist.")
