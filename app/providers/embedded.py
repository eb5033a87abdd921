"""The embedded provider: the same promises as the Points API, kept by a ledger in the app's own database."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeGuard
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.db.engine import Database
from app.db.tables import PointsClaimRow
from app.db.tables.points_claim import PointsClaimState
from app.db.tables.points_entry import EntryKind
from app.domain.bounds import CUSTOMER_TYPE_LENGTH_MAX, EMAIL_LENGTH_MAX, EXPIRES_DAYS_MAX, POINTS_MAX
from app.domain.claim import ClaimState
from app.domain.days import end_of_nth_day
from app.domain.email import email_key, former_key
from app.ledger import entries as ledger
from app.ledger.statements import ClaimToAdd
from app.providers.protocol import (
    INSUFFICIENT,
    Absent,
    Accepted,
    Ask,
    AskKind,
    Judged,
    NotSent,
    Outcome,
    Overtaken,
    Rejected,
    Reply,
    SeenClaim,
)
from app.sealing import Sealer, fingerprint

ARRAY_MAX = 100


@dataclass(frozen=True, slots=True)
class EmbeddedProvider:
    """A store's points in the app's own ledger. `claim_url_base` is what its claim links begin with.

    `clock` tells what has run out when somebody looks.
    """

    database: Database
    sealer: Sealer
    store_id: int
    claim_url_base: str
    time_zone: str = "UTC"
    clock: Callable[[], datetime] = field(kw_only=True)

    @property
    def sees_claims(self) -> bool:
        return True

    def array_max(self, kind: AskKind) -> int:
        del kind
        return ARRAY_MAX

    def ask(self, kind: AskKind, asks: Sequence[Ask], *, call_id: UUID, now: datetime) -> Reply:
        """Do all of it in one transaction. Each item is known by its own id, so the call's is not needed."""
        del call_id
        with self.database.writing() as session:
            return self.move(session, kind, asks, now)

    def move(self, session: Session, kind: AskKind, asks: Sequence[Ask], now: datetime) -> tuple[Outcome, ...]:
        """Do all of it in the caller's transaction. Claims are locked before customers, and customers by id."""
        does = {AskKind.CLAIM: self._create_claims, AskKind.INSTANT: self._move_balances, AskKind.CHANGE: self._change_claims}
        return tuple(does[kind](session, asks, now))

    def balances(self, emails: Sequence[str]) -> Mapping[str, Judged] | NotSent:
        """Look up customers, all in one query."""
        with self.database.reading() as session:
            return self.balances_in(session, emails)

    def balances_in(self, session: Session, emails: Sequence[str]) -> Mapping[str, Judged]:
        """Look up customers in the caller's transaction."""
        found = ledger.balances(session, self.store_id, emails, self.clock())
        return {email: found.get(email, Absent.NOBODY) for email in emails}

    def seen_claims(self, token_marks: Collection[str], *, now: datetime) -> Mapping[str, SeenClaim]:
        """Look at claims, all in one query."""
        with self.database.reading() as session:
            return {
                claim.token_mark: SeenClaim(state_of(claim, now), claim.amount, taker, claim.taken_at)
                for claim, taker in ledger.claims_with_takers(session, token_marks)
            }

    def _create_claims(self, session: Session, asks: Sequence[Ask], now: datetime) -> list[Outcome]:
        ends: dict[int | None, datetime] = {
            days: end_of_nth_day(now, days, self.time_zone) for days in {ask.expires_days for ask in asks} if _is_day_count(days)
        }
        tokens = [uuid4().hex if ask.points > 0 and _is_within_bounds(ask) else None for ask in asks]
        claims = [
            self._new_claim(ask, token, ends.get(ask.expires_days)) for ask, token in zip(asks, tokens, strict=True) if token
        ]
        before = ledger.add_claims(session, self.store_id, claims, now)
        return [
            _out_of_bounds() if token is None else self._created(ask, token, before.get(ask.id) if before else None, now)
            for ask, token in zip(asks, tokens, strict=True)
        ]

    def _new_claim(self, ask: Ask, token: str, expires_at: datetime | None) -> ClaimToAdd:
        sealed = self.sealer.seal_short(token)
        email = ask.email.strip()
        key = email_key(email) or None
        return ClaimToAdd(ask.id, fingerprint(token), sealed, ask.points, email, key, ask.customer_type, expires_at=expires_at)

    def _created(self, ask: Ask, token: str, stored: ledger.StoredClaim | None, now: datetime) -> Outcome:
        """Tell the link: of the claim that was stored before under this id, if there was one."""
        if stored is not None:
            token, now = self.sealer.open(stored.token_sealed), stored.created_at
        expires_on = None
        if ask.expires_days is not None:
            expires_on = now.astimezone(ZoneInfo(self.time_zone)).date() + timedelta(days=ask.expires_days)
        return Accepted(claim_url=f"{self.claim_url_base}/claim/points/{token}", claim_token=token, expires_on=expires_on)

    def _move_balances(self, session: Session, asks: Sequence[Ask], now: datetime) -> list[Outcome]:
        are_good = [ask.points != 0 and bool(ask.email.strip()) and _is_within_bounds(ask) for ask in asks]
        entries = [
            ledger.Entry(
                ask.email,
                ask.points,
                EntryKind.INSTANT,
                request_id=ask.id,
                may_go_below_zero=ask.may_go_below_zero,
                undoes=ask.undoes,
            )
            for ask, is_good in zip(asks, are_good, strict=True)
            if is_good
        ]
        posted = iter(ledger.post(session, self.store_id, entries, now))
        return [_out_of_bounds() if not is_good else _ACCEPTED if next(posted) else _HOLDS_TOO_LITTLE for is_good in are_good]

    def _change_claims(self, session: Session, asks: Sequence[Ask], now: datetime) -> list[Outcome]:
        marks = [ask.token_mark for ask in asks if ask.token_mark]
        claims = ledger.find_claims(session, marks, lock=True)
        return [_changed(claims.get(ask.token_mark or ""), ask, now) for ask in asks]


def state_of(claim: PointsClaimRow, now: datetime) -> ClaimState:
    """Tell where a claim of the ledger stands now."""
    if claim.state == PointsClaimState.TAKEN:
        return ClaimState.TAKEN
    if claim.state in {PointsClaimState.VOID, PointsClaimState.EXPIRED}:
        return ClaimState(claim.state)
    return ClaimState.EXPIRED if claim.expires_at is not None and claim.expires_at <= now else ClaimState.OPEN


def _changed(claim: PointsClaimRow | None, ask: Ask, now: datetime) -> Outcome:
    if claim is None:
        return Rejected("The ledger does not know this claim.")
    if claim.amount == ask.points:
        return Accepted()  # Asked before, and done then: nobody else changes amounts, and no change leaves an amount as it is.
    state = state_of(claim, now)
    if state is ClaimState.TAKEN:
        return Overtaken()
    if state is not ClaimState.OPEN and ask.points > claim.amount:
        return Overtaken("The claim was over first.")
    if not 0 <= ask.points <= POINTS_MAX:
        return _out_of_bounds()
    claim.amount = ask.points
    claim.state = PointsClaimState.VOID if ask.points == 0 else claim.state
    return Accepted()


# Made once: thousands say the same.
_ACCEPTED = Accepted()
_HOLDS_TOO_LITTLE = Rejected("The balance does not hold that many points.", code=INSUFFICIENT)


def _is_within_bounds(ask: Ask) -> bool:
    """Tell whether the tables can hold what is asked for: they would refuse the whole array for one item."""
    return (
        abs(ask.points) <= POINTS_MAX
        and _is_storable_email(ask.email)
        and (ask.customer_type is None or _is_storable(ask.customer_type, CUSTOMER_TYPE_LENGTH_MAX))
        and (ask.expires_days is None or _is_day_count(ask.expires_days))
    )


def _is_day_count(days: int | None) -> TypeGuard[int]:
    return days is not None and 0 <= days <= EXPIRES_DAYS_MAX


def _is_storable_email(email: str) -> bool:
    trimmed = email.strip()
    is_short = len(trimmed) <= EMAIL_LENGTH_MAX and trimmed.isprintable()
    # Of ASCII, keys are as long.
    keys = () if trimmed.isascii() else (email_key(email), former_key(email))
    return is_short and all(_is_storable(key, EMAIL_LENGTH_MAX) for key in keys)


def _is_storable(text: str, length_max: int) -> bool:
    return len(text) <= length_max and text.isprintable()


def _out_of_bounds() -> Rejected:
    return Rejected(f"An amount must lie between 1 and {POINTS_MAX} points, and what names a customer must be printable text.")
