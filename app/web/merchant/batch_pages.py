"""Batches: points for many customers from a file, or for those who were chosen. Checked, run and undone on their own page."""

from io import TextIOWrapper
from typing import Any

from flask import Blueprint, Response, abort, request

from app.errors import BadRequest
from app.usecases.merchants.batches.batch_words import what_it_did, what_it_would_do
from app.usecases.merchants.batches.decide_batch import decide_batch, undo_batch
from app.usecases.merchants.batches.make_batch import make_batch
from app.usecases.merchants.batches.read_changes import read_changes
from app.usecases.merchants.batches.see_batch import list_batches, see_batch
from app.usecases.merchants.batches.start_batch import discard_batch, start_batch
from app.usecases.merchants.form_tokens import new_token
from app.usecases.services import Services
from app.web.merchant.authentication import MANAGE_APPS, MANAGE_ORDERS, Staff, require, staff_of
from app.web.merchant.fragments import Tone, at, form_once, form_text, fragment, notify

# No id of a row is larger.
_ID_MAX = 2**63 - 1
STATE_WORDS = {
    "checked": ("Not run yet", ""),
    "waiting": ("Waits for approval", "warning"),
    "refused": ("Refused", "error"),
    "running": ("Running", "info"),
    "done": ("Done", "success"),
    "undoing": ("Being undone", "info"),
    "undone": ("Undone", ""),
}
_SENT_BEFORE: tuple[Tone, str, str] = ("info", "This form was sent before", "It did nothing a second time.")


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the list, the form that checks a file, and the page of a batch."""
    _add_making(routes, services)
    _add_deciding(routes, services)

    @routes.get("/pages/batches/<int:batch_id>", defaults={"shown": "all"})
    @routes.get("/pages/batches/<int:batch_id>/<any(problems):shown>")
    def batch(batch_id: int, shown: str) -> Response:
        return batch_page(services, _reader(services), batch_id, only_problems=shown == "problems")


def _add_making(routes: Blueprint, services: Services) -> None:
    @routes.get("/pages/batches")
    def batches() -> Response:
        return _list(services, _reader(services))

    @routes.post("/pages/batches")
    def check_file() -> Response:
        staff = _worker(services)
        try:
            once, reason = form_once(staff), form_text("reason")
            rows = read_changes(_uploaded())
            batch_id = make_batch(services, staff.store_slug, rows, reason=reason, who=staff.email, once=once)
        except BadRequest as refused:
            return _list(services, staff, sentence=refused.message)
        if batch_id is None:
            return notify(_list(services, staff), *_SENT_BEFORE)
        return at(batch_page(services, staff, batch_id), f"batches/{batch_id}")


def _add_deciding(routes: Blueprint, services: Services) -> None:
    @routes.post("/pages/batches/<int:batch_id>/<any(run, discard, undo):what>")
    def act_on_batch(batch_id: int, what: str) -> Response:
        staff = _worker(services)
        try:
            told = _act(services, staff, batch_id, what)
        except BadRequest as refused:
            return _refused(services, staff, batch_id, refused)
        if what == "discard":
            return at(notify(_list(services, staff), *told), "batches")
        return at(notify(batch_page(services, staff, batch_id), *told), f"batches/{batch_id}")

    @routes.post("/pages/batches/<int:batch_id>/<any(approve, refuse):what>")
    def decide_on_batch(batch_id: int, what: str) -> Response:
        staff = staff_of(services, request)
        require(staff, MANAGE_APPS)
        approves = what == "approve"
        try:
            reason, once = form_text(f"{what}-reason"), form_once(staff)
            _check(batch_id)
            decide_batch(services, staff.store_slug, batch_id, approves=approves, reason=reason, who=staff.email, once=once)
        except BadRequest as refused:
            return _refused(services, staff, batch_id, refused)
        told = "Batch approved" if approves else "Batch refused"
        return at(notify(batch_page(services, staff, batch_id), "success", told), f"batches/{batch_id}")


def _act(services: Services, staff: Staff, batch_id: int, what: str) -> tuple[Tone, str]:
    _check(batch_id)
    once = form_once(staff)
    if what == "run":
        if start_batch(services, staff.store_slug, batch_id, who=staff.email, once=once):
            return "success", "The batch runs"
        return "warning", "The batch waits for approval"
    if what == "undo":
        undo_batch(services, staff.store_slug, batch_id, who=staff.email, once=once)
        return "success", "The batch is being undone"
    discard_batch(services, staff.store_slug, batch_id, who=staff.email, once=once)
    return "success", "Batch discarded"


def batch_page(
    services: Services, staff: Staff, batch_id: int, *, only_problems: bool = False, sentence: str = "", failed: str = ""
) -> Response:
    """Show a batch, with one page of its changes. `sentence` says why what was asked for was not done."""
    _check(batch_id)
    try:
        page = see_batch(services, staff.store_slug, batch_id, only_problems=only_problems, after=_after())
    except BadRequest as refused:
        abort(404, refused.message)
    return fragment(
        "batch.html",
        staff,
        status=422 if sentence else 200,
        page=page,
        batch=page.batch,
        only_problems=only_problems,
        sentence=sentence,
        failed=failed,
        typed=request.form,
        states=STATE_WORDS,
        what_it_would_do=what_it_would_do,
        what_it_did=what_it_did,
        new_token=new_token,
    )


def _refused(services: Services, staff: Staff, batch_id: int, refused: BadRequest) -> Response:
    what = request.path.rpartition("/")[2]
    return at(batch_page(services, staff, batch_id, sentence=refused.message, failed=what), f"batches/{batch_id}")


def _list(services: Services, staff: Staff, *, sentence: str = "") -> Response:
    found = list_batches(services, staff.store_slug)
    values: dict[str, Any] = {"batches": found, "sentence": sentence, "typed": request.form, "states": STATE_WORDS}
    return fragment("batches.html", staff, status=422 if sentence else 200, **values)


def _uploaded() -> TextIOWrapper:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise BadRequest("Choose a CSV file.")
    # Bytes that are no UTF-8 are found while the rows are read.
    return TextIOWrapper(file.stream, encoding="utf-8", newline="")


def _worker(services: Services) -> Staff:
    staff = staff_of(services, request)
    require(staff, MANAGE_ORDERS)
    return staff


def _reader(services: Services) -> Staff:
    """Let whoever decides see what there is to decide, and whoever works see what came of it."""
    staff = staff_of(services, request)
    require(staff, MANAGE_APPS if MANAGE_APPS in staff.user_permissions else MANAGE_ORDERS)
    return staff


def _check(batch_id: int) -> None:
    if batch_id > _ID_MAX:
        abort(404, "Saleor Points does not have this page.")


def _after() -> int:
    text = request.args.get("after", "")
    return min(int(text), _ID_MAX) if text.isascii() and text.isdigit() and len(text) <= len(str(_ID_MAX)) else 0
