"""Tell customers that points of theirs run out: one mail for a customer and day, however many lots end."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app.db.bulk import IsIn
from app.db.ending_lots import LookedTo, ending_customers, ending_lots
from app.db.given_notices import given_notices, write_notices
from app.db.tables import MailKindRow, PointsCustomerRow, StoreRow
from app.domain.ending_notices import FARTHEST, EndingLot, GivenNotice, is_time, notices_given, to_tell
from app.domain.mails import MailKind
from app.domain.store import StoreState
from app.logs import innermost_place
from app.usecases.mailing.ending_values import about_customer
from app.usecases.mailing.mail_language import language_of_newest_order
from app.usecases.mailing.outbox import NewMail, put_mail
from app.usecases.services import Services

log = structlog.get_logger()

# Customers who are told in one transaction: on SQLite nobody else writes meanwhile.
BATCH = 50
# Customers who are looked at to find them, without a lock.
LOOKED_AT = 1000


class LookedUp(NamedTuple):
    """What a look found: customers to be told of something, and how far it came. `after`: where it began."""

    store_id: int
    after: LookedTo | None
    customer_ids: list[int]
    until: LookedTo | None


def announce_ending(services: Services) -> bool:
    """Look at the next customers of one store that has not been looked at today, and tell whether there were any.

    The mails, the notices that they give, and how far the look has come are written together. So nobody is told twice, whoever
    dies when, and several workers take turns.
    """
    if services.courier is None:
        return False
    now = services.clock()
    with services.database.reading() as session:
        store_id = _next_store(session, now)
    if store_id is None:
        return False
    try:
        with services.database.reading() as session:
            found = look_at(session, store_id, now)
        with services.database.writing() as session:
            tell_found(session, services, found, now)
    except (IntegrityError, LookupError, RuntimeError) as error:
        # A defect at this store must not hold up the others.
        log.error("defect", store_id=store_id, kind=type(error).__name__, where=innermost_place(error))  # noqa: TRY400 - an error's text may hold an e-mail
        _put_off(services, store_id, now)
    return True


def look_at(session: Session, store_id: int, now: datetime) -> LookedUp:
    """Find the next customers of a store who are to be told of something."""
    store, kind = session.get_one(StoreRow, store_id), session.get_one(MailKindRow, (store_id, MailKind.POINTS_END.value))
    after = _came_to(kind, _today(store, now))
    places = ending_customers(session, store_id, now + FARTHEST, after=after, limit=LOOKED_AT)
    told = {lots[0].customer_id for lots in _to_tell(session, store, [place.customer_id for place in places], now)[0]}
    to_be_told = [place for place in places if place.customer_id in told][:BATCH]
    until = places[-1] if len(places) == LOOKED_AT else None
    if len(to_be_told) == BATCH and to_be_told[-1] != places[-1]:
        until = to_be_told[-1]
    return LookedUp(store_id, after, [place.customer_id for place in to_be_told], until)


def tell_found(session: Session, services: Services, found: LookedUp, now: datetime) -> None:
    """Write the mails of those who were found, with what is true now. Nothing where another worker did."""
    query = select(MailKindRow).where(MailKindRow.store_id == found.store_id, MailKindRow.kind == MailKind.POINTS_END)
    kind = session.exec(query.with_for_update().execution_options(populate_existing=True)).one()
    store = session.get_one(StoreRow, found.store_id)
    today = _today(store, now)
    if not _is_due(store, kind, now) or _came_to(kind, today) != found.after:
        return
    # Locked as everybody locks them, so that their lots stand still.
    locked = select(PointsCustomerRow.id).where(IsIn(col(PointsCustomerRow.id), "customer_ids", found.customer_ids))
    session.exec(locked.order_by(col(PointsCustomerRow.id)).with_for_update(key_share=True)).all()
    told, given = _to_tell(session, store, found.customer_ids, now)
    for lots in told:
        _tell(session, services, store, lots, given, now)
    kind.looked_on = today
    kind.looked_ends, kind.looked_after = found.until or (None, None)
    session.add(kind)


def _next_store(session: Session, now: datetime) -> int | None:
    """Find a store at which the look of today has not come to its end."""
    return next((store.id for store, kind in _stores_with_mails(session) if _is_due(store, kind, now)), None)


def _put_off(services: Services, store_id: int, now: datetime) -> None:
    """End a store's look of today: tomorrow's finds all who were not told."""
    with services.database.writing() as session:
        kind = session.get_one(MailKindRow, (store_id, MailKind.POINTS_END.value))
        kind.looked_on = _today(session.get_one(StoreRow, store_id), now)
        kind.looked_ends, kind.looked_after = None, None


def _stores_with_mails(session: Session) -> Iterator[tuple[StoreRow, MailKindRow]]:
    query = (
        select(StoreRow, MailKindRow)
        .join(MailKindRow, col(MailKindRow.store_id) == col(StoreRow.id))
        .where(
            MailKindRow.kind == MailKind.POINTS_END,
            col(MailKindRow.is_on).is_(True),
            StoreRow.state == StoreState.ACTIVE,
            col(StoreRow.mail_sender).is_not(None),
        )
        .order_by(col(StoreRow.id))
    )
    return ((store, kind) for store, kind in session.exec(query))


def _is_due(store: StoreRow, kind: MailKindRow, now: datetime) -> bool:
    is_over = kind.looked_on == _today(store, now) and kind.looked_after is None
    return kind.is_on and not is_over and is_time(now, store.time_zone, kind.looked_on)


def _came_to(kind: MailKindRow, today: date) -> LookedTo | None:
    if kind.looked_on != today or kind.looked_ends is None or kind.looked_after is None:
        return None
    return LookedTo(kind.looked_ends, kind.looked_after)


def _to_tell(
    session: Session, store: StoreRow, customer_ids: Collection[int], now: datetime
) -> tuple[list[list[EndingLot]], set[GivenNotice]]:
    """Give, customer by customer, the lots that each is to be told of, and the notices that were given of all of them."""
    lots = ending_lots(session, store.id or 0, customer_ids, now, now + FARTHEST)
    given = given_notices(session, lots)
    of_customers = groupby(lots, key=lambda lot: lot.customer_id)
    told = (to_tell(of_customer, given, now, store.time_zone) for _, of_customer in of_customers)
    return [of_customer for of_customer in told if of_customer], given


def _tell(
    session: Session,
    services: Services,
    store: StoreRow,
    lots: Sequence[EndingLot],
    given: Collection[GivenNotice],
    now: datetime,
) -> None:
    """Write one customer's mail, and the notices that it gives. Who may not be written to is given none."""
    email, about = lots[0].email, about_customer(lots[0].customer_id, _today(store, now))
    language = language_of_newest_order(session, store.id or 0, email)
    values = {"until": max(lot.ends for lot in lots).isoformat()}
    mail = NewMail(MailKind.POINTS_END, email, about, language, values)
    if put_mail(session, services, store, mail):
        write_notices(session, notices_given(lots, given, now, store.time_zone), mail.reference, now)


def _today(store: StoreRow, now: datetime) -> date:
    return now.astimezone(ZoneInfo(store.time_zone)).date()
