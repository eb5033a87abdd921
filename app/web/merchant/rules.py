"""Rules: how orders earn, what a change of them would have meant, and every version there was."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request

from app.domain.earning import Award, Moment
from app.errors import BadRequest
from app.usecases.merchants.change_rule import Draft, RuleVersion, change_rule, end_rule, read_draft, rules_of_store
from app.usecases.merchants.form_tokens import new_token
from app.usecases.merchants.try_rule import channels_seen, try_rule
from app.usecases.services import Services
from app.web.merchant.authentication import MANAGE_APPS, Staff, require, staff_of
from app.web.merchant.fragments import at, form_once, form_text, fragment, notify
from app.web.merchant.words import number

AWARDS = (
    (Award.CLAIM.value, "By claim link"),
    (Award.INSTANT.value, "At once, to the balance"),
    (Award.AUTO.value, "At once for registered customers, else by link"),
)
MOMENTS = ((Moment.PAID.value, "When the order is paid in full"), (Moment.FULFILLED.value, "When the order is fulfilled"))


@dataclass(frozen=True, slots=True)
class ShownRule:
    """A rule on the page: the default, or a channel's own. `versions` are all there were, newest first."""

    channel: str | None
    versions: tuple[RuleVersion, ...]

    @property
    def newest(self) -> RuleVersion:
        return self.versions[0]


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the rules, their form, and the trial of a draft."""

    @routes.get("/pages/rules")
    def rules() -> Response:
        staff = _changer(services)
        return _list(services, staff)

    @routes.get("/pages/rules/edit")
    def edit() -> Response:
        staff = _changer(services)
        channel = request.args.get("channel", "").strip() or None
        shown = _shown(services, staff)
        standing = next((one for one in shown if one.channel == channel and not one.newest.follows_default), shown[0])
        typed = typed_of(standing.newest.says) | {"channel": channel or ""}
        return _form(services, staff, typed, is_new="new" in request.args)

    @routes.post("/pages/rules/try")
    def try_draft() -> Response:
        staff = _changer(services)
        draft, errors = read_draft(_typed())
        trial = try_rule(services, staff.store_id, draft) if draft is not None else None
        return fragment("rule_trial.html", staff, status=422 if errors else 200, trial=trial, errors=errors, labels=LABELS)

    @routes.post("/pages/rules/save")
    def save() -> Response:
        staff = _changer(services)
        typed = _typed()
        is_new = typed.get("is_new") == "yes"
        draft, errors = read_draft(typed)
        if is_new and not typed.get("channel", "").strip():
            errors["channel"] = "Choose the channel of this rule."
        if draft is None or errors:
            return _form(services, staff, typed, is_new=is_new, errors=errors)
        try:
            is_changed = change_rule(services, staff.store_id, draft, who=staff.email, once=form_once(staff))
        except BadRequest as refused:
            return _form(services, staff, typed, is_new=is_new, errors={"channel": refused.message})
        title = "Rule saved" if is_changed else "Nothing to save: this is the current rule"
        return notify(_list(services, staff), "success" if is_changed else "info", title)

    @routes.post("/pages/rules/end")
    def end() -> Response:
        staff = _changer(services)
        try:
            end_rule(services, staff.store_id, form_text("channel"), who=staff.email, once=form_once(staff))
        except BadRequest as refused:
            return _list(services, staff, status=422, sentence=refused.message)
        return notify(_list(services, staff), "success", "The channel uses the default rule")


LABELS = {
    "channel": "Channel",
    "points_per_unit": "Points per 1.00",
    "minimum_total": "Smallest order total",
    "maximum_points": "Most points for one order",
    "award": "How points are given",
    "award_when": "When",
    "hold_days": "Hold (days)",
    "expires_days": "Claims expire after (days)",
    "customer_type": "Customer type",
}


def typed_of(says: Draft) -> dict[str, str]:
    """Write what a version says as its form would hold it."""
    texts: dict[str, str] = {}
    for field in fields(Draft):
        value = getattr(says, field.name)
        texts[field.name] = ("yes" if value else "") if isinstance(value, bool) else "" if value is None else f"{value}"
    return texts


def summary(says: Draft) -> str:
    """Say in a line what a version says."""
    if not says.is_active:
        return "switched off: orders earn nothing"
    parts = [
        f"{number(says.points_per_unit)} per 1.00",
        "with tax" if says.include_tax else "without tax",
        "with shipping" if says.include_shipping else "without shipping",
        dict(AWARDS)[says.award].replace(",", "").lower(),
        dict(MOMENTS)[says.award_when].lower(),
    ]
    if says.hold_days:
        parts.append(f"held {number(says.hold_days)} days")
    if says.minimum_total:
        parts.append(f"from a total of {number(says.minimum_total)}")
    if says.maximum_points is not None:
        parts.append(f"at most {number(says.maximum_points)}")
    if says.award != Award.INSTANT:
        parts += _of_claims(says)
    return ", ".join(parts)


def _of_claims(says: Draft) -> Iterator[str]:
    yield "claims never expire" if says.expires_days is None else f"claims expire after {number(says.expires_days)} days"
    if not says.bind_email:
        yield "whoever has the link may take it"
    if says.customer_type:
        yield f"customer type {says.customer_type}"


def _changer(services: Services) -> Staff:
    staff = staff_of(services, request)
    require(staff, MANAGE_APPS)
    return staff


def _typed() -> dict[str, str]:
    return {name: value[:1024] for name, value in request.form.items()}


def _shown(services: Services, staff: Staff) -> list[ShownRule]:
    """Group the versions: the default first, then the channels by name."""
    rules = rules_of_store(services, staff.store_id)
    channels = sorted({rule.says.channel for rule in rules if rule.says.channel is not None})
    return [
        ShownRule(channel, tuple(rule for rule in reversed(rules) if rule.says.channel == channel))
        for channel in (None, *channels)
    ]


def _list(services: Services, staff: Staff, *, status: int = 200, sentence: str = "") -> Response:
    answer = fragment(
        "rules.html", staff, status=status, shown=_shown(services, staff), summary=summary, new_token=new_token, sentence=sentence
    )
    return at(answer, "rules") if request.method == "POST" else answer


def _form(
    services: Services, staff: Staff, typed: Mapping[str, Any], *, is_new: bool, errors: Mapping[str, str] | None = None
) -> Response:
    answer = fragment(
        "rule_form.html",
        staff,
        status=422 if errors else 200,
        typed=typed,
        errors=errors or {},
        is_new=is_new,
        awards=AWARDS,
        moments=MOMENTS,
        channels=channels_seen(services, staff.store_id) if is_new else [],
        labels=LABELS,
    )
    channel = typed.get("channel") or ""
    which = "?new=yes" if is_new else f"?channel={quote(channel)}" if channel else ""
    return at(answer, f"rules/edit{which}") if request.method == "POST" else answer
