"""Show and change which mails a store sends, and in whose name."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from app.db.form_tokens import FormToken, is_first
from app.db.logbook import SETTINGS_CHANGED, write_log
from app.db.tables import MailKindRow, MailRow, MailServerRow, StoreRow
from app.domain.email import is_typed_well
from app.domain.mails import MailKind, is_sender
from app.errors import BadRequest
from app.usecases.mailing.outbox import days_of, put_test_mail, switch_kind, tests_since
from app.usecases.operating.show_customer import find_named_store
from app.usecases.services import Services

NO_SERVER = "MAIL_URL is not set, so this app sends no mails. Whoever runs it has to set it: docs/operator/settings.md"
BAD_SENDER = "The sender must be an e-mail address of plain letters, such as points@shop.example."
BAD_REPLY_TO = "The address for answers must be an e-mail address of plain letters."
AFTER_DAYS_MAX = 365
# An address gets no more tests of a store than this in an hour: the mails go out in the shop's name.
TESTS_AN_HOUR_MAX = 10
NO_SENDER = "Say first whom the mails come from: saleor-points mails on KIND --store … --sender points@shop.example"


@dataclass(frozen=True, slots=True)
class KindOfMail:
    """A kind of mail: whether it is sent, since when, after how many days, and how many wait."""

    kind: MailKind
    is_on: bool
    on_since: datetime | None
    after_days: int | None
    waiting: int


@dataclass(frozen=True, slots=True)
class MailsOfStore:
    """What a store sends. `problem` says in a sentence why nothing goes out, where that is so; `since` since when."""

    sender: str | None
    reply_to: str | None
    kinds: tuple[KindOfMail, ...]
    problem: str | None
    since: datetime | None = None


def show_mails(services: Services, slug: str) -> MailsOfStore:
    """Show which mails a store sends.

    Raises BadRequest when there is no such store.
    """
    with services.database.reading() as session:
        return _shown(session, services, find_named_store(session, slug))


def switch_mail(
    services: Services,
    slug: str,
    kind: MailKind,
    *,
    is_on: bool,
    sender: str | None = None,
    reply_to: str | None = None,
    after_days: int | None = None,
    who: str | None = None,
) -> MailsOfStore:
    """Switch a kind of mail on or off. `sender` and `reply_to` are those of all mails of the store; None leaves them.

    Raises BadRequest with a sentence for what will not do.
    """
    if sender is not None and not is_sender(sender):
        raise BadRequest(BAD_SENDER)
    if reply_to and not is_sender(reply_to):
        raise BadRequest(BAD_REPLY_TO)
    if after_days is not None and (kind is not MailKind.REMINDER or not 1 <= after_days <= AFTER_DAYS_MAX):
        raise BadRequest(f"Days are for reminders: 1 to {AFTER_DAYS_MAX}.")
    now = services.clock()
    with services.database.writing() as session:
        store = find_named_store(session, slug)
        set_addresses(
            store, store.mail_sender if sender is None else sender, store.mail_reply_to if reply_to is None else reply_to
        )
        if is_on and store.mail_sender is None:
            raise BadRequest(NO_SENDER)
        set_kind(session, store, kind, is_on=is_on, after_days=after_days, now=now)
        said = f"Mails of the kind {kind.value} are switched {'on' if is_on else 'off'}."
        write_log(session, store.id or 0, SETTINGS_CHANGED, said, now=now, made_by=who)
        session.flush()
        return _shown(session, services, store)


def set_addresses(store: StoreRow, sender: str | None, reply_to: str | None) -> None:
    """Change whom a store's mails come from, and whom answers go to. Another sender is tried at once."""
    if (sender or None) != store.mail_sender:
        store.mail_sender, store.mail_problem, store.mail_paused_until = sender or None, None, None
    store.mail_reply_to = reply_to or None


def set_kind(session: Session, store: StoreRow, kind: MailKind, *, is_on: bool, after_days: int | None, now: datetime) -> None:
    """Switch a kind on or off. `after_days`: None leaves them."""
    row = switch_kind(session, store.id or 0, kind, is_on=is_on, now=now)
    row.after_days = after_days if after_days is not None else row.after_days


def send_test(services: Services, slug: str, kind: MailKind, email: str, language: str, *, once: FormToken | None = None) -> None:
    """Send a mail of a kind with made-up numbers to an address.

    Raises BadRequest where no mail can be sent.
    """
    if services.courier is None:
        raise BadRequest(NO_SERVER)
    if not is_typed_well(email):
        raise BadRequest("That is no e-mail address.")
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, services.clock()):
            return
        store = find_named_store(session, slug)
        # Those who ask at the same time wait here for one another, so that none slips past the count.
        session.exec(select(StoreRow.id).where(StoreRow.id == store.id).with_for_update()).one()
        if tests_since(session, store, email, services.clock() - timedelta(hours=1)) >= TESTS_AN_HOUR_MAX:
            raise BadRequest(f"This address got {TESTS_AN_HOUR_MAX} tests within an hour. Please try again later.")
        if not put_test_mail(session, services, store, kind, email, language):
            raise BadRequest(NO_SENDER)


def _shown(session: Session, services: Services, store: StoreRow) -> MailsOfStore:
    rows = {row.kind: row for row in session.exec(select(MailKindRow).where(MailKindRow.store_id == store.id))}
    waiting = select(MailRow.kind, func.count()).where(MailRow.store_id == store.id, col(MailRow.send_at).is_not(None))
    counts = dict(session.execute(waiting.group_by(MailRow.kind)).all())
    kinds = tuple(
        KindOfMail(
            kind,
            is_on=kind in rows and rows[kind].is_on,
            on_since=rows[kind].on_since if kind in rows else None,
            after_days=days_of(session, store.id or 0, kind) if kind is MailKind.REMINDER else None,
            waiting=counts.get(kind.value, 0),
        )
        for kind in MailKind
    )
    server = session.get(MailServerRow, 1)
    if services.courier is None:
        return MailsOfStore(store.mail_sender, store.mail_reply_to, kinds, NO_SERVER)
    if server is not None and server.problem is not None:
        return MailsOfStore(store.mail_sender, store.mail_reply_to, kinds, server.problem, server.failing_since)
    return MailsOfStore(store.mail_sender, store.mail_reply_to, kinds, store.mail_problem)
