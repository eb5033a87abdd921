"""Put right the moments of mails that a clock which was ahead has written: otherwise they would wait until its time comes."""

import structlog
from sqlmodel import col, select

from app.db.tables import MailRow
from app.domain.mails import MANNERS, MailKind
from app.domain.moments import CLOCKS_AGREE_WITHIN
from app.usecases.services import Services

log = structlog.get_logger()

_AT_ONCE = 500


def put_right_mails(services: Services) -> bool:
    """Let no waiting mail have been written later than now. Tells whether there may be more."""
    now = services.clock()
    ahead = (
        select(MailRow)
        .where(col(MailRow.send_at).is_not(None), MailRow.written_at > now + CLOCKS_AGREE_WITHIN)
        .order_by(col(MailRow.id))
        .limit(_AT_ONCE)
    )
    with services.database.reading() as session:
        if session.exec(ahead.limit(1)).first() is None:
            return False
    with services.database.writing() as session:
        mails = session.exec(ahead.with_for_update(skip_locked=True)).all()
        for mail in mails:
            waits_at_most = MANNERS[MailKind(mail.kind)].waits_at_most
            wanted = mail.deadline - waits_at_most - mail.written_at
            mail.written_at, mail.send_at, mail.deadline = now, now + wanted, now + wanted + waits_at_most
    log.warning("moments of mails put right", mails=len(mails))
    return len(mails) >= _AT_ONCE
