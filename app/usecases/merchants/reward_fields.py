"""Read the form of a reward, and write what a reward says as its form would hold it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from app.domain.bounds import POINTS_MAX
from app.domain.days import end_of_day
from app.domain.reward_faults import DAYS_VALID_MAX, LIMIT_MAX, NAME_LENGTH_MAX, TEXT_LENGTH_MAX, faults_of
from app.domain.rewards import RewardAmount, RewardKind, RewardTerms
from app.usecases.merchants.rule_fields import number_field, text_field, whole_field

AMOUNT_MAX = 1_000_000
PICTURE_URL_LENGTH_MAX = 1024
VOUCHER_ID_LENGTH_MAX = 128
# The fields that there is one of for each currency, or channel: what follows says which.
AMOUNT = "amount-"
RATE = "rate-"
CHANNEL = "channel-"


def read_reward_draft(typed: Mapping[str, str], kind: RewardKind, *, time_zone: str) -> tuple[RewardTerms | None, dict[str, str]]:
    """Read a form. Gives the terms, or None and a sentence for each field that will not do. Days are those of the time zone."""
    errors: dict[str, str] = {}
    ends_on = _day(typed, "ends_on", errors)
    starts_on = _day(typed, "starts_on", errors)
    terms = RewardTerms(
        id=0,
        reward_id=0,
        kind=kind,
        name=text_field(typed, "name", NAME_LENGTH_MAX, errors) or "",
        text=text_field(typed, "text", TEXT_LENGTH_MAX, errors) or "",
        picture_url=_picture(typed, errors),
        points=whole_field(typed, "points", POINTS_MAX, errors),
        amounts=_amounts(typed, errors) if kind is RewardKind.AMOUNT else (),
        voucher_id=text_field(typed, "voucher_id", VOUCHER_ID_LENGTH_MAX, errors) if kind is RewardKind.VOUCHER else None,
        starts_at=None if starts_on is None else _begins_at(starts_on, time_zone),
        ends_at=None if ends_on is None else end_of_day(ends_on, time_zone),
        limit_in_all=whole_field(typed, "limit_in_all", LIMIT_MAX, errors),
        limit_each=whole_field(typed, "limit_each", LIMIT_MAX, errors),
        channels=tuple(sorted(name.removeprefix(CHANNEL) for name in typed if name.startswith(CHANNEL))),
        days_valid=whole_field(typed, "days_valid", DAYS_VALID_MAX, errors),
        return_on_expiry=bool(typed.get("return_on_expiry")),
        return_on_refund=bool(typed.get("return_on_refund")),
        is_active=bool(typed.get("is_active")),
    )
    for fault in faults_of(terms):
        name = {"voucher": "voucher_id", "ends_at": "ends_on"}.get(fault.name, fault.name)
        errors.setdefault(name, fault.sentence)
    return (None, errors) if errors else (terms, {})


def reward_draft_as_typed(terms: RewardTerms, *, time_zone: str) -> dict[str, str]:
    """Write terms as their form would hold them: the texts that `read_reward_draft` reads."""
    zone = ZoneInfo(time_zone)
    texts = {
        "name": terms.name,
        "text": terms.text,
        "picture_url": terms.picture_url,
        "points": _plain(terms.points),
        "voucher_id": terms.voucher_id or "",
        "starts_on": "" if terms.starts_at is None else f"{terms.starts_at.astimezone(zone).date()}",
        "ends_on": "" if terms.ends_at is None else f"{(terms.ends_at - timedelta(seconds=1)).astimezone(zone).date()}",
        "limit_in_all": _plain(terms.limit_in_all),
        "limit_each": _plain(terms.limit_each),
        "days_valid": _plain(terms.days_valid),
        "return_on_expiry": "yes" if terms.return_on_expiry else "",
        "return_on_refund": "yes" if terms.return_on_refund else "",
        "is_active": "yes" if terms.is_active else "",
    }
    for one in terms.amounts:
        texts[f"{AMOUNT}{one.currency}"] = _plain(one.amount)
        texts[f"{RATE}{one.currency}"] = _plain(one.points_per_unit)
    return texts | {f"{CHANNEL}{slug}": "yes" for slug in terms.channels}


def _amounts(typed: Mapping[str, str], errors: dict[str, str]) -> tuple[RewardAmount, ...]:
    """Read an amount for each currency whose field is not empty."""
    read = []
    for name in sorted(typed):
        currency = name.removeprefix(AMOUNT)
        if not name.startswith(AMOUNT) or not typed[name].strip():
            continue
        amount = number_field(typed, name, AMOUNT_MAX, errors)
        rate = number_field(typed, f"{RATE}{currency}", AMOUNT_MAX, errors, empty=Decimal(0))
        has_rate = bool(typed.get(f"{RATE}{currency}", "").strip())
        if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
            errors["amounts"] = "A currency has three capital letters."
        elif name not in errors and f"{RATE}{currency}" not in errors:
            read.append(RewardAmount(currency, amount, rate if has_rate else None))
    return tuple(read)


def _picture(typed: Mapping[str, str], errors: dict[str, str]) -> str:
    url = text_field(typed, "picture_url", PICTURE_URL_LENGTH_MAX, errors) or ""
    if url and (not url.startswith("https://") or " " in url):
        errors["picture_url"] = "Write an address that begins with https://, without blanks."
    return url


def _day(typed: Mapping[str, str], name: str, errors: dict[str, str]) -> date | None:
    text = typed.get(name, "").strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not date(2000, 1, 1) <= day <= date(2200, 1, 1):
        errors[name] = "Write a day as 2026-12-31."
        return None
    return day


def _begins_at(day: date, time_zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def _plain(value: int | Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}" if isinstance(value, Decimal) else f"{value}"
