"""The form of a reward: its preview, the copy of a voucher, and what saves it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, request

from app.domain.rewards import RewardKind, RewardTerms
from app.errors import BadRequest, Unavailable
from app.usecases.merchants.change_reward import FEATURE_OF, add_reward, change_reward
from app.usecases.merchants.list_channels import list_channels
from app.usecases.merchants.reward_fields import AMOUNT, CHANNEL, read_reward_draft, reward_draft_as_typed
from app.usecases.merchants.see_permissions import see_permissions
from app.usecases.merchants.shown_rewards import see_reward
from app.usecases.merchants.vouchers_to_choose import VoucherList, copy_voucher, list_vouchers
from app.usecases.services import Services
from app.web.merchant.authentication import Staff
from app.web.merchant.fragments import at, form_about, form_once, fragment, notify
from app.web.merchant.reward_pages import HOME, known_id, reward_changer, show_reward, show_rewards
from app.web.merchant.reward_words import KIND_WORDS, VOUCHER_KINDS, words_of_limits, words_of_reward


@dataclass(frozen=True, slots=True)
class RewardSubject:
    """Which reward a form is about. `terms` are None for one that is still to be made."""

    kind: RewardKind
    terms: RewardTerms | None

    @property
    def place(self) -> str:
        """Give the path below which the form is posted."""
        return f"{HOME}/new/{self.kind}" if self.terms is None else f"{HOME}/{self.terms.reward_id}"

    @property
    def name(self) -> str:
        """Give what the form says it is about."""
        return f"{self.kind}" if self.terms is None else f"{self.terms.reward_id}"


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the form of a new reward and of one that is there, its preview, and what saves it."""

    @routes.get(f"/pages/{HOME}/new/<kind>")
    @routes.get(f"/pages/{HOME}/<int:reward_id>/edit")
    def edit_reward(reward_id: int = 0, kind: str = "") -> Response:
        staff = reward_changer(services)
        subject = _subject(services, staff, reward_id, kind)
        if subject is None:
            return show_rewards(services, staff, sentence="This store has no such reward.")
        terms = subject.terms or RewardTerms(0, 0, subject.kind, "")
        return _form(services, staff, subject, reward_draft_as_typed(terms, time_zone=staff.time_zone))

    @routes.post(f"/pages/{HOME}/new/<kind>/<any(save, preview, copy):what>")
    @routes.post(f"/pages/{HOME}/<int:reward_id>/<any(save, preview, copy):what>")
    def act_on_reward(what: str, reward_id: int = 0, kind: str = "") -> Response:
        staff = reward_changer(services)
        subject = _subject(services, staff, reward_id, kind)
        if subject is None:
            return show_rewards(services, staff, sentence="This store has no such reward.")
        form_about("reward", subject.name)
        typed = {name[:128]: value[:1024] for name, value in request.form.items()}
        if what == "copy":
            return _copy(services, staff, subject, typed)
        terms, errors = read_reward_draft(typed, subject.kind, time_zone=staff.time_zone)
        if what == "preview":
            status = 422 if errors else 200
            said = {"terms": terms, "errors": errors, "words": words_of_reward, "limits": words_of_limits, "kinds": KIND_WORDS}
            return fragment("reward_preview.html", staff, status=status, **said)
        if terms is None:
            return _form(services, staff, subject, typed, errors=errors)
        return _save(services, staff, subject, terms, typed)


def _subject(services: Services, staff: Staff, reward_id: int, kind: str) -> RewardSubject | None:
    if kind:
        if kind not in set(RewardKind):
            abort(404, "Saleor Points does not have this page.")
        return RewardSubject(RewardKind(kind), None)
    try:
        listed = see_reward(services, staff.store_id, known_id(reward_id))
    except BadRequest:
        return None
    return RewardSubject(listed.terms.kind, listed.terms)


def _save(services: Services, staff: Staff, subject: RewardSubject, terms: RewardTerms, typed: Mapping[str, str]) -> Response:
    once = form_once(staff)
    try:
        if subject.terms is None:
            reward_id = add_reward(services, staff.store_id, terms, who=staff.email, once=once)
            is_changed = True
        else:
            reward_id = subject.terms.reward_id
            is_changed = change_reward(services, staff.store_id, reward_id, terms, who=staff.email, once=once)
    except (BadRequest, Unavailable) as refused:
        return _form(services, staff, subject, typed, errors={"reward": refused.message})
    page = show_reward(services, staff, reward_id) if reward_id else show_rewards(services, staff)
    return notify(page, "success", "Reward saved" if is_changed else "Nothing to save: this is the current reward")


def _copy(services: Services, staff: Staff, subject: RewardSubject, typed: dict[str, str]) -> Response:
    try:
        copy = copy_voucher(services, staff.store_id, typed.get("voucher_id", ""), once=form_once(staff))
    except (BadRequest, Unavailable) as refused:
        return _form(services, staff, subject, typed, errors={"reward": refused.message})
    page = _form(services, staff, subject, typed | {"voucher_id": copy.id})
    return notify(page, "success", "Copy made", f"{copy.name} is chosen now. Each of its codes is good once.")


def _form(
    services: Services, staff: Staff, subject: RewardSubject, typed: Mapping[str, Any], *, errors: Mapping[str, str] | None = None
) -> Response:
    channels = list_channels(services, staff.store_id)
    seen = see_permissions(services, staff.store_id, wanted=FEATURE_OF[subject.kind])
    missing = () if seen.trouble else seen.missing_for(FEATURE_OF[subject.kind])
    vouchers = list_vouchers(services, staff.store_id) if subject.kind is RewardKind.VOUCHER else VoucherList()
    currencies = {name.removeprefix(AMOUNT) for name in typed if name.startswith(AMOUNT)}
    slugs = {name.removeprefix(CHANNEL) for name in typed if name.startswith(CHANNEL)}
    chosen = next((one for one in vouchers.vouchers if one.id == typed.get("voucher_id")), None)
    answer = fragment(
        "reward_form.html",
        staff,
        status=422 if errors else 200,
        subject=subject,
        typed=typed,
        errors=errors or {},
        kind=KIND_WORDS[subject.kind],
        is_voucher=subject.kind is RewardKind.VOUCHER,
        currencies=sorted(currencies | {one.currency for one in channels.channels}),
        channels=sorted(slugs | {one.slug for one in channels.channels}),
        trouble=channels.trouble or seen.trouble or vouchers.trouble,
        missing=missing,
        lacked=tuple(permission for permission in missing if permission not in staff.user_permissions),
        vouchers=_choices(vouchers, typed.get("voucher_id", ""), subject.terms),
        is_many_use=chosen is not None and not chosen.is_single_use,
        back=HOME if subject.terms is None else subject.place,
    )
    return at(answer, f"{subject.place}" if subject.terms is None else f"{subject.place}/edit")


def _choices(listed: VoucherList, chosen: str, terms: RewardTerms | None) -> list[tuple[str, str]]:
    """Give the vouchers of the form's list. The one that is chosen is among them also where Saleor does not list it."""
    choices = [
        (one.id, f"{one.name} ({VOUCHER_KINDS.get(one.kind, one.kind)}{'' if one.is_single_use else ', not single use'})")
        for one in listed.vouchers
    ]
    if chosen and chosen not in {value for value, _ in choices}:
        choices.append((chosen, terms.voucher_name if terms is not None and terms.voucher_id == chosen else "the chosen voucher"))
    return [("", "Choose a voucher"), *choices]
