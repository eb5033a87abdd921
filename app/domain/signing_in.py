"""Signing in to the wallet with a mail: what a code is, and how often one may be asked for and typed.

A code of six digits is typed where it was asked for, a link opens anywhere. Digits can be guessed, so there are few tries.
Whoever uses them up, for an address or a whole store, locks nobody out: the link in the mail still works, and cannot be guessed.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

CODE_DIGITS = 6
CODE_LASTS = timedelta(minutes=10)
TRIES_MAX = 5
SESSION_LASTS = timedelta(days=30)
# Deleting everything asks for a sign-in that is no older: who took over a browser that is signed in cannot do it.
FRESH_FOR = timedelta(minutes=10)
# A person has a phone, a computer, and a new phone. Of more sessions than this the oldest end.
SESSIONS_MAX = 20

# Mails to one address: nobody's mailbox is filled by strangers.
ASKED_IN_HOUR_MAX = 5
ASKED_IN_DAY_MAX = 20
# Wrong digits for one address in a day, and in one store in an hour. One guess is right one time in a million.
WRONG_IN_DAY_MAX = 15
WRONG_IN_STORE_HOUR_MAX = 200
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# After a day no limit counts them any more.
CODES_KEPT_FOR = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class AskedFor:
    """How often a code was asked for, for one address."""

    in_hour: int
    in_day: int


@dataclass(frozen=True, slots=True)
class Wrong:
    """How often wrong digits were typed: with this code, for its address within a day, and in its store within an hour."""

    with_code: int
    in_day: int
    in_store_hour: int


def new_digits() -> str:
    """Draw the digits of a code."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def new_secret() -> str:
    """Draw what a link, a session or a browser is known by: 256 bits, which nobody guesses."""
    return secrets.token_hex(32)


def may_ask(asked: AskedFor) -> bool:
    """Tell whether one more mail may go to an address."""
    return asked.in_hour < ASKED_IN_HOUR_MAX and asked.in_day < ASKED_IN_DAY_MAX


def takes_digits(wrong: Wrong) -> bool:
    """Tell whether digits are compared. Where not, only the link of the mail signs in."""
    return wrong.with_code < TRIES_MAX and wrong.in_day < WRONG_IN_DAY_MAX and wrong.in_store_hour < WRONG_IN_STORE_HOUR_MAX


def as_digits(typed: str) -> str:
    """Read a code as people type or paste it: with spaces or a hyphen between. Empty where it is none."""
    digits = "".join(typed.split()).replace("-", "")
    return digits if len(digits) == CODE_DIGITS and digits.isascii() and digits.isdigit() else ""
