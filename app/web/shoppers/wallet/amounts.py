"""Amounts of money as the shopper's language writes them."""

from decimal import Decimal

from babel.numbers import format_currency

from app.languages import Speech


def in_money(speech: Speech, amount: Decimal, currency: str) -> str:
    """Write an amount with its currency, so that no line breaks within it."""
    return format_currency(amount, currency, locale=speech.locale).replace(" ", "\u00a0")
