"""The form of a spend rule, and the trial of what is typed into it."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from app.errors import BadRequest, Unavailable
from app.usecases.merchants.change_spend_rule import SpendDraft, read_spend_draft, spend_draft_as_typed
from app.usecases.merchants.change_spending import change_spending
from app.usecases.merchants.list_channels import list_channels
from app.usecases.merchants.try_spend_rule import try_spend_rule
from app.usecases.services import Services
from app.web.merchant.authentication import Staff
from app.web.merchant.fragments import at, form_once, fragment
from app.web.merchant.rule_subjects import RuleSubject, form_about_rule, subject_at
from app.web.merchant.settings.page import changer
from app.web.merchant.settings.spending import HOME, show_spending_saved, shown_spend_rules
from app.web.merchant.spend_words import LABELS
from app.web.merchant.words import channel_choices


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the form of a rule, its trial, and what saves it."""

    @routes.get(f"/pages/{HOME}/<path:place>")
    def edit_spending(place: str) -> Response:
        staff, subject = changer(services), subject_at(HOME, place)
        shown = shown_spend_rules(services, staff)
        standing = next((one for one in shown if one.channel == subject.channel and not one.newest.follows_default), None)
        default = next((one for one in shown if one.channel is None), None)
        known = standing or default
        says = known.newest.says if known is not None else SpendDraft(is_active=True)
        return _form(services, staff, subject, spend_draft_as_typed(says) | {"channel": subject.channel or ""})

    @routes.post(f"/pages/{HOME}/<path:place>/try")
    def try_spending(place: str) -> Response:
        staff = changer(services)
        form_about_rule(subject_at(HOME, place))
        draft, errors = read_spend_draft(_typed())
        trial = try_spend_rule(services, staff.store_id, draft) if draft is not None else None
        return fragment("spend_trial.html", staff, status=422 if errors else 200, trial=trial, errors=errors, labels=LABELS)

    @routes.post(f"/pages/{HOME}/<path:place>/save")
    def save_spending(place: str) -> Response:
        staff, subject = changer(services), subject_at(HOME, place)
        form_about_rule(subject)
        typed = _typed()
        draft, errors = read_spend_draft(typed)
        if subject.is_new and not typed.get("channel", "").strip():
            errors["channel"] = "Choose the channel of this rule."
        if draft is None or errors:
            return _form(services, staff, subject, typed, errors=errors)
        try:
            is_changed, trouble = change_spending(
                services, staff.store_id, staff.store_slug, draft, who=staff.email, once=form_once(staff)
            )
        except (BadRequest, Unavailable) as refused:
            return _form(services, staff, subject, typed, errors={"rule": refused.message})
        title = "Spend rule saved" if is_changed else "Nothing to save: this is the current rule"
        return show_spending_saved(services, staff, title, trouble)


def _typed() -> dict[str, str]:
    return {name: value[:1024] for name, value in request.form.items()}


def _form(
    services: Services, staff: Staff, subject: RuleSubject, typed: Mapping[str, Any], *, errors: Mapping[str, str] | None = None
) -> Response:
    listed = list_channels(services, staff.store_id) if subject.is_new else None
    answer = fragment(
        "spend_rule_form.html",
        staff,
        status=422 if errors else 200,
        here=subject.place,
        typed=typed,
        errors=errors or {},
        is_new=subject.is_new,
        channels=channel_choices(listed),
        trouble=listed.trouble if listed is not None else "",
        labels=LABELS,
    )
    return at(answer, subject.place)
