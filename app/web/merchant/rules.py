"""Rules: how orders earn, what a change of them would have meant, and every version there was."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from flask import Blueprint, Response, request

from app.domain.earning import Award, Moment
from app.errors import BadRequest, Unavailable
from app.usecases.merchants.change_rule import Draft, RuleVersion, change_rule, end_rule, read_draft, rules_of_store
from app.usecases.merchants.form_tokens import new_token
from app.usecases.merchants.list_channels import list_channels
from app.usecases.merchants.try_rule import try_rule
from app.usecases.services import Services
from app.web.merchant.authentication import MANAGE_APPS, Staff, require, staff_of
from app.web.merchant.fragments import at, form_about, form_once, fragment, notify
from app.web.merchant.places import from_segment
from app.web.merchant.rule_subjects import RuleSubject, form_about_rule, subject_at
from app.web.merchant.words import channel_choices, number

HOME = "rules"
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

    @routes.get("/pages/rules/<path:place>")
    def edit(place: str) -> Response:
        staff, subject = _changer(services), subject_at(HOME, place)
        shown = _shown(services, staff)
        standing = next((one for one in shown if one.channel == subject.channel and not one.newest.follows_default), shown[0])
        return _form(services, staff, subject, typed_of(standing.newest.says) | {"channel": subject.channel or ""})

    @routes.post("/pages/rules/<path:place>/try")
    def try_draft(place: str) -> Response:
        staff = _changer(services)
        form_about_rule(subject_at(HOME, place))
        draft, errors = read_draft(_typed())
        trial = try_rule(services, staff.store_id, draft) if draft is not None else None
        return fragment("rule_trial.html", staff, status=422 if errors else 200, trial=trial, errors=errors, labels=LABELS)

    @routes.post("/pages/rules/<path:place>/save")
    def save(place: str) -> Response:
        staff, subject = _changer(services), subject_at(HOME, place)
        form_about_rule(subject)
        typed = _typed()
        draft, errors = read_draft(typed)
        if subject.is_new and not typed.get("channel", "").strip():
            errors["channel"] = "Choose the channel of this rule."
        if draft is None or errors:
            return _form(services, staff, subject, typed, errors=errors)
        try:
            is_changed = change_rule(services, staff.store_id, draft, who=staff.email, once=form_once(staff))
        except (BadRequest, Unavailable) as refused:
            return _form(services, staff, subject, typed, errors={"channel": refused.message})
        title = "Rule saved" if is_changed else "Nothing to save: this is the current rule"
        return notify(_list(services, staff), "success" if is_changed else "info", title)

    @routes.post("/pages/rules/channel/<segment>/end")
    def end(segment: str) -> Response:
        staff, channel = _changer(services), from_segment(segment)
        try:
            form_about("channel", channel)
            end_rule(services, staff.store_id, channel, who=staff.email, once=form_once(staff))
        except BadRequest as refused:
            return _list(services, staff, status=422, sentence=refused.message)
        return notify(_list(services, staff), "success", "The channel uses the default rule")


LABELS = {
    "channel": "Channel",
    "points_per_unit": "Points per 1.00",
    "minimum_total": "Smallest order value",
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
    if says.exclude_gift_cards:
        parts.append("nothing for what gift cards pay")
    if says.count_returned:
        parts.append("returned goods count as refunded")
    if says.points_earn:
        parts.append("what points pay earns, too")
    if says.hold_days:
        parts.append(f"held {number(says.hold_days)} days")
    if says.minimum_total:
        parts.append(f"from a value of {number(says.minimum_total)}")
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
    services: Services, staff: Staff, subject: RuleSubject, typed: Mapping[str, Any], *, errors: Mapping[str, str] | None = None
) -> Response:
    listed = list_channels(services, staff.store_id) if subject.is_new else None
    answer = fragment(
        "rule_form.html",
        staff,
        status=422 if errors else 200,
        here=subject.place,
        typed=typed,
        errors=errors or {},
        is_new=subject.is_new,
        awards=AWARDS,
        moments=MOMENTS,
        channels=channel_choices(listed),
        trouble=listed.trouble if listed is not None else "",
        labels=LABELS,
    )
    return at(answer, subject.place)
