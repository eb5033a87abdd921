"""Change the settings of a store that are not its rules: each is checked, and refused in words that a merchant can act on."""

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypedDict, Unpack
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import delete
from sqlmodel import col

from app.db.form_tokens import FormToken, is_first
from app.db.logbook import SETTINGS_CHANGED, write_log
from app.db.stores import find_store_by_slug
from app.db.tables import DeletedCustomerRow
from app.domain.bounds import CUSTOMER_TYPE_LENGTH_MAX, ERASE_AFTER_DAYS_MAX, EXPIRES_DAYS_MAX, POINTS_MAX
from app.domain.mails import MailKind
from app.domain.staff_limits import DAY_MAX
from app.domain.store import ClaimLink, DebtPolicy
from app.domain.web_origin import ORIGIN_LENGTH_MAX, ORIGINS_MAX, as_origin
from app.errors import BadRequest
from app.usecases.mailing.outbox import switch_kind
from app.usecases.merchants.change_expiry import follow_time_zone
from app.usecases.merchants.what_changed import what_changed
from app.usecases.services import Services

log = structlog.get_logger()

CUSTOMER_TYPES_MAX = 200


_LABELS = MappingProxyType(
    {
        "claim_link": "Link on the order",
        "debt_policy": "If refunded points are spent already",
        "time_zone": "Time zone",
        "default_expires_days": "Days until a claim expires",
        "customer_types": "Customer types",
        "order_notes": "Notes in the order's history",
        "erase_after_days": "Days until a customer deleted in Saleor is erased",
        "staff_change_max": "Most points of one change by staff",
        "staff_day_max": "Most points that one person changes in a day",
        "storefront_api": "Storefront API",
        "storefront_origins": "Origins of the storefront",
        "hosted_wallet": "Wallet",
    }
)


class StoreSettings(TypedDict, total=False):
    """What can be changed. What is left out stays as it is.

    `default_expires_days`: days of a claim for which nobody says any; None: it never expires. `customer_types`: those that the
    Points API takes; none at all: any. `time_zone`: where a day ends. `debt_policy`, `claim_link`: values of the enumerations.
    `order_notes`: whether changes of an order's points are noted in its history. `erase_after_days`: days until a customer whom
    Saleor deleted is erased; None: nobody is, and nobody waits for it any more. `staff_change_max`, `staff_day_max`: the most
    points that staff change by hand at once, and one person in a day, without approval; None: no limit. `storefront_api`: whether
    storefronts may ask for their shoppers' points. `storefront_origins`: whose pages may, from a browser. `hosted_wallet`:
    whether customers see their points on the app's own pages.
    """

    default_expires_days: int | None
    customer_types: Sequence[str]
    time_zone: str
    debt_policy: str
    claim_link: str
    order_notes: bool
    erase_after_days: int | None
    staff_change_max: int | None
    staff_day_max: int | None
    storefront_api: bool
    storefront_origins: Sequence[str]
    hosted_wallet: bool


def change_store(
    services: Services, slug: str, *, who: str | None = None, once: FormToken | None = None, **settings: Unpack[StoreSettings]
) -> None:
    """Change settings of a store, all of them or none, and note who did it.

    Raises BadRequest when there is no such store, or a value will not do.
    """
    values = {name: _CHECKS[name](value) for name, value in settings.items()}
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return
        store = find_store_by_slug(session, slug, lock=True)
        if store is None:
            raise BadRequest(f"There is no store {slug}.")
        changed = what_changed(_read({name: getattr(store, name) for name in values}), _read(values), _LABELS)
        for name, value in values.items():
            setattr(store, name, value)
        if not _LIMITS.isdisjoint(values):
            store.limits_checked_at = now
        session.add(store)
        if "time_zone" in values:
            follow_time_zone(session, store, now, who=who or "operator")
        if values.get("hosted_wallet"):
            switch_kind(session, store.id or 0, MailKind.SIGN_IN, is_on=True, now=now)
        if "erase_after_days" in values and values["erase_after_days"] is None:
            waiting = (col(DeletedCustomerRow.store_id) == store.id, col(DeletedCustomerRow.kept_at).is_(None))
            session.execute(delete(DeletedCustomerRow).where(*waiting))
        if changed:
            write_log(session, store.id or 0, SETTINGS_CHANGED, f"Settings changed. {changed}.", now=now, made_by=who)
    log.info("store changed", store=slug, settings=sorted(values))


def _read(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give values as a reader knows them: some are stored as a list in JSON."""
    return {name: ", ".join(json.loads(value or "[]")) if name in _LISTS else value for name, value in values.items()}


def check_setting(name: str, value: Any) -> None:
    """Refuse a value that will not do, so that a form can say so beside its field.

    Raises BadRequest with a sentence for the merchant.
    """
    _CHECKS[name](value)


def _default_expires_days(days: int | None) -> int | None:
    if days is not None and not 0 <= days <= EXPIRES_DAYS_MAX:
        raise BadRequest(
            f"The days after which claims expire must be a whole number from 0 to {EXPIRES_DAYS_MAX}, or none at all."
        )
    return days


def _erase_after_days(days: int | None) -> int | None:
    if days is not None and not 0 <= days <= ERASE_AFTER_DAYS_MAX:
        raise BadRequest(f"The days must be a whole number from 0 to {ERASE_AFTER_DAYS_MAX}.")
    return days


def _staff_change_max(points: int | None) -> int | None:
    if points is not None and not 0 <= points <= POINTS_MAX:
        raise BadRequest(f"The limit must be a whole number from 0 to {POINTS_MAX}, or none at all.")
    return points


def _staff_day_max(points: int | None) -> int | None:
    if points is not None and not 0 <= points <= DAY_MAX:
        raise BadRequest(f"The limit must be a whole number from 0 to {DAY_MAX}, or none at all.")
    return points


def _customer_types(types: Sequence[str]) -> str:
    """Give the list as it is stored: each once, in the order given."""
    named = list(dict.fromkeys(one.strip() for one in types if one.strip()))
    for name in named:
        if len(name) > CUSTOMER_TYPE_LENGTH_MAX or not name.isprintable():
            raise BadRequest(f"A customer type must be printable text of at most {CUSTOMER_TYPE_LENGTH_MAX} characters.")
    if len(named) > CUSTOMER_TYPES_MAX:
        raise BadRequest(f"A store can have at most {CUSTOMER_TYPES_MAX} customer types.")
    return json.dumps(named, ensure_ascii=False)


def _time_zone(name: str) -> str:
    try:
        return ZoneInfo(name.strip()).key
    except (KeyError, ValueError, OSError):
        # OSError: the name of a folder of zones, such as Europe.
        raise BadRequest("The time zone is unknown: name one such as Europe/Berlin, or UTC.") from None


def _storefront_origins(origins: Sequence[str]) -> str:
    """Give the list as it is stored: each once, in the order given, as browsers write them."""
    named = [text.strip() for text in origins if text.strip()]
    if len(named) > ORIGINS_MAX:
        raise BadRequest(f"There can be {ORIGINS_MAX} origins.")
    written = {text: as_origin(text) for text in named}
    wrong = next((text for text, origin in written.items() if origin is None), None)
    if wrong is not None:
        raise BadRequest(
            f"{wrong[:ORIGIN_LENGTH_MAX]} is no origin. Write one such as https://shop.example.com, without a path. "
            "http:// is taken for localhost only."
        )
    return json.dumps(list(dict.fromkeys(written.values())))


def _debt_policy(policy: str) -> str:
    if policy not in set(DebtPolicy):
        raise BadRequest("The debt policy is either floor (a balance never falls below zero) or negative (into debt at once).")
    return policy


def _claim_link(link: str) -> str:
    if link not in set(ClaimLink):
        raise BadRequest(
            "The claim link is either own (our order link) or direct (the provider's link, which cannot be withdrawn)."
        )
    return link


_CHECKS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "default_expires_days": _default_expires_days,
        "customer_types": _customer_types,
        "time_zone": _time_zone,
        "debt_policy": _debt_policy,
        "claim_link": _claim_link,
        "order_notes": bool,
        "erase_after_days": _erase_after_days,
        "staff_change_max": _staff_change_max,
        "staff_day_max": _staff_day_max,
        "storefront_api": bool,
        "storefront_origins": _storefront_origins,
        "hosted_wallet": bool,
    }
)
_LIMITS = frozenset({"staff_change_max", "staff_day_max"})
_LISTS = frozenset({"customer_types", "storefront_origins"})
