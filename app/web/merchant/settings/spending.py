"""Paying with points: whether it is on, the permission that it needs, and the spend rules of the channels."""

from dataclasses import dataclass

from flask import Blueprint, Response, request

from app.domain.permissions import Feature
from app.errors import BadRequest
from app.usecases.merchants.change_spend_rule import SpendRuleVersion, spend_rules_of_store
from app.usecases.merchants.change_spending import follow_default_spending
from app.usecases.merchants.form_tokens import new_token
from app.usecases.merchants.see_permissions import see_permissions
from app.usecases.services import Services
from app.web.merchant.authentication import Staff
from app.web.merchant.fragments import at, form_about, form_once, fragment, notify
from app.web.merchant.places import from_segment
from app.web.merchant.settings.page import changer
from app.web.merchant.spend_words import words_of_spend_rule

HOME = "settings/spending"


@dataclass(frozen=True, slots=True)
class ShownSpendRule:
    """A spend rule on the page: the default, or a channel's own. `versions` are all there were, newest first."""

    channel: str | None
    versions: tuple[SpendRuleVersion, ...]

    @property
    def newest(self) -> SpendRuleVersion:
        return self.versions[0]


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the page, its permission, and the end of a channel's rule."""

    @routes.get(f"/pages/{HOME}")
    def spending() -> Response:
        return _list(services, changer(services))

    @routes.get(f"/pages/{HOME}/permission")
    def spending_permission() -> Response:
        staff = changer(services)
        seen = see_permissions(services, staff.store_id)
        missing = seen.missing_for(Feature.SPENDING)
        lacked = tuple(permission for permission in missing if permission not in staff.user_permissions)
        return fragment("spending_permission.html", staff, trouble=seen.trouble, missing=missing, lacked=lacked)

    @routes.post(f"/pages/{HOME}/channel/<segment>/end")
    def end_spending(segment: str) -> Response:
        staff, channel = changer(services), from_segment(segment)
        try:
            form_about("channel", channel)
            trouble = follow_default_spending(
                services, staff.store_id, staff.store_slug, channel, who=staff.email, once=form_once(staff)
            )
        except BadRequest as refused:
            return _list(services, staff, status=422, sentence=refused.message)
        return show_spending_saved(services, staff, "The channel uses the default rule", trouble)


def show_spending_saved(services: Services, staff: Staff, title: str, trouble: str) -> Response:
    """Show the page after a rule was saved, and say so; `trouble` is why Saleor did not change the webhooks."""
    page = _list(services, staff)
    if trouble:
        return notify(page, "warning", "Saved, but Saleor did not change the webhooks", trouble)
    return notify(page, "success", title)


def shown_spend_rules(services: Services, staff: Staff) -> list[ShownSpendRule]:
    """Group the versions: the default first, then the channels by name. What has no version is not shown."""
    rules = spend_rules_of_store(services, staff.store_id)
    channels = sorted({rule.says.channel for rule in rules if rule.says.channel is not None})
    grouped = [
        ShownSpendRule(channel, tuple(rule for rule in reversed(rules) if rule.says.channel == channel))
        for channel in (None, *channels)
    ]
    return [one for one in grouped if one.versions]


def _list(services: Services, staff: Staff, *, status: int = 200, sentence: str = "") -> Response:
    shown = shown_spend_rules(services, staff)
    answer = fragment(
        "spending.html",
        staff,
        status=status,
        shown=shown,
        has_default=any(one.channel is None for one in shown),
        is_on=any(one.newest.says.is_active and not one.newest.follows_default for one in shown),
        words=words_of_spend_rule,
        new_token=new_token,
        sentence=sentence,
    )
    return at(answer, HOME) if request.method == "POST" else answer
