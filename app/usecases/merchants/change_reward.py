"""Make, change and end rewards: each change is a new version, and what a customer took keeps the one it was taken by."""

from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

import structlog
from sqlmodel import Session

from app.db.form_tokens import FormToken, is_first
from app.db.logbook import write_log
from app.db.stored_rewards import find_reward, terms_in_force
from app.db.tables import RewardAmountRow, RewardRow, RewardVersionRow
from app.domain.permissions import Feature
from app.domain.reward_faults import faults_of
from app.domain.rewards import RewardKind, RewardTerms
from app.domain.spending import minor_units
from app.errors import BadRequest, Unavailable
from app.usecases.merchants.list_channels import require_channel
from app.usecases.merchants.see_permissions import see_permissions
from app.usecases.merchants.vouchers_to_choose import require_voucher
from app.usecases.merchants.what_changed import what_changed
from app.usecases.services import Services

log = structlog.get_logger()

FEATURE_OF = MappingProxyType({RewardKind.AMOUNT: Feature.GIFT_CARD_REWARDS, RewardKind.VOUCHER: Feature.VOUCHER_REWARDS})
NO_REWARD = "This store has no such reward."
# What a change of each says in the log.
_LABELS = MappingProxyType(
    {
        "is_active": "On",
        "name": "Name",
        "text": "Text",
        "picture_url": "Picture",
        "points": "Points",
        "amounts": "Amounts",
        "voucher_name": "Voucher",
        "starts_at": "From",
        "ends_at": "Until",
        "limit_in_all": "How many in all",
        "limit_each": "How many for each customer",
        "channels": "Channels",
        "days_valid": "Days that a code is good",
        "return_on_expiry": "Unused points come back",
        "return_on_refund": "Points come back after a cancellation or refund",
    }
)


def add_reward(services: Services, store_id: int, terms: RewardTerms, *, who: str, once: FormToken | None = None) -> int:
    """Make a reward and give its id; 0 where the form was sent before. The ids in `terms` are not looked at.

    Raises BadRequest when the terms will not do, when it is on and the app lacks the permission, or when Saleor does not have the
    channels or the voucher, or the voucher's codes are not each good once; Unavailable when Saleor does not say.
    """
    terms = _judged(services, store_id, terms)
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return 0
        reward = RewardRow(store_id=store_id, kind=terms.kind, made_at=now, made_by=who)
        session.add(reward)
        session.flush()
        reward_id = reward.id or 0
        _write_version(session, reward_id, terms, now, who)
        said = f"The reward {terms.name} is new. {what_changed({}, _told(terms), _LABELS)}."
        write_log(session, store_id, "reward_changed", said, now=now, made_by=who)
    log.info("reward made", store_id=store_id, reward_id=reward_id)
    return reward_id


def change_reward(
    services: Services, store_id: int, reward_id: int, terms: RewardTerms, *, who: str, once: FormToken | None = None
) -> bool:
    """Put a new version in force from now on. False, and no version, where it changes nothing. Raises as `add_reward` does."""
    terms = _judged(services, store_id, terms)
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return True
        return _put(session, store_id, reward_id, terms, now, who)


def end_reward(services: Services, store_id: int, reward_id: int, *, who: str, once: FormToken | None = None) -> None:
    """Let nobody take a reward any more. Codes that were given stay good.

    Raises BadRequest when the store has no such reward.
    """
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return
        terms = terms_in_force(session, _reward(session, store_id, reward_id))
        _put(session, store_id, reward_id, replace(terms, is_active=False), now, who)


def _put(session: Session, store_id: int, reward_id: int, terms: RewardTerms, now: datetime, who: str) -> bool:
    before = terms_in_force(session, _reward(session, store_id, reward_id))
    if before.kind is not terms.kind:
        raise BadRequest("A reward stays a gift card, or a voucher. Make another reward.")
    if replace(before, id=0, reward_id=0) == replace(terms, id=0, reward_id=0):
        return False
    _write_version(session, reward_id, terms, now, who)
    said = f"The reward {terms.name} changed. {what_changed(_told(before), _told(terms), _LABELS)}."
    write_log(session, store_id, "reward_changed", said, now=now, made_by=who)
    return True


def _reward(session: Session, store_id: int, reward_id: int) -> RewardRow:
    reward = find_reward(session, store_id, reward_id, lock=True)
    if reward is None:
        raise BadRequest(NO_REWARD)
    return reward


def _judged(services: Services, store_id: int, terms: RewardTerms) -> RewardTerms:
    """Check the terms, and name the voucher as Saleor does."""
    faults = faults_of(terms)
    if faults:
        raise BadRequest(faults[0].sentence)
    if terms.is_active or terms.kind is RewardKind.VOUCHER:
        _require_permission(services, store_id, FEATURE_OF[terms.kind])
    for slug in terms.channels:
        require_channel(services, store_id, slug)
    if terms.voucher_id is None:
        return terms
    return replace(terms, voucher_name=require_voucher(services, store_id, terms.voucher_id).name)


def _require_permission(services: Services, store_id: int, feature: Feature) -> None:
    seen = see_permissions(services, store_id, wanted=feature)
    if seen.trouble:
        raise Unavailable(seen.trouble)
    missing = seen.missing_for(feature)
    if missing:
        raise BadRequest(f"The app lacks the permission {', '.join(missing)}, which this reward needs. Grant it in Saleor first.")


def _write_version(session: Session, reward_id: int, terms: RewardTerms, now: datetime, who: str) -> None:
    version = RewardVersionRow(
        reward_id=reward_id,
        in_force_from=now,
        name=terms.name,
        text=terms.text,
        picture_url=terms.picture_url,
        points=terms.points,
        voucher_id=terms.voucher_id,
        voucher_name=terms.voucher_name,
        starts_at=terms.starts_at,
        ends_at=terms.ends_at,
        limit_in_all=terms.limit_in_all,
        limit_each=terms.limit_each,
        channels=" ".join(terms.channels),
        days_valid=terms.days_valid,
        return_on_expiry=terms.return_on_expiry,
        return_on_refund=terms.return_on_refund,
        is_active=terms.is_active,
        created_by=who,
    )
    session.add(version)
    session.flush()
    for one in terms.amounts:
        units = minor_units(one.amount, one.currency)
        session.add(
            RewardAmountRow(
                version_id=version.id or 0, currency=one.currency, amount_units=units, points_per_unit=one.points_per_unit
            )
        )


def _told(terms: RewardTerms) -> dict[str, Any]:
    """Give what the log says of the terms."""
    told: dict[str, Any] = {name: getattr(terms, name) for name in _LABELS}
    amounts = (
        f"{one.amount} {one.currency}"
        + ("" if one.points_per_unit is None else f" at most, {one.points_per_unit} points for 1.00")
        for one in terms.amounts
    )
    return told | {"amounts": ", ".join(amounts), "channels": ", ".join(terms.channels) or "all"}
