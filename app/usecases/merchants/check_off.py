"""Check off a step of the first day that the app cannot see by itself."""

from enum import StrEnum

from sqlalchemy import update
from sqlmodel import col

from app.db.form_tokens import FormToken, is_first
from app.db.logbook import write_log
from app.db.tables import StoreRow
from app.usecases.services import Services


class ChecklistStep(StrEnum):
    """RULE: the rule is as it should be. LINK: the order's mails hold the order link. LIMITS: staff need no other limits."""

    RULE = "rule"
    LINK = "link"
    LIMITS = "limits"


_COLUMNS = {
    ChecklistStep.RULE: col(StoreRow.rule_checked_at),
    ChecklistStep.LINK: col(StoreRow.link_checked_at),
    ChecklistStep.LIMITS: col(StoreRow.limits_checked_at),
}
_SAID = {
    ChecklistStep.RULE: "The rule was looked at, and is as it should be.",
    ChecklistStep.LINK: "The order's mails hold the link to the points.",
    ChecklistStep.LIMITS: "The limits of what staff change were looked at, and are as they should be.",
}


def check_off(services: Services, step: ChecklistStep, once: FormToken) -> None:
    """Remember that a staff user has seen to it."""
    now = services.clock()
    with services.database.writing() as session:
        if not is_first(session, once, now):
            return
        session.execute(update(StoreRow).where(col(StoreRow.id) == once.store_id).values({_COLUMNS[step]: now}))
        write_log(session, once.store_id, "checklist", _SAID[step], now=now, made_by=once.made_by)
