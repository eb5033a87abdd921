"""The embedded provider: the same promises as the Points API, kept by a ledger in the app's own database."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from app.domain.claim import Balance, ClaimState
from app.domain.order import folded
from app.points import ledger
from app.points.provider import POINTS_MAX, Accepted, Ask, AskKind, NotSent, Outcome, Overtaken, Rejected, Reply, SeenClaim
from app.sealing import Sealer, fingerprint
from app.store.database import Database
from app.store.models import PointsClaimRow
from app.store.models.ledger import EntryKind, PointsClaimState

ARRAY_MAX = 100
# As far as a rule may go: a hundred years.
EXPIRES_DAYS_MAX = 36500
EMAIL_LENGTH_MAX = 320
CUSTOMER_TYPE_LENGTH_MAX = 128
INSUFFICIENT = "INSUFFICIENT"


@dataclass(frozen=True, slots=True)
class EmbeddedProvider:
    """A store's points in the app's own ledger. `claim_url_base` is what its claim links begin with."""

    database: Database
    sealer: Sealer
    store_id: int
    claim_url_base: str
    time_zone: str = "UTC"

    @property
    def sees_claims(self) -> bool:
        return True

    @property
    def repeats_safely(self) -> bool:
        return True

    def array_max(self, kind: AskKind) -> int:
        del kind
        return ARRAY_MAX

    def ask(self, kind: AskKind, asks: Sequence[Ask], *, call_id: UUID, now: datetime) -> Reply:
        """Do all of it in one transaction. Each item is known by its own id, so the call's is not needed."""
        del call_id
        does = {AskKind.CLAIM: self._create_claims, AskKind.INSTANT: self._move_balances, AskKind.CHANGE: self._change_claims}
        return tuple(does[kind](asks, now))

    def balances(self, emails: Sequence[str]) -> Mapping[str, Balance] | NotSent:
        """Look up customers, all in one query."""
        with self.database.reading() as session:
            return ledger.balances(session, self.store_id, emails)

    def seen_claims(self, token_marks: Collection[str], *, now: datetime) -> Mapping[str, SeenClaim]:
        """Look at claims, all in one query."""
        with self.database.reading() as session:
            return {
                claim.token_mark: SeenClaim(state_of(claim, now), claim.amount, taker, claim.taken_at)
                for claim, taker in ledger.claims_with_takers(session, token_marks)
            }

    def _create_claims(self, asks: Sequence[Ask], now: datetime) -> list[Outcome]:
        good = [ask for ask in asks if ask.points > 0 and _is_within_bounds(ask)]
        with self.database.writing() as session:
            stored = ledger.add_claims(session, [self._new_claim(ask, now) for ask in good]) if good else {}
            return [self._created(stored[ask.id], ask) if ask.id in stored else _out_of_bounds() for ask in asks]

    def _new_claim(self, ask: Ask, now: datetime) -> PointsClaimRow:
        token = uuid4().hex
        return PointsClaimRow(
            store_id=self.store_id,
            request_id=ask.id,
            token_mark=fingerprint(token),
            token_sealed=self.sealer.seal(token),
            amount=ask.points,
            email=ask.email.strip(),
            customer_type=ask.customer_type,
            expires_at=None if ask.expires_days is None else end_of_day(now, ask.expires_days, self.time_zone),
            created_at=now,
        )

    def _created(self, claim: PointsClaimRow, ask: Ask) -> Outcome:
        token = self.sealer.open(claim.token_sealed)
        expires_on = None
        if ask.expires_days is not None:
            expires_on = claim.created_at.astimezone(ZoneInfo(self.time_zone)).date() + timedelta(days=ask.expires_days)
        return Accepted(claim_url=f"{self.claim_url_base}/claim/points/{token}", claim_token=token, expires_on=expires_on)

    def _move_balances(self, asks: Sequence[Ask], now: datetime) -> list[Outcome]:
        good = [ask for ask in asks if ask.points != 0 and ask.email.strip() and _is_within_bounds(ask)]
        entries = [
            ledger.Entry(ask.email, ask.points, EntryKind.INSTANT, request_id=ask.id, may_go_below_zero=ask.may_go_below_zero)
            for ask in good
        ]
        with self.database.writing() as session:
            posted = dict(
                zip((ask.id for ask in good), ledger.post(session, self.store_id, entries, now) if entries else [], strict=True)
            )
        return [_posted(posted.get(ask.id)) for ask in asks]

    def _change_claims(self, asks: Sequence[Ask], now: datetime) -> list[Outcome]:
        marks = [ask.token_mark for ask in asks if ask.token_mark]
        with self.database.writing() as session:
            claims = ledger.find_claims(session, marks, lock=True)
            return [_changed(claims.get(ask.token_mark or ""), ask, now) for ask in asks]


def end_of_day(now: datetime, days: int, time_zone: str) -> datetime:
    """Give the end of the n-th day after now, as the clocks of the time zone show it, in UTC."""
    zone = ZoneInfo(time_zone)
    first_day_after = now.astimezone(zone).date() + timedelta(days=days + 1)
    return datetime.combine(first_day_after, time(), tzinfo=zone).astimezone(UTC)


def state_of(claim: PointsClaimRow, now: datetime) -> ClaimState:
    """Tell where a claim of the ledger stands now."""
    if claim.state == PointsClaimState.TAKEN:
        return ClaimState.TAKEN
    if claim.state == PointsClaimState.VOID:
        return ClaimState.VOID
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


def _posted(posted: bool | None) -> Outcome:  # noqa: FBT001 - what `post` said of one entry
    if posted is None:
        return _out_of_bounds()
    return Accepted() if posted else Rejected("The balance does not hold that many points.", code=INSUFFICIENT)


def _is_within_bounds(ask: Ask) -> bool:
    """Tell whether the tables can hold what is asked for: they would refuse the whole array for one item."""
    return (
        abs(ask.points) <= POINTS_MAX
        and _is_storable(ask.email.strip(), EMAIL_LENGTH_MAX)
        and _is_storable(folded(ask.email), EMAIL_LENGTH_MAX)
        and _is_storable(ask.customer_type or "", CUSTOMER_TYPE_LENGTH_MAX)
        and 0 <= (ask.expires_days or 0) <= EXPIRES_DAYS_MAX
    )


def _is_storable(text: str, length_max: int) -> bool:
    return len(text) <= length_max and text.isprintable()


def _out_of_bounds() -> Rejected:
    return Rejected(f"An amount must lie between 1 and {POINTS_MAX} points, and what names a customer must be printable text.")
