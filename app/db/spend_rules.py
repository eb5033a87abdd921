"""Questions asked of a store's spend rules."""

from datetime import datetime

from sqlalchemy import bindparam, exists
from sqlmodel import Session, col, select

from app.db.rows import as_value
from app.db.tables import SpendRow, SpendRuleRow
from app.domain.spend_rule import SpendRule
from app.domain.spending import OVER

# Built once: building it costs more than running it.
_RULES = (
    select(SpendRuleRow)
    .where(SpendRuleRow.store_id == bindparam("store_id"))
    .order_by(col(SpendRuleRow.in_force_from), col(SpendRuleRow.id))
)


def spend_rules_of(session: Session, store_id: int) -> list[SpendRuleRow]:
    """Find all versions of a store's spend rules, oldest first. A store that never let points pay has none."""
    return list(session.exec(_RULES, params={"store_id": store_id}))


def newest_spend_rule(session: Session, store_id: int, channel: str | None) -> SpendRuleRow | None:
    """Find the newest version of the default, or of a channel's own rule."""
    return next((rule for rule in reversed(spend_rules_of(session, store_id)) if rule.channel == channel), None)


def spend_rule_in_force(rules: list[SpendRuleRow], channel: str, now: datetime) -> SpendRuleRow | None:
    """Choose the version by which points pay in a channel: its own, or else the default. None where there is none."""
    in_force = [rule for rule in rules if rule.in_force_from <= now]
    of_channel = [rule for rule in in_force if rule.channel == channel]
    if of_channel and not of_channel[-1].follows_default:
        return of_channel[-1]
    return next((rule for rule in reversed(in_force) if rule.channel is None), None)


def as_spend_rule(row: SpendRuleRow) -> SpendRule:
    """Turn a stored version into the domain's value."""
    return as_value(SpendRule, row)


def points_can_pay(session: Session, store_id: int) -> bool:
    """Tell whether points can pay in any channel of a store, by the rules in force now."""
    newest = {rule.channel: rule for rule in spend_rules_of(session, store_id)}
    return any(rule.is_active and not rule.follows_default for rule in newest.values())


def has_open_spends(session: Session, store_id: int) -> bool:
    """Tell whether anything that points paid in a store can still go back."""
    is_open = exists().where(col(SpendRow.store_id) == store_id, col(SpendRow.stage).not_in(OVER))
    return bool(session.exec(select(is_open)).one())
