"""Give points to several customers at once, each by a change of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.db.form_tokens import FormToken
from app.errors import BadRequest
from app.sealing import fingerprint
from app.usecases.merchants.adjust_points import adjust_customer
from app.usecases.services import Services

CUSTOMERS_AT_ONCE_MAX = 100
_TOKEN_LENGTH = 32


@dataclass(frozen=True, slots=True)
class GivenTo:
    """What became of one customer's change; `refusal` is empty where it was made, is under way, or waits for approval.

    `points` is what was given, or taken, where that is known. While the points provider was not asked yet, `under_way` names the
    change.
    """

    email: str
    refusal: str = ""
    points: int | None = None
    under_way: UUID | None = None
    waits_for_approval: bool = False


def give_to_many(
    services: Services, store_slug: str, emails: Sequence[str], *, points: int, reason: str, who: str, once: FormToken
) -> list[GivenTo]:
    """Give the same points to each customer, or take them. A form that is sent again changes only those who were not changed yet.

    Raises BadRequest when there is nobody, or are too many.
    """
    if not 0 < len(emails) <= CUSTOMERS_AT_ONCE_MAX:
        raise BadRequest(f"Choose from 1 to {CUSTOMERS_AT_ONCE_MAX} customers.")
    return [
        _given(services, store_slug, email, points=points, reason=reason, who=who, once=_own(once, email)) for email in emails
    ]


def _own(once: FormToken, email: str) -> FormToken:
    """Make the token of one customer's change from that of the form: each happens once."""
    return FormToken(fingerprint(f"{once.token} {email}")[:_TOKEN_LENGTH], once.store_id, once.made_by, once.user_id)


def _given(services: Services, store_slug: str, email: str, *, points: int, reason: str, who: str, once: FormToken) -> GivenTo:
    try:
        adjusted = adjust_customer(services, store_slug, email, points=points, reason=reason, who=who, once=once)
    except BadRequest as refused:
        return GivenTo(email, refused.message)
    if adjusted is None:
        return GivenTo(email)
    if adjusted.waits_for_approval:
        return GivenTo(email, waits_for_approval=True)
    return GivenTo(email, adjusted.refusal, adjusted.points, adjusted.movement_id if adjusted.points is None else None)
