"""Change when points run out: each change is a new version, and points keep the one that they came under."""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from types import MappingProxyType

import structlog
from sqlmodel import Session, col, select

from app.db.form_tokens import FormToken, is_first
from app.db.logbook import write_log
from app.db.points_policies import as_policy
from app.db.stores import current_account
from app.db.tables import PointsPolicyRow, StoreRow
from app.domain.expiry_policy import GRACE_DAYS, GRACE_DAYS_MAX, MONTHS_MAX, NEVER, ExpiryPolicy, PolicyKind
from app.domain.store import AccountKind
from app.errors import BadRequest
from app.usecases.merchants.rule_fields import choice_field, whole_field
from app.usecases.services import Services

log = structlog.get_logger()

# Any leap year: the 29th of February can be chosen, and is the last of February in other years.
_LEAP_YEAR = 2024
_MONTHS = PolicyKind.ROLLING, PolicyKind.INACTIVE
_NAMES = MappingProxyType(
    {
        PolicyKind.NEVER: "Points never run out",
        PolicyKind.ROLLING: "Points run out {months} months after they came",
        PolicyKind.CALENDAR: "Points run out on day {day} of month {month} each year",
        PolicyKind.INACTIVE: "Points run out {months} months after the customer last earned or spent any",
    }
)


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """A version of a store's policy: what it says, since when, and by whom."""

    says: ExpiryPolicy
    in_force_from: datetime
    created_by: str


def read_policy(typed: Mapping[str, str]) -> tuple[ExpiryPolicy | None, dict[str, str]]:
    """Read a form. Gives the policy, or None and a sentence for each field that will not do."""
    errors: dict[str, str] = {}
    kind = PolicyKind(choice_field(typed, "kind", PolicyKind, errors))
    grace = whole_field(typed, "grace_days", GRACE_DAYS_MAX, errors)
    policy = ExpiryPolicy(kind, grace_days=GRACE_DAYS if grace is None else grace)
    if kind in _MONTHS:
        months = whole_field(typed, "months", MONTHS_MAX, errors)
        if not months and "months" not in errors:
            errors["months"] = "Write a number of months, 1 or more."
        policy = replace(policy, months=months, to_month_end=kind is PolicyKind.ROLLING and bool(typed.get("to_month_end")))
    if kind is PolicyKind.CALENDAR:
        month, day = whole_field(typed, "month", 12, errors), whole_field(typed, "day", 31, errors)
        if not month and "month" not in errors:
            errors["month"] = "Choose a month."
        elif month and (not day or day > monthrange(_LEAP_YEAR, month)[1]):
            errors["day"] = "This month has no such day."
        policy = replace(policy, month=month, day=day)
    return (None, errors) if errors else (policy, {})


def policy_as_typed(policy: ExpiryPolicy) -> dict[str, str]:
    """Write a policy as its form would hold it: the texts that `read_policy` reads."""
    return {
        name: ("yes" if value else "") if isinstance(value, bool) else "" if value is None else f"{value}"
        for name, value in asdict(policy).items()
        if name != "time_zone"
    }


def say_policy(policy: ExpiryPolicy) -> str:
    """Say in a sentence when points run out."""
    sentence = _NAMES[policy.kind].format(months=policy.months, month=policy.month, day=policy.day)
    return f"{sentence}, at the end of that month." if policy.to_month_end else f"{sentence}."


def change_expiry(services: Services, store_id: int, policy: ExpiryPolicy, *, who: str, once: FormToken | None = None) -> bool:
    """Put a new version in force from now on, in the store's time zone. False, and no version, where it changes nothing.

    Points that customers have already keep their days. Raises BadRequest where the points are not kept here.
    """
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return True
        store = session.get_one(StoreRow, store_id)
        account = current_account(session, store_id)
        if account is not None and account.kind != AccountKind.EMBEDDED and policy.kind is not PolicyKind.NEVER:
            raise BadRequest("The points of this store are kept elsewhere. When they run out is decided there.")
        return add_policy(session, store, policy, now, who=who)


def add_policy(session: Session, store: StoreRow, policy: ExpiryPolicy, now: datetime, *, who: str) -> bool:
    """Add a version, and tell whether it changes anything."""
    policy = replace(policy, time_zone=store.time_zone)
    newest = newest_policy(session, store.id or 0)
    if policy == (as_policy(newest) if newest is not None else replace(NEVER, time_zone=store.time_zone)):
        return False
    session.add(PointsPolicyRow(store_id=store.id or 0, in_force_from=now, created_by=who, **asdict(policy)))
    write_log(session, store.id or 0, "expiry_changed", say_policy(policy), now=now, made_by=who)
    log.info("expiry changed", store_id=store.id, kind=policy.kind.value)
    return True


def follow_time_zone(session: Session, store: StoreRow, now: datetime, *, who: str) -> None:
    """Let days of points that come from now on end where the store is now: its policy goes on as a new version."""
    newest = newest_policy(session, store.id or 0)
    if newest is not None and newest.kind != PolicyKind.NEVER:
        add_policy(session, store, as_policy(newest), now, who=who)


def newest_policy(session: Session, store_id: int) -> PointsPolicyRow | None:
    """Find the version in force. None where points never ran out."""
    of_store = select(PointsPolicyRow).where(PointsPolicyRow.store_id == store_id)
    return session.exec(of_store.order_by(col(PointsPolicyRow.id).desc()).limit(1)).first()


def expiry_of(services: Services, store_id: int) -> list[PolicyVersion]:
    """List all versions of a store's policy, oldest first."""
    with services.database.reading() as session:
        of_store = select(PointsPolicyRow).where(PointsPolicyRow.store_id == store_id).order_by(col(PointsPolicyRow.id))
        return [PolicyVersion(as_policy(row), row.in_force_from, row.created_by) for row in session.exec(of_store)]
