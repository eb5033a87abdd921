"""Change how points pay: each change is a new version, and a payment keeps the one by which it was made."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from app.db.form_tokens import FormToken
from app.db.rows import as_value
from app.db.spend_rules import newest_spend_rule, spend_rules_of
from app.db.tables import SpendRuleRow
from app.domain.permissions import Feature
from app.domain.spend_rule import HOLD_HOURS, HOLD_HOURS_MAX, LEAST_POINTS_MAX
from app.errors import BadRequest, Unavailable
from app.usecases.merchants.list_channels import require_channel
from app.usecases.merchants.rule_fields import number_field, text_field, whole_field
from app.usecases.merchants.rule_versions import RuleKind, add_version, end_version
from app.usecases.merchants.see_permissions import see_permissions
from app.usecases.services import Services

RATE_MAX = 1_000_000
CHANNEL_LENGTH_MAX = 256
_PERCENT_OF_ALL = 100

# What a change of each says in the log.
_LABELS = MappingProxyType(
    {
        "is_active": "On",
        "points_per_unit": "Points that pay 1.00",
        "least_points": "Fewest points of one payment",
        "greatest_share": "Greatest share of the total",
        "return_on_cancel": "Cancelled orders give points back",
        "hold_hours": "Hours until an abandoned checkout gives points back",
        "unpaid_orders": "Points can pay unpaid orders",
    }
)


@dataclass(frozen=True, slots=True)
class SpendDraft:
    """A spend rule as somebody wants it; `channel` is None for the default. The fields are the table's."""

    channel: str | None = None
    points_per_unit: Decimal = Decimal(100)
    least_points: int = 1
    greatest_share: Decimal = Decimal(1)
    return_on_cancel: bool = True
    hold_hours: int = HOLD_HOURS
    unpaid_orders: bool = False
    is_active: bool = False


@dataclass(frozen=True, slots=True)
class SpendRuleVersion:
    """A version of a spend rule: what it says, since when, and by whom. `follows_default`: the channel has none from then on."""

    says: SpendDraft
    in_force_from: datetime
    created_by: str
    follows_default: bool


def read_spend_draft(typed: Mapping[str, str]) -> tuple[SpendDraft | None, dict[str, str]]:
    """Read a form, whose share is in percent. Gives the draft, or None and a sentence for each field that will not do."""
    errors: dict[str, str] = {}
    rate = number_field(typed, "points_per_unit", RATE_MAX, errors)
    if not rate and "points_per_unit" not in errors:
        errors["points_per_unit"] = "This must be more than 0."
    percent = number_field(typed, "greatest_share", _PERCENT_OF_ALL, errors, empty=Decimal(_PERCENT_OF_ALL))
    if not percent and "greatest_share" not in errors:
        errors["greatest_share"] = "This must be more than 0. Untick the box below if points pay nothing."
    hours = whole_field(typed, "hold_hours", HOLD_HOURS_MAX, errors)
    if hours == 0:
        errors["hold_hours"] = "This must be 1 or more."
    draft = SpendDraft(
        channel=text_field(typed, "channel", CHANNEL_LENGTH_MAX, errors),
        points_per_unit=rate,
        least_points=whole_field(typed, "least_points", LEAST_POINTS_MAX, errors) or 1,
        greatest_share=percent / _PERCENT_OF_ALL,
        return_on_cancel=bool(typed.get("return_on_cancel")),
        hold_hours=hours or HOLD_HOURS,
        unpaid_orders=bool(typed.get("unpaid_orders")),
        is_active=bool(typed.get("is_active")),
    )
    return (None, errors) if errors else (draft, {})


def spend_draft_as_typed(says: SpendDraft) -> dict[str, str]:
    """Write what a version says as its form would hold it: the texts that `read_spend_draft` reads."""
    texts: dict[str, str] = {}
    for field in fields(SpendDraft):
        value = getattr(says, field.name)
        texts[field.name] = ("yes" if value else "") if isinstance(value, bool) else "" if value is None else _plain(value)
    texts["greatest_share"] = _plain(says.greatest_share * _PERCENT_OF_ALL)
    return texts


def change_spend_rule(services: Services, store_id: int, draft: SpendDraft, *, who: str, once: FormToken | None = None) -> bool:
    """Put a new version in force from now on. False, and no version, where it would change nothing.

    Raises BadRequest when points are to pay and the app lacks a permission for it, or when the store's Saleor does not have the
    rule's channel; Unavailable when Saleor does not say.
    """
    if draft.is_active:
        _require_permission(services, store_id)
    if draft.channel is not None and not _has_spend_rule(services, store_id, draft.channel):
        require_channel(services, store_id, draft.channel)
    return add_version(services, store_id, _KIND, draft, who=who, once=once)


def end_spend_rule(services: Services, store_id: int, channel: str, *, who: str, once: FormToken | None = None) -> None:
    """Let a channel follow the default again from now on.

    Raises BadRequest when it has no spend rule of its own.
    """
    end_version(services, store_id, _KIND, channel, who=who, once=once)


def spend_rules_of_store(services: Services, store_id: int) -> list[SpendRuleVersion]:
    """List all versions of a store's spend rules, oldest first."""
    with services.database.reading() as session:
        return [
            SpendRuleVersion(as_value(SpendDraft, row), row.in_force_from, row.created_by, row.follows_default)
            for row in spend_rules_of(session, store_id)
        ]


def _plain(value: object) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else f"{value}"


def _require_permission(services: Services, store_id: int) -> None:
    seen = see_permissions(services, store_id)
    if seen.trouble:
        raise Unavailable(seen.trouble)
    missing = seen.missing_for(Feature.SPENDING)
    if missing:
        raise BadRequest(f"Points cannot pay yet: the app lacks the permission {', '.join(missing)}. Grant it in Saleor first.")


def _has_spend_rule(services: Services, store_id: int, channel: str) -> bool:
    with services.database.reading() as session:
        return newest_spend_rule(session, store_id, channel) is not None


def _told(draft: SpendDraft) -> dict[str, Any]:
    """Give what a version says as the log names it."""
    return asdict(draft) | {"greatest_share": f"{_plain(draft.greatest_share * _PERCENT_OF_ALL)} %"}


_KIND = RuleKind("spend rule", SpendRuleRow, SpendDraft, newest_spend_rule, _LABELS, _told)
