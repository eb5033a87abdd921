"""Whether to believe an account that answers 404 about a customer.

The API does not say how it answers about somebody whom it does not know. A bare 404 may mean that, or that the server behind the
address is out of order. What our own books show of the customer, and how the account answers about nobody, tells which.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

from sqlalchemy import and_, func, or_
from sqlmodel import Session, col, select

from app.db.bulk import IsIn
from app.db.engine import Database
from app.db.lanes import lane_of
from app.db.tables import AccountRow, ClaimRow, MovementRow
from app.domain.claim import Balance, ClaimState
from app.domain.email import former_key
from app.domain.settlement import INSTANT_KINDS, MovementState
from app.http import TOTAL_SECONDS
from app.http.deadlines import within
from app.http.side_by_side import side_by_side
from app.providers.coggins.answers import not_known_here
from app.providers.protocol import Absent, Judged, NotSent

LookUp = Callable[[str], Balance | NotSent | None]

# So many customers are looked up at the same time. A worker looks up 25 before a call: at 3 s a look-up that takes it 12 s.
LOOK_UPS_AT_ONCE = 8
# A look-up may take three calls, where a 404 is doubted. Together they take no longer than one may.
LOOK_UP_SECONDS = TOTAL_SECONDS


def _nothing_known(_emails: Collection[str]) -> Collection[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks against a 404.

    `nobody` is an address that nobody has, where the account was lately seen to answer it with zeros: then a 404 does not mean
    an unknown customer. `known_among` gives those of some e-mails of whom the account surely knew.
    """

    nobody: str | None = None
    known_among: Callable[[Collection[str]], Collection[str]] = _nothing_known

    def judged(self, emails: Collection[str], look_up: LookUp) -> Mapping[str, Judged] | NotSent:
        """Look customers up, a few at once, and judge each answer. NotSent where the account does not serve us."""
        answers = side_by_side(lambda email: self._looked_up(email, look_up), list(emails), at_once=LOOK_UPS_AT_ONCE)
        found: dict[str, Balance | None] = {}
        for email, balance in zip(emails, answers, strict=True):
            if isinstance(balance, NotSent):
                return balance
            found[email] = balance
        missing = [email for email, balance in found.items() if balance is None]
        known = set(self.known_among(missing)) if missing else set()
        return {
            email: balance if balance is not None else Absent.DOUBTFUL if email in known else Absent.NOBODY
            for email, balance in found.items()
        }

    def _looked_up(self, email: str, look_up: LookUp) -> Balance | NotSent | None:
        with within(LOOK_UP_SECONDS):
            balance = look_up(email)
            if balance is None and self.nobody is not None:
                return self._again(email, self.nobody, look_up)
            return balance

    @staticmethod
    def _again(email: str, nobody: str, look_up: LookUp) -> Balance | NotSent | None:
        """Look again where a 404 should not be. None where this one address cannot be asked for."""
        about_nobody = look_up(nobody)
        if about_nobody is None:
            return not_known_here()
        return about_nobody if isinstance(about_nobody, NotSent) else look_up(email)


# Where no books are at hand: a 404 means that nobody is known.
NO_EVIDENCE = Evidence()


def evidence_for(database: Database, account: AccountRow, *, answers_zeros: bool) -> Evidence:
    """Give what our books know about an account and its customers."""
    return Evidence(account.nobody if answers_zeros else None, partial(_known_among, database, account))


def _known_among(database: Database, account: AccountRow, emails: Collection[str]) -> Collection[str]:
    with database.reading() as session:
        lanes = {email: lane_of(session, account, email) for email in emails}
        known = _known_addresses(session, set(lanes.values()))
    return [email for email, lane in lanes.items() if (lane, former_key(email)) in known]


def _known_addresses(session: Session, lanes: Collection[str]) -> set[tuple[str, str]]:
    """Find the addresses of which the account surely knew: something of ours arrived there, or a look-up found a balance.

    A person may order as `user@münchen.de` and as `user@xn--mnchen-3ya.de`. The account may know one of them only.
    """
    had_points = (col(getattr(MovementRow, name)) != 0 for name in ("available_before", "used_before", "looked_available"))
    arrived = and_(col(MovementRow.state) == MovementState.ACCEPTED, col(MovementRow.kind).in_(INSTANT_KINDS))
    by_movement = select(MovementRow.lane, MovementRow.email).where(
        IsIn(col(MovementRow.lane), "lanes", lanes), or_(arrived, *had_points)
    )
    was_shown = or_(col(ClaimRow.shown_available) != 0, col(ClaimRow.shown_used) != 0)
    by_claim = select(ClaimRow.lane, func.coalesce(ClaimRow.taken_by, ClaimRow.email)).where(
        IsIn(col(ClaimRow.lane), "lanes", lanes), or_(col(ClaimRow.state) == ClaimState.TAKEN, was_shown)
    )
    found = (*session.exec(by_movement.distinct()), *session.exec(by_claim.distinct()))
    return {(lane, former_key(email or "")) for lane, email in found}
