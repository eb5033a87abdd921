"""Versions of a rule, the default's or a channel's: only ever added, each with a sentence in the merchant's log."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import structlog
from sqlmodel import Session

from app.db.form_tokens import FormToken, is_first
from app.db.logbook import write_log
from app.db.rows import as_value
from app.db.tables import RuleRow, SpendRuleRow
from app.errors import BadRequest
from app.usecases.merchants.what_changed import what_changed
from app.usecases.services import Services

log = structlog.get_logger()

AnyRule = RuleRow | SpendRuleRow


@dataclass(frozen=True, slots=True)
class RuleKind:
    """A kind of rule: of earning, or of spending.

    `draft` is the dataclass of what a version says, with the fields of `row`, its table. `newest` finds the newest version of a
    store's default, or of a channel. `told` gives what a draft says as the log names it, by the `labels`.
    """

    name: str
    row: type[AnyRule]
    draft: type[Any]
    newest: Callable[[Session, int, str | None], AnyRule | None]
    labels: Mapping[str, str]
    told: Callable[[Any], dict[str, Any]] = asdict

    def of(self, channel: str | None) -> str:
        """Name a rule by its channel."""
        return f"default {self.name}" if channel is None else f"{self.name} of the channel {channel}"


def add_version(services: Services, store_id: int, kind: RuleKind, draft: Any, *, who: str, once: FormToken | None) -> bool:
    """Put a new version in force from now on. False, and no version, where it would change nothing."""
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return True
        newest = kind.newest(session, store_id, draft.channel)
        before = as_value(kind.draft, newest) if newest is not None and not newest.follows_default else None
        if before == draft:
            return False
        session.add(kind.row(store_id=store_id, in_force_from=now, created_by=who, **asdict(draft)))
        changed = what_changed(kind.told(before) if before is not None else {}, kind.told(draft), kind.labels)
        said = f"The {kind.of(draft.channel)} {'is new' if before is None else 'changed'}. {changed}."
        write_log(session, store_id, _code(kind), said, now=now, made_by=who)
    log.info(f"{kind.name} changed", store_id=store_id, is_default=draft.channel is None)
    return True


def end_version(services: Services, store_id: int, kind: RuleKind, channel: str, *, who: str, once: FormToken | None) -> None:
    """Let a channel follow the default again from now on.

    Raises BadRequest when it has no rule of its own.
    """
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return
        newest = kind.newest(session, store_id, channel)
        if newest is None or newest.follows_default:
            raise BadRequest(f"This channel has no {kind.name} of its own.")
        kept = newest.model_dump(exclude={"id", "in_force_from", "created_by", "follows_default"})
        session.add(kind.row(**kept, in_force_from=now, created_by=who, follows_default=True))
        said = f"The {kind.of(channel)} ended: the channel follows the default again."
        write_log(session, store_id, _code(kind), said, now=now, made_by=who)
    log.info(f"{kind.name} of a channel ended", store_id=store_id)


def _code(kind: RuleKind) -> str:
    return f"{kind.name} changed".replace(" ", "_")
