"""Grants, debits and recipients as the tests of settling write them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from app.domain.claim import ClaimState
from app.domain.earning import Award
from app.domain.settlement import Grant, Position, Recipient, TakenBack
from tests.test_domain.orders import NOW

ADA, BOB = "ada@example.com", "bob@example.com"
HERE, ELSEWHERE = 1, 2
OPEN, SHOWN, TAKEN, VOID, EXPIRED = (
    ClaimState.OPEN,
    ClaimState.SHOWN,
    ClaimState.TAKEN,
    ClaimState.VOID,
    ClaimState.EXPIRED,
)


def uid(number: int) -> UUID:
    return UUID(int=number)


def recipient(award: Award = Award.CLAIM, **changes: Any) -> Recipient:
    values: dict[str, Any] = {"account_id": HERE, "email": ADA, "is_registered": False, "bind_email": True}
    return Recipient(award=award, **(values | changes))


def claim(state: ClaimState, points: int = 10, *, number: int = 1, **changes: Any) -> Grant:
    """A claim of Ada's; a later number is a newer one. At an account that changes claims, unless said otherwise."""
    values: dict[str, Any] = {"account_id": HERE, "email": ADA, "can_change": True}
    return Grant(uid(number), points, at=NOW + timedelta(minutes=number), claim=state, **(values | changes))


def credit(points: int = 10, *, number: int = 1, **changes: Any) -> Grant:
    values: dict[str, Any] = {"account_id": HERE, "email": ADA}
    return Grant(uid(number), points, at=NOW + timedelta(minutes=number), **(values | changes))


def debit(points: int, *, number: int = 100, **changes: Any) -> TakenBack:
    values: dict[str, Any] = {"account_id": HERE, "email": ADA}
    return TakenBack(uid(number), points, at=NOW + timedelta(minutes=number), **(values | changes))


def written_off(points: int, *, number: int = 200) -> TakenBack:
    return debit(points, number=number, is_write_off=True)


def position(*parts: Grant | TakenBack) -> Position:
    return Position(
        grants=tuple(part for part in parts if isinstance(part, Grant)),
        taken_back=tuple(part for part in parts if isinstance(part, TakenBack)),
    )
