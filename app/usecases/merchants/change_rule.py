"""Change how orders earn: each change is a new version, and orders placed before keep the one that was in force then."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from sqlmodel import Session

from app.db.form_tokens import FormToken
from app.db.rows import as_value
from app.db.stores import rules_of
from app.db.tables import RuleRow
from app.domain.bounds import CUSTOMER_TYPE_LENGTH_MAX, EXPIRES_DAYS_MAX, POINTS_MAX
from app.domain.earning import Award, Moment
from app.errors import Unavailable
from app.usecases.merchants.list_channels import require_channel
from app.usecases.merchants.rule_fields import choice_field, number_field, text_field, whole_field
from app.usecases.merchants.rule_versions import RuleKind, add_version, end_version
from app.usecases.services import Services

HOLD_DAYS_MAX = 3650
RATE_MAX = 1_000_000
TOTAL_MAX = 10**12
CHANNEL_LENGTH_MAX = 256


# What a change of each says in the log.
_LABELS = MappingProxyType(
    {
        "is_active": "On",
        "points_per_unit": "Points per 1.00",
        "include_tax": "Prices with tax",
        "include_shipping": "Shipping earns points",
        "minimum_total": "Smallest order value",
        "maximum_points": "Most points for one order",
        "award_when": "When",
        "award": "How points are given",
        "hold_days": "Hold (days)",
        "expires_days": "Claims expire after (days)",
        "bind_email": "Only the order's e-mail address can claim",
        "customer_type": "Customer type",
        "exclude_gift_cards": "Gift cards earn nothing",
        "count_returned": "Returned goods count as refunded",
        "points_earn": "What points pay earns points",
    }
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule as somebody wants it; `channel` is None for the default. The fields are the table's."""

    channel: str | None = None
    points_per_unit: Decimal = Decimal(1)
    include_tax: bool = True
    include_shipping: bool = False
    minimum_total: Decimal = Decimal(0)
    maximum_points: int | None = None
    award: str = Award.CLAIM
    award_when: str = Moment.PAID
    hold_days: int = 0
    expires_days: int | None = None
    bind_email: bool = True
    customer_type: str | None = None
    is_active: bool = True
    exclude_gift_cards: bool = False
    count_returned: bool = False
    points_earn: bool = False


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """A version of a rule: what it says, since when, and by whom. `follows_default`: the channel has no rule from then on."""

    says: Draft
    in_force_from: datetime
    created_by: str
    follows_default: bool


def read_draft(typed: Mapping[str, str]) -> tuple[Draft | None, dict[str, str]]:
    """Read a form. Gives the draft, or None and a sentence for each field that will not do."""
    errors: dict[str, str] = {}
    draft = Draft(
        channel=text_field(typed, "channel", CHANNEL_LENGTH_MAX, errors),
        points_per_unit=number_field(typed, "points_per_unit", RATE_MAX, errors),
        include_tax=bool(typed.get("include_tax")),
        include_shipping=bool(typed.get("include_shipping")),
        minimum_total=number_field(typed, "minimum_total", TOTAL_MAX, errors, empty=Decimal(0)),
        maximum_points=whole_field(typed, "maximum_points", POINTS_MAX, errors),
        award=choice_field(typed, "award", Award, errors),
        award_when=choice_field(typed, "award_when", Moment, errors),
        hold_days=whole_field(typed, "hold_days", HOLD_DAYS_MAX, errors) or 0,
        expires_days=whole_field(typed, "expires_days", EXPIRES_DAYS_MAX, errors),
        bind_email=bool(typed.get("bind_email")),
        customer_type=text_field(typed, "customer_type", CUSTOMER_TYPE_LENGTH_MAX, errors),
        is_active=bool(typed.get("is_active")),
        exclude_gift_cards=bool(typed.get("exclude_gift_cards")),
        count_returned=bool(typed.get("count_returned")),
        points_earn=bool(typed.get("points_earn")),
    )
    return (None, errors) if errors else (draft, {})


def change_rule(services: Services, store_id: int, draft: Draft, *, who: str, once: FormToken | None = None) -> bool:
    """Put a new version in force from now on. False, and no version, where it would change nothing.

    Raises BadRequest when the store's Saleor does not have the rule's channel, Unavailable when Saleor does not say whether it
    has it. A channel that has a rule already is then taken to exist.
    """
    if draft.channel is not None:
        _require(services, store_id, draft.channel)
    return add_version(services, store_id, _KIND, draft, who=who, once=once)


def end_rule(services: Services, store_id: int, channel: str, *, who: str, once: FormToken | None = None) -> None:
    """Let a channel follow the default again from now on.

    Raises BadRequest when it has no rule of its own.
    """
    end_version(services, store_id, _KIND, channel, who=who, once=once)


def rules_of_store(services: Services, store_id: int) -> list[RuleVersion]:
    """List all versions of a store's rules, oldest first."""
    with services.database.reading() as session:
        return [
            RuleVersion(as_value(Draft, row), row.in_force_from, row.created_by, row.follows_default)
            for row in rules_of(session, store_id)
        ]


def _require(services: Services, store_id: int, channel: str) -> None:
    try:
        require_channel(services, store_id, channel)
    except Unavailable:
        if not _has_rule(services, store_id, channel):
            raise


def _has_rule(services: Services, store_id: int, channel: str) -> bool:
    with services.database.reading() as session:
        return _newest(session, store_id, channel) is not None


def _newest(session: Session, store_id: int, channel: str | None) -> RuleRow | None:
    return next((rule for rule in reversed(rules_of(session, store_id)) if rule.channel == channel), None)


_KIND = RuleKind("rule", RuleRow, Draft, _newest, _LABELS)
