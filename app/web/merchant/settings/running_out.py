"""Points that run out: the policy, what it would do, and the versions before."""

from collections.abc import Mapping

from babel.dates import get_month_names
from flask import Blueprint, Response, request

from app.domain.expiry_policy import NEVER, PolicyKind
from app.domain.store import AccountKind
from app.errors import BadRequest
from app.usecases.merchants.change_expiry import change_expiry, expiry_of, policy_as_typed, read_policy, say_policy
from app.usecases.merchants.forecast_expiry import forecast_expiry
from app.usecases.merchants.form_tokens import new_token
from app.usecases.merchants.show_settings import show_settings
from app.usecases.services import Services
from app.web.merchant.authentication import Staff
from app.web.merchant.charts import months_chart
from app.web.merchant.fragments import at, form_once, fragment, notify
from app.web.merchant.settings.page import changer
from app.web.merchant.words import locale_name

HOME = "settings/running-out"
KINDS = (
    (PolicyKind.NEVER.value, "Never"),
    (PolicyKind.ROLLING.value, "Some months after they came"),
    (PolicyKind.CALENDAR.value, "On a day each year"),
    (PolicyKind.INACTIVE.value, "Some months after the customer was last active"),
)


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the page, what a policy would do, and what saves it."""

    @routes.get(f"/pages/{HOME}")
    def running_out() -> Response:
        return _page(services, changer(services))

    @routes.post(f"/pages/{HOME}/forecast")
    def forecast_policy() -> Response:
        staff = changer(services)
        policy, errors = read_policy(_typed())
        shown = forecast_expiry(services, staff.store_id, policy) if policy is not None else None
        return fragment(
            "running_out_forecast.html",
            staff,
            status=422 if errors else 200,
            errors=errors,
            forecast=shown,
            sentence=say_policy(policy) if policy is not None else "",
            chart=months_chart(shown.months, locale=locale_name()) if shown is not None else None,
        )

    @routes.post(f"/pages/{HOME}/save")
    def save_policy() -> Response:
        staff, typed = changer(services), _typed()
        policy, errors = read_policy(typed)
        if policy is None:
            return _page(services, staff, typed=typed, errors=errors)
        try:
            is_changed = change_expiry(services, staff.store_id, policy, who=staff.email, once=form_once(staff))
        except BadRequest as refused:
            return _page(services, staff, typed=typed, errors={"kind": refused.message})
        return notify(_page(services, staff), "success", "Policy saved" if is_changed else "Nothing to save: this is the policy")


def _typed() -> dict[str, str]:
    return {name: value[:64] for name, value in request.form.items()}


def _page(
    services: Services, staff: Staff, *, typed: Mapping[str, str] | None = None, errors: Mapping[str, str] | None = None
) -> Response:
    versions = expiry_of(services, staff.store_id)
    says = versions[-1].says if versions else NEVER
    shown = show_settings(services, staff.store_id)
    months = get_month_names("wide", locale="en")
    answer = fragment(
        "running_out.html",
        staff,
        status=422 if errors else 200,
        typed=policy_as_typed(says) | dict(typed or {}),
        errors=errors or {},
        versions=versions[::-1],
        sentence=say_policy(says),
        say=say_policy,
        is_embedded=shown.account.kind is AccountKind.EMBEDDED,
        time_zone=shown.time_zone,
        kinds=KINDS,
        month_names=[("", ""), *((f"{number}", months[number]) for number in range(1, 13))],
        new_token=new_token,
    )
    return at(answer, HOME) if request.method == "POST" else answer
