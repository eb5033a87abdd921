"""Change all that a store says about its mails at once, as a form holds it."""

from dataclasses import dataclass
from types import MappingProxyType

from app.db.form_tokens import FormToken, is_first
from app.db.logbook import SETTINGS_CHANGED, write_log
from app.domain.mails import MailKind, is_sender
from app.errors import BadRequest
from app.usecases.mailing.outbox import REMINDED_AFTER_DAYS, days_of, on_since
from app.usecases.merchants.set_mails import AFTER_DAYS_MAX, BAD_REPLY_TO, BAD_SENDER, set_addresses, set_kind
from app.usecases.merchants.what_changed import what_changed
from app.usecases.operating.show_customer import find_named_store
from app.usecases.services import Services

_LABELS = MappingProxyType(
    {
        "sender": "Sender",
        "reply_to": "Answers go to",
        "after_days": "Days until the reminder",
        MailKind.POINTS_READY: "Points are waiting",
        MailKind.REMINDER: "Reminder",
        MailKind.REWARD_CODE: "Code of a reward",
        MailKind.SIGN_IN: "Code to sign in",
        MailKind.POINTS_END: "Points run out",
    }
)


@dataclass(frozen=True, slots=True)
class WantedMails:
    """Which mails a store is to send, and in whose name. An empty `sender`: none. An empty `reply_to`: the sender."""

    sender: str
    reply_to: str
    kinds: frozenset[MailKind]
    after_days: int | None = REMINDED_AFTER_DAYS


def faults_of(wanted: WantedMails) -> dict[str, str]:
    """Give a sentence for each field that will not do."""
    faults: dict[str, str] = {}
    if wanted.sender and not is_sender(wanted.sender):
        faults["sender"] = BAD_SENDER
    if wanted.kinds and not wanted.sender:
        faults["sender"] = "Mails need a sender, such as points@shop.example."
    if wanted.reply_to and not is_sender(wanted.reply_to):
        faults["reply_to"] = BAD_REPLY_TO
    if wanted.after_days is None or not 1 <= wanted.after_days <= AFTER_DAYS_MAX:
        faults["after_days"] = f"Write a whole number from 1 to {AFTER_DAYS_MAX}."
    return faults


def change_mails(services: Services, slug: str, wanted: WantedMails, *, who: str, once: FormToken | None = None) -> bool:
    """Change a store's mails. False where nothing changes.

    Raises BadRequest with a sentence for what will not do.
    """
    for sentence in faults_of(wanted).values():
        raise BadRequest(sentence)
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return True
        store = find_named_store(session, slug)
        store_id = store.id or 0
        before: dict[str, object] = {
            "sender": store.mail_sender,
            "reply_to": store.mail_reply_to,
            "after_days": days_of(session, store_id, MailKind.REMINDER),
            **{kind: on_since(session, store_id, kind) is not None for kind in MailKind},
        }
        after: dict[str, object] = {
            "sender": wanted.sender or None,
            "reply_to": wanted.reply_to or None,
            "after_days": wanted.after_days,
            **{kind: kind in wanted.kinds for kind in MailKind},
        }
        changed = what_changed(before, after, _LABELS)
        if not changed:
            return False
        set_addresses(store, wanted.sender, wanted.reply_to)
        for kind in MailKind:
            days = wanted.after_days if kind is MailKind.REMINDER else None
            if any(before[name] != after[name] for name in (kind, *(("after_days",) if days else ()))):
                set_kind(session, store, kind, is_on=kind in wanted.kinds, after_days=days, now=now)
        write_log(session, store_id, SETTINGS_CHANGED, f"Mails changed. {changed}.", now=now, made_by=who)
    return True
