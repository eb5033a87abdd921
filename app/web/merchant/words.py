"""How numbers, days and times are written: in the Dashboard's locale, and in the store's time zone."""

from datetime import UTC, date, datetime, tzinfo
from decimal import ROUND_FLOOR, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_decimal, get_currency_precision
from flask import Blueprint, g, request

from app.domain.catalogue import ChannelList
from app.usecases.merchants.see_overview import COUNTED_MAX
from app.web.merchant.places import as_segment

# Saleor keeps three digits behind the point.
_MONEY_DIGITS_MAX = 4
_MINUS = "\N{MINUS SIGN}"


def add_filters(routes: Blueprint) -> None:
    """Add the filters that write numbers, amounts, days, moments and segments of paths, for all templates of the app."""
    for write in (number, counted, bounded, signed, money, worth, day, moment, minute):
        routes.add_app_template_filter(write)
    routes.add_app_template_filter(as_segment, "segment")


def number(value: Any) -> str:
    """Write a whole or exact number: 12,345."""
    return str(format_decimal(value, locale=_locale()))


def counted(count: int, one: str) -> str:
    """Write how many there are of something, by its word for one of them: 1 order, 2 orders."""
    return f"{number(count)} {one if count == 1 else f'{one}s'}"


def bounded(count: int) -> str:
    """Write how many there are; 1,000+ where counting has ended."""
    return f"{number(COUNTED_MAX)}+" if count > COUNTED_MAX else number(count)


def signed(value: int) -> str:
    """Write a change with its sign; the minus is the typographic one."""
    return f"{'+' if value > 0 else _MINUS if value < 0 else ''}{number(abs(value))}"


def money(amount: Decimal, currency: str) -> str:
    """Write an amount with all its digits, at least as many as its currency has: 1,234.50 USD."""
    digits = get_currency_precision(currency)
    pattern = "#,##0" + ("." + "0" * digits + "#" * (_MONEY_DIGITS_MAX - digits) if digits < _MONEY_DIGITS_MAX else "")
    return f"{format_decimal(amount, format=pattern, locale=_locale())} {currency}"


def worth(points: int, points_per_unit: Decimal) -> str:
    """Write what points pay by a rate, whatever the currency: 1,234.50."""
    exact = (Decimal(points) / points_per_unit).quantize(Decimal("0.01"), ROUND_FLOOR)
    return str(format_decimal(exact, format="#,##0.00", locale=_locale()))


def day(value: date) -> str:
    """Write a day: 4 May 2026, as the locale has it. A moment is that of the store's time zone."""
    return str(format_date(value.astimezone(_zone()) if isinstance(value, datetime) else value, "medium", locale=_locale()))


def moment(value: datetime) -> str:
    """Write a moment to the second, in the store's time zone."""
    return str(format_datetime(value, "medium", tzinfo=_zone(), locale=_locale()))


def minute(value: datetime) -> str:
    """Write a moment to the minute, in the store's time zone: lists have little room."""
    here = value.astimezone(_zone())
    return f"{format_date(here, 'medium', locale=_locale())}, {format_time(here, 'short', locale=_locale())}"


def locale_name() -> str:
    """Name the locale of the Dashboard, as far as we have its words."""
    return str(_locale())


def _locale() -> Locale:
    return _parsed_locale(request.headers.get("Dashboard-Locale", "en")[:32])


def _zone() -> tzinfo:
    return _parsed_zone(g.get("merchant_time_zone", "UTC"))


@lru_cache(maxsize=64)
def _parsed_locale(name: str) -> Locale:
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return Locale("en")


@lru_cache(maxsize=64)
def _parsed_zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError):
        return UTC


def channel_choices(listed: ChannelList | None) -> list[tuple[str, str]]:
    """Give the channels of a form's list, as value and text, after an empty choice. Without a list there is nothing to choose."""
    if listed is None:
        return []
    channels = [
        (channel.slug, f"{channel.name} ({channel.slug}, {channel.currency}{'' if channel.is_active else ', not active'})")
        for channel in listed.channels
    ]
    return [("", "Choose a channel"), *channels]
