"""Housekeeping: what is done now and then, beside settling.

Tell Saleor what is wrong, let go of what is too old, erase customers whom Saleor deleted, take in what changed,
learn how accounts answer, and remove webhooks that nobody needs any more.
"""

from collections.abc import Sequence
from datetime import timedelta

import structlog
from sqlalchemy import Delete, delete, exists, tuple_
from sqlmodel import col, select

from app.db.known_customers import TAKEN_IN_MAX, take_in_changes
from app.db.tables import (
    CustomerChangeRow,
    EventRow,
    LogEntryRow,
    MailRow,
    MerchantActionRow,
    SignInCodeRow,
    StoreRow,
    TotalChangeRow,
    WalletSessionRow,
)
from app.db.totals import FOLDED_MAX, fold_changes
from app.domain.signing_in import CODES_KEPT_FOR
from app.usecases.mailing.put_right_mails import put_right_mails
from app.usecases.mailing.taking_mails import end_overdue
from app.usecases.moving.learn_account import learn_account
from app.usecases.operating.erase_deleted import erase_deleted
from app.usecases.operating.forget_batches import forget_batches
from app.usecases.operating.put_right_moments import put_right_moments
from app.usecases.operating.put_right_spends import put_right_spends
from app.usecases.operating.sync_webhooks import end_payment_webhooks
from app.usecases.operating.tell_problems import tell_problems
from app.usecases.services import Services

log = structlog.get_logger()

KEPT_FOR = timedelta(days=90)
# A form is sent again within seconds, or within days from a page that was left open.
ACTIONS_KEPT_FOR = timedelta(days=30)
# A mail's own link, by which its reader opts out of the next ones, works for as long as there is its row.
MAILS_KEPT_FOR = timedelta(days=400)
# So many rows of a table go in one transaction: nobody waits long behind it.
ROWS_MAX = 500
# Of so many stores events are deleted in one round.
STORES_MAX = 20


def do_housekeeping(services: Services) -> bool:
    """Do one round, and tell whether there is more to do at once."""
    put_right_moments(services)
    put_right_spends(services)
    tell_problems(services)
    is_more = [let_go(services), fold_totals(services), know_customers(services), erase_deleted(services)]
    is_more += [forget_batches(services), put_right_mails(services), end_overdue(services)]
    learn_account(services)
    end_payment_webhooks(services)
    return any(is_more)


def fold_totals(services: Services) -> bool:
    """Add a bounded number of changes to the running totals. Tells whether more may be left."""
    with services.database.reading() as session:
        if session.exec(select(TotalChangeRow.id).limit(1)).first() is None:
            return False
    # What a power cut brings back is added again.
    with services.database.writing(durable=False) as session:
        return fold_changes(session) >= FOLDED_MAX


def know_customers(services: Services) -> bool:
    """Take in a bounded number of addresses that came or went, so that customers are found. Tells whether more may be left."""
    with services.database.reading() as session:
        if session.exec(select(CustomerChangeRow.id).limit(1)).first() is None:
            return False
    # What a power cut brings back is taken in again.
    with services.database.writing(durable=False) as session:
        return take_in_changes(session) >= TAKEN_IN_MAX


def let_go(services: Services) -> bool:
    """Delete a bounded number of log entries, mails, events, done forms, sign-in codes and sessions that are too old.

    Tells whether more may be left.
    """
    stores = _stores_with_old_events(services)
    deleted = [_delete(services, statement) for statement in _statements(services, stores)]
    if any(deleted):
        log.info("old rows let go", rows=sum(deleted))
    return max(deleted, default=0) >= ROWS_MAX or len(stores) >= STORES_MAX


def _stores_with_old_events(services: Services) -> Sequence[int]:
    """Find a few stores that have events which are too old: a store without any costs no transaction."""
    is_old = exists().where(col(EventRow.store_id) == col(StoreRow.id), col(EventRow.last_at) < services.clock() - KEPT_FOR)
    with services.database.reading() as session:
        return [id_ or 0 for id_ in session.exec(select(StoreRow.id).where(is_old).limit(STORES_MAX))]


def _statements(services: Services, stores: Sequence[int]) -> list[Delete]:
    oldest = services.clock() - KEPT_FOR
    entries = select(LogEntryRow.id).where(col(LogEntryRow.at) < oldest).limit(ROWS_MAX)
    is_done = col(MerchantActionRow.made_at) < services.clock() - ACTIONS_KEPT_FOR
    forms = select(MerchantActionRow.token).where(is_done).limit(ROWS_MAX)
    is_forgotten = col(SignInCodeRow.asked_at) < services.clock() - CODES_KEPT_FOR
    codes = select(SignInCodeRow.id).where(is_forgotten).limit(ROWS_MAX)
    sessions = select(WalletSessionRow.id).where(col(WalletSessionRow.ends_at) <= services.clock()).limit(ROWS_MAX)
    event_key = tuple_(col(EventRow.store_id), col(EventRow.saleor_order_id), col(EventRow.type))
    is_over = (col(MailRow.ended_at).is_not(None), col(MailRow.ended_at) < services.clock() - MAILS_KEPT_FOR)
    mails = select(MailRow.id).where(*is_over).limit(ROWS_MAX)
    events = [
        select(EventRow.store_id, EventRow.saleor_order_id, EventRow.type)
        .where(EventRow.store_id == store_id, col(EventRow.last_at) < oldest)
        .limit(ROWS_MAX)
        for store_id in stores
    ]
    return [
        delete(LogEntryRow).where(col(LogEntryRow.id).in_(entries)),
        delete(MerchantActionRow).where(col(MerchantActionRow.token).in_(forms)),
        delete(MailRow).where(col(MailRow.id).in_(mails)),
        delete(SignInCodeRow).where(col(SignInCodeRow.id).in_(codes)),
        delete(WalletSessionRow).where(col(WalletSessionRow.id).in_(sessions)),
        *(delete(EventRow).where(event_key.in_(of_store)) for of_store in events),
    ]


def _delete(services: Services, statement: Delete) -> int:
    # What a power cut brings back is let go of again.
    with services.database.writing(durable=False) as session:
        return int(session.execute(statement).rowcount)  # type: ignore[attr-defined]  # a DELETE's result has it
