"""Show and change by command how points pay in a store."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.errors import BadRequest
from app.usecases.merchants.change_spend_rule import (
    SpendDraft,
    SpendRuleVersion,
    read_spend_draft,
    spend_draft_as_typed,
    spend_rules_of_store,
)
from app.usecases.merchants.change_spending import change_spending
from app.usecases.operating.show_customer import find_named_store
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class SetSpending:
    """What came of it: whether the rule changed, and why Saleor did not change the webhooks, where it did not."""

    is_changed: bool
    trouble: str


def show_spending(services: Services, slug: str) -> list[SpendRuleVersion]:
    """Give the newest version of each spend rule that has not ended: the default first, then the channels by name.

    Raises BadRequest when there is no such store.
    """
    newest = {version.says.channel: version for version in spend_rules_of_store(services, _store_id(services, slug))}
    standing = [version for version in newest.values() if not version.follows_default]
    return sorted(standing, key=lambda version: version.says.channel or "")


def set_spending(services: Services, slug: str, channel: str | None, typed: Mapping[str, str], *, who: str) -> SetSpending:
    """Change a spend rule; `typed` holds the fields of its form that are to change. A channel's first rule begins as the default.

    Raises BadRequest with a sentence for what will not do, and as `change_spending` does.
    """
    standing = {version.says.channel: version.says for version in show_spending(services, slug)}
    before = standing.get(channel) or standing.get(None)
    if before is None and "points_per_unit" not in typed:
        raise BadRequest("Say first how many points pay 1.00: saleor-points spending set --store … --points-per-unit N")
    fields = spend_draft_as_typed(before or SpendDraft()) | {"channel": channel or ""} | dict(typed)
    draft, errors = read_spend_draft(fields)
    if draft is None:
        raise BadRequest(" ".join(f"{name}: {sentence}" for name, sentence in errors.items()))
    is_changed, trouble = change_spending(services, _store_id(services, slug), slug, draft, who=who)
    return SetSpending(is_changed, trouble)


def _store_id(services: Services, slug: str) -> int:
    with services.database.reading() as session:
        return find_named_store(session, slug).id or 0
