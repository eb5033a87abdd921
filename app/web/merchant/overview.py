"""The overview: is it working, what did it do, and what needs the merchant."""

from datetime import timedelta

from flask import Blueprint, Response, abort, request

from app.domain.period import Period
from app.settings import Settings
from app.usecases.merchants.ask_provider import ask_provider
from app.usecases.merchants.check_off import ChecklistStep, check_off
from app.usecases.merchants.form_tokens import new_token
from app.usecases.merchants.see_overview import COUNTED_MAX, by_month, is_late, see_overview
from app.usecases.services import Services
from app.web.merchant import words
from app.web.merchant.advice import advice_for, payment_advice_for, redemption_advice_for
from app.web.merchant.approvals import approvals_page
from app.web.merchant.authentication import MANAGE_APPS, MANAGE_ORDERS, Staff, order_manager, require, staff_of
from app.web.merchant.charts import points_chart
from app.web.merchant.fragments import at, form_once, fragment, notify

PERIODS = {
    Period.DAYS_7: "Last 7 days",
    Period.DAYS_30: "Last 30 days",
    Period.DAYS_90: "Last 90 days",
    Period.MONTHS_12: "Last 12 months",
}


def add_routes(routes: Blueprint, services: Services, settings: Settings) -> None:
    """Serve the overview, what its provider answers now, and its checklist."""
    sweeps_every = timedelta(seconds=settings.sweep_seconds)

    @routes.get("/pages/overview")
    def overview() -> Response:
        staff = staff_of(services, request)
        # Whoever manages the app and no orders begins with what waits for them.
        if MANAGE_APPS in staff.user_permissions and MANAGE_ORDERS not in staff.user_permissions:
            require(staff, MANAGE_APPS)
            return approvals_page(services, staff)
        require(staff, MANAGE_ORDERS)
        return _page(services, staff, sweeps_every, _period(request.args.get("period", "")))

    @routes.get("/pages/overview/provider")
    def provider_now() -> Response:
        staff = order_manager(services, request)
        return fragment("provider.html", staff, provider=ask_provider(services, staff.store_id))

    @routes.post("/pages/overview/checklist/<step>")
    def checklist(step: str) -> Response:
        staff = order_manager(services, request)
        if step not in set(ChecklistStep):
            abort(404, "The checklist does not have this step.")
        if step == ChecklistStep.LIMITS:
            require(staff, MANAGE_APPS)
        check_off(services, ChecklistStep(step), form_once(staff))
        return at(notify(_page(services, staff, sweeps_every), "success", "Done"), "overview")


def _page(services: Services, staff: Staff, sweeps_every: timedelta, period: Period = Period.DAYS_30) -> Response:
    view = see_overview(services, staff.store_id, period=period)
    is_by_month = period is Period.MONTHS_12
    parts = by_month(view.days) if is_by_month else view.days
    return fragment(
        "overview.html",
        staff,
        view=view,
        parts=parts,
        is_by_month=is_by_month,
        period=period,
        periods=[(one.value, name) for one, name in PERIODS.items()],
        period_name=PERIODS[period],
        chart=points_chart(parts, locale=words.locale_name(), is_by_month=is_by_month),
        advice=advice_for,
        payment_advice=payment_advice_for,
        redemption_advice=redemption_advice_for,
        counted_max=COUNTED_MAX,
        is_late=is_late(view, services.clock(), sweeps_every),
        sweeps=bool(sweeps_every),
        tokens={step.value: new_token() for step in ChecklistStep},
    )


def _period(text: str) -> Period:
    return Period(text) if text in set(Period) else Period.DAYS_30
