"""Make a test claim for a merchant, worth what an order of 50.00 earns by the default rule."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlmodel import col

from app.db.form_tokens import FormToken, is_first
from app.db.logbook import write_log
from app.db.stores import as_rule, rules_of, store_and_account
from app.db.tables import StoreRow
from app.domain.catalogue import Price, points_for_piece
from app.domain.earning import Award
from app.domain.email import is_typed_well, masked
from app.domain.store import AccountKind
from app.errors import BadRequest
from app.usecases.services import Services
from app.usecases.test_links import TestClaim, seal_test

ORDER_TOTAL = Decimal(50)


@dataclass(frozen=True, slots=True)
class MadeTest:
    """A test claim that was made: its link, and what it is worth."""

    link: str
    points: int


def make_test_claim(services: Services, store_id: int, email: str, *, once: FormToken) -> MadeTest:
    """Make a test claim for an address. No points move, and no provider is asked.

    Raises BadRequest when the address is none, or when by the default rule there is no claim to be tested.
    """
    now = services.clock()
    if not is_typed_well(email):
        raise BadRequest("Enter an e-mail address like name@example.com.")
    with services.database.writing() as session:
        store, account = store_and_account(session, store_id)
        rule = as_rule([row for row in rules_of(session, store_id) if row.channel is None][-1])
        points = points_for_piece(Price(ORDER_TOTAL, ORDER_TOTAL), rule)
        if not points:
            raise BadRequest(f"By the default rule, an order of {ORDER_TOTAL}.00 earns no points. Change the rule first.")
        if rule.award is Award.INSTANT:
            raise BadRequest("By the default rule, points go straight into the balance. There is no claim link to test.")
        if is_first(session, once, now):
            session.execute(update(StoreRow).where(col(StoreRow.id) == store_id).values(test_made_at=now))
            write_log(session, store_id, "checklist", "A test claim was made. No points moved.", now=now, made_by=once.made_by)
    days = rule.expires_days
    last_day = now.astimezone(ZoneInfo(store.time_zone)).date() + timedelta(days=days) if days is not None else None
    test = TestClaim(
        store_id=store_id,
        points=points,
        bound_to=masked(email.strip()) if rule.bind_email else "",
        last_day=last_day.isoformat() if last_day is not None else "",
        begins_here=account.kind != AccountKind.EMBEDDED,
        made_at=now.isoformat(),
    )
    link = f"{services.claim_url_base}/claim/test?link={quote(seal_test(services.sealer, test), safe='')}"
    return MadeTest(link, points)
