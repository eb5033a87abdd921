"""The mails that the app sends to customers: in whose name, which, with which words; each as it looks, and as a test."""

from collections.abc import Mapping
from typing import Any

from babel.core import Locale
from flask import Blueprint, Response, abort, request, url_for

from app.domain.mails import MailKind
from app.errors import BadRequest
from app.languages import LANGUAGES
from app.mail.passage import OwnWords
from app.usecases.merchants import change_mails as changing
from app.usecases.merchants import mail_words
from app.usecases.merchants.form_tokens import new_token
from app.usecases.merchants.set_mails import AFTER_DAYS_MAX, NO_SERVER, MailsOfStore, send_test, show_mails
from app.usecases.services import Services
from app.web.merchant.authentication import Staff
from app.web.merchant.fragments import at, form_once, form_text, fragment, notify
from app.web.merchant.settings.page import changer

HOME = "settings/mails"
# Each kind's name, and when it is sent.
KINDS: Mapping[MailKind, tuple[str, str]] = {
    MailKind.POINTS_READY: ("Points are waiting", "once for each order, when its points can be claimed"),
    MailKind.REMINDER: ("Reminder", "once for each order, while its points still wait after the days below"),
    MailKind.REWARD_CODE: ("Code of a reward", "when the code was made that a customer took for points"),
    MailKind.SIGN_IN: ("Code to sign in", "when a customer asks for one"),
    MailKind.POINTS_END: ("Points run out", "30 and 7 days before, one mail for a customer and day"),
}
_SUBJECT_READ_MAX, _PARAGRAPH_READ_MAX = 1024, 8192


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the page of all mails, and one for each kind and language."""

    @routes.get(f"/pages/{HOME}")
    def mails() -> Response:
        return _all(services, changer(services))

    @routes.post(f"/pages/{HOME}/save")
    def save_mails() -> Response:
        staff = changer(services)
        once, wanted = form_once(staff), _wanted()
        faults = changing.faults_of(wanted)
        if faults:
            return _all(services, staff, errors=faults)
        is_changed = changing.change_mails(services, staff.store_slug, wanted, who=staff.email, once=once)
        return notify(_all(services, staff), "success", "Mails saved" if is_changed else "Nothing to save")

    _add_one(routes, services)


def _add_one(routes: Blueprint, services: Services) -> None:
    one_mail = f"/pages/{HOME}/<kind>/<language>"

    @routes.get(one_mail)
    def mail(kind: str, language: str) -> Response:
        return _one(services, changer(services), *_known(kind, language))

    @routes.post(f"{one_mail}/save")
    def save_words(kind: str, language: str) -> Response:
        staff = changer(services)
        about, once, words = _known(kind, language), form_once(staff), _words()
        faults = mail_words.faults_of(words)
        if faults:
            return _one(services, staff, *about, typed=words, errors=faults)
        is_changed = mail_words.change_words(services, staff.store_id, *about, words, who=staff.email, once=once)
        return notify(_one(services, staff, *about), "success", "Words saved" if is_changed else "Nothing to save")

    @routes.post(f"{one_mail}/preview")
    def preview_words(kind: str, language: str) -> Response:
        staff = changer(services)
        about, words = _known(kind, language), _words()
        sheet = _sheet(services, staff, *about, words)
        return fragment("mail_preview.html", staff, sheet=sheet, errors=mail_words.faults_of(words))

    @routes.post(f"{one_mail}/test")
    def test_mail(kind: str, language: str) -> Response:
        staff = changer(services)
        about = _known(kind, language)
        try:
            send_test(services, staff.store_slug, about[0], staff.email, language, once=form_once(staff))
        except BadRequest as refused:
            return notify(_one(services, staff, *about), "warning", "No test was sent", refused.message)
        return notify(_one(services, staff, *about), "success", "The test is on its way", "It goes to your own address.")


def _known(kind: str, language: str) -> tuple[MailKind, str]:
    if kind not in set(MailKind) or language not in LANGUAGES:
        abort(404, "Saleor Points does not have this page.")
    return MailKind(kind), language


def _wanted() -> changing.WantedMails:
    days = form_text("after_days")
    return changing.WantedMails(
        sender=form_text("sender"),
        reply_to=form_text("reply_to"),
        kinds=frozenset(kind for kind in MailKind if form_text(kind.value)),
        after_days=int(days) if days.isascii() and days.isdigit() and len(days) <= len(f"{AFTER_DAYS_MAX}") else None,
    )


def _words() -> OwnWords:
    paragraph = form_text("paragraph", length_max=_PARAGRAPH_READ_MAX).replace("\r\n", "\n")
    return OwnWords(form_text("subject", length_max=_SUBJECT_READ_MAX), paragraph)


def _all(services: Services, staff: Staff, *, errors: Mapping[str, str] | None = None) -> Response:
    shown = show_mails(services, staff.store_slug)
    answer = fragment(
        "mails.html",
        staff,
        status=422 if errors else 200,
        shown=shown,
        kinds=KINDS,
        typed=_as_stored(shown) | ({"sender": "", "reply_to": "", **_typed()} if errors else {}),
        errors=errors or {},
        has_server=shown.problem != NO_SERVER,
        new_token=new_token,
    )
    return at(answer, HOME) if request.method == "POST" else answer


def _as_stored(shown: MailsOfStore) -> dict[str, Any]:
    days = next(one.after_days for one in shown.kinds if one.kind is MailKind.REMINDER)
    ticked = {one.kind.value: one.is_on for one in shown.kinds}
    return {"sender": shown.sender or "", "reply_to": shown.reply_to or "", "after_days": f"{days}", **ticked}


def _typed() -> dict[str, Any]:
    """Give what was typed into the form that will not do. A box that is not ticked is not sent."""
    return {kind.value: False for kind in MailKind} | {name: value[:320] for name, value in request.form.items()}


def _one(
    services: Services,
    staff: Staff,
    kind: MailKind,
    language: str,
    *,
    typed: OwnWords | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response:
    words = typed or mail_words.show_words(services, staff.store_id, kind, language)
    shown = show_mails(services, staff.store_slug)
    name, when = KINDS[kind]
    place = f"{HOME}/{kind.value}/{language}"
    answer = fragment(
        "mail.html",
        staff,
        status=422 if errors else 200,
        name=name,
        when=when,
        kind=kind.value,
        language=language,
        languages=[(code, Locale(code).get_language_name("en")) for code in LANGUAGES],
        place=place,
        words=words,
        errors=errors or {},
        sheet=_sheet(services, staff, kind, language, words),
        can_test=shown.sender is not None and shown.problem != NO_SERVER,
        new_token=new_token,
    )
    return at(answer, place) if request.method == "POST" else answer


def _sheet(services: Services, staff: Staff, kind: MailKind, language: str, words: OwnWords) -> Any:
    root = url_for("static", filename="").removesuffix("static/")
    return mail_words.preview_mail(services, staff.store_id, kind, language, words, root=root)
