"""The lookup keys of e-mail addresses in the tables, before and after they were rebuilt.

Older versions compared addresses by another key, `former_key`. While one of them may still run, rows are written under that
key and looked up under both. Once the step EMAIL_KEYS is finished there is only `email_key`.
"""

from collections.abc import Callable
from types import MappingProxyType

from sqlalchemy import TextClause, text
from sqlmodel import Session

from app.db.tables.finished_step import UpgradeStep
from app.domain.email import email_key, former_key

# Held shared while rows are written under the former key, and exclusively while all keys are rebuilt. Any number will do.
KEYS_LOCK = 7_346_312

_NOT_ASCII = MappingProxyType(
    {"sqlite": "{0} GLOB '*[^' || char(1) || '-' || char(127) || ']*'", "postgresql": "{0} ~ '[^[:ascii:]]'"}
)
_IS_FINISHED = text("SELECT 1 FROM finished_step WHERE name = :name")


def has_new_keys(session: Session) -> bool:
    """Tell whether this database's keys were rebuilt. If not, they stay as they are to the end of this transaction."""
    if _is_finished(session):
        return True
    if session.get_bind().dialect.name == "sqlite":
        return False
    session.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": KEYS_LOCK})
    return _is_finished(session)


def key_in(session: Session, email: str) -> str:
    """Give the key under which a person's rows are written now."""
    key, former = email_key(email), former_key(email)
    return key if key == former or has_new_keys(session) else former


def keys_in(session: Session, email: str) -> set[str]:
    """Give the keys under which a person's rows may stand now."""
    return {email_key(email), key_in(session, email)}


def not_ascii(session: Session, column: str) -> TextClause:
    """Give the condition that an address is not plain ASCII: of all others the two keys are the same."""
    return text(_NOT_ASCII[session.get_bind().dialect.name].format(column))


def same_person(session: Session, email: str) -> Callable[[str | None], bool]:
    """Give what tells whether another address, or key, is this person's."""
    key, make = key_in(session, email), email_key if has_new_keys(session) else former_key
    return lambda other: bool(other) and make(other or "") == key


def _is_finished(session: Session) -> bool:
    return session.connection().execute(_IS_FINISHED, {"name": UpgradeStep.EMAIL_KEYS.value}).first() is not None
