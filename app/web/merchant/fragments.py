"""What a page answers: a fragment of HTML for <main>, and what the bridge is to do besides."""

import json
from typing import Any, Literal
from urllib.parse import quote

from flask import Response, render_template, request

from app.errors import BadRequest
from app.usecases.merchants.form_tokens import FormToken, as_once, new_token
from app.web.merchant.authentication import MANAGE_APPS, MANAGE_ORDERS, Staff

Tone = Literal["info", "success", "warning", "error"]


def fragment(template: str, staff: Staff, *, status: int = 200, **values: Any) -> Response:
    """Render `templates/merchant/<template>` for <main>.

    Templates may use `staff`, `may_work` (MANAGE_ORDERS), `may_change` (MANAGE_APPS), and `once`, the token for a form.
    """
    page = render_template(
        f"merchant/{template}",
        staff=staff,
        may_work=MANAGE_ORDERS in staff.user_permissions,
        may_change=MANAGE_APPS in staff.user_permissions,
        once=new_token(),
        **values,
    )
    return Response(page, status=status, mimetype="text/html")


def notify(answer: Response, tone: Tone, title: str, text: str = "") -> Response:
    """Let the Dashboard show a notification. Errors stay there until they are closed."""
    answer.headers["X-Notify"] = quote(json.dumps({"status": tone, "title": title, "text": text}), safe="")
    return answer


def at(answer: Response, path: str) -> Response:
    """Say which page this is, where the address asked is another: after a POST. `path` is such as `orders/12?tab=log`."""
    answer.headers["X-Page"] = quote(path, safe="/?&=")
    return answer


def form_once(staff: Staff) -> FormToken:
    """Read the token of the form that was posted.

    Raises BadRequest when it carries none.
    """
    return as_once(request.form.get("once", ""), store_id=staff.store_id, made_by=staff.email, user_id=staff.user_id)


def form_text(name: str, *, length_max: int = 1024) -> str:
    """Read a field of the form, without blanks around it.

    Raises BadRequest when it is longer than any that makes sense.
    """
    text = request.form.get(name, "").strip()
    if len(text) > length_max:
        raise BadRequest(f"A field of this form holds more than {length_max} characters.")
    return text


def form_about(name: str, subject: str) -> None:
    """Check that the form is about what its address names: the field `name` holds `subject`.

    Raises BadRequest when it is not. A page that shows one thing must not change another.
    """
    if request.form.get(name, "") != subject:
        raise BadRequest("This form is about something else than its page. Nothing was changed. Please reload the page.")
