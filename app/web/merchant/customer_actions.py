"""What staff start from a customer in the Dashboard: give points, to one or to many, and show, export or erase what is kept.

The Dashboard names customers by Saleor's ids. The pages name them by address, so their addresses say so from then on.
"""

import json
import re
from uuid import UUID

from flask import Blueprint, Response, request

from app.domain.bounds import POINTS_MAX
from app.domain.change_batches import Unusable, WantedChange
from app.domain.email import is_typed_well
from app.domain.store import AccountKind
from app.errors import BadRequest
from app.usecases.merchants.batches.make_batch import make_batch
from app.usecases.merchants.find_customers import customer_address, customer_addresses
from app.usecases.merchants.form_tokens import FormToken
from app.usecases.merchants.give_to_many import CUSTOMERS_AT_ONCE_MAX, GivenTo, give_to_many
from app.usecases.merchants.keep_customer import keep_customer
from app.usecases.merchants.see_changes import see_changes
from app.usecases.merchants.show_settings import show_settings
from app.usecases.operating.erase_customer import Erased, erase_customer
from app.usecases.operating.show_customer import export_customer, show_customer
from app.usecases.services import Services
from app.web.merchant import order_words
from app.web.merchant.authentication import MANAGE_ORDERS, MANAGE_USERS, Staff, require, staff_of
from app.web.merchant.batch_pages import batch_page
from app.web.merchant.customers import customer_page, page_about
from app.web.merchant.fragments import Tone, at, form_about, form_once, form_text, fragment, notify
from app.web.merchant.orders import signed_points
from app.web.merchant.places import from_segment
from app.web.merchant.words import number

_USER_ID = re.compile(r"[A-Za-z0-9+/=]{4,128}")


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the pages that the Dashboard's actions lead to."""
    _add_giving(routes, services)
    _add_erasing(routes, services)


def _add_giving(routes: Blueprint, services: Services) -> None:
    @routes.get("/pages/customers/give")
    def give_to_chosen() -> Response:
        staff = _allowed(services, MANAGE_ORDERS)
        chosen = _chosen()
        if len(chosen) == 1:
            return customer_page(services, staff, customer_address(services, staff.store_id, chosen[0]) or "", is_giving=True)
        emails = customer_addresses(services, staff.store_id, chosen)
        return _giving(staff, emails, missing=len(chosen) - len(emails))

    @routes.post("/pages/customers/chosen")
    def give_to_listed() -> Response:
        """Ask how many points those get who were chosen in the list."""
        return _giving(_allowed(services, MANAGE_ORDERS), _listed_emails())

    @routes.post("/pages/customers/give")
    def give_to_all() -> Response:
        staff = _allowed(services, MANAGE_ORDERS)
        emails = _listed_emails()
        try:
            once = form_once(staff)
            if request.form.get("as") == "batch":
                return _batch_for(services, staff, emails, once)
            outcomes = give_to_many(
                services,
                staff.store_slug,
                emails,
                points=signed_points(),
                reason=form_text("reason"),
                who=staff.email,
                once=once,
            )
        except BadRequest as refused:
            return _giving(staff, emails, sentence=refused.message)
        refusals = {one.refusal for one in outcomes}
        if len(refusals) == 1 and "" not in refusals:
            return _giving(staff, emails, sentence=refusals.pop())
        return notify(_giving(staff, emails, outcomes=outcomes), *_said(outcomes))

    @routes.get("/pages/customers/changes/<ids>")
    def what_became_of_changes(ids: str) -> Response:
        staff = _allowed(services, MANAGE_ORDERS)
        return fragment(
            "customers_changes.html", staff, changes=see_changes(services, staff.store_id, _uuids(ids)), words=order_words
        )

    @routes.get("/pages/customers/<segment>/give")
    def give_to_one(segment: str) -> Response:
        return customer_page(services, _allowed(services, MANAGE_ORDERS), from_segment(segment), is_giving=True)


def _said(outcomes: list[GivenTo]) -> tuple[Tone, str, str]:
    """Say what came of the changes: tone, title, and what else there is to say."""
    done = sum(1 for one in outcomes if one.points is not None and not one.refusal)
    under_way = sum(1 for one in outcomes if one.under_way is not None)
    waiting = sum(1 for one in outcomes if one.waits_for_approval)
    tone: Tone = "success" if done == len(outcomes) else "warning" if waiting else "info"
    texts = [
        f"Under way at the points provider: {number(under_way)}." if under_way else "",
        f"Above a limit of your shop, waiting for approval: {number(waiting)}." if waiting else "",
    ]
    return tone, f"{number(done)} of {number(len(outcomes))} customers changed", " ".join(filter(None, texts))


def _batch_for(services: Services, staff: Staff, emails: list[str], once: FormToken) -> Response:
    """Write a batch down for those who were chosen, and show what it would do."""
    points = signed_points()
    if not 0 < len(emails) <= CUSTOMERS_AT_ONCE_MAX:
        raise BadRequest(f"Choose from 1 to {CUSTOMERS_AT_ONCE_MAX} customers.")
    if not 0 < abs(points) <= POINTS_MAX:
        raise BadRequest(f"Points must be a whole number from 1 to {POINTS_MAX}, with a minus to take them.")
    wanted = [
        WantedChange(place, email, points) if is_typed_well(email) else Unusable(place, "This is no e-mail address.")
        for place, email in enumerate(emails, start=1)
    ]
    batch_id = make_batch(services, staff.store_slug, wanted, reason=form_text("reason"), who=staff.email, once=once)
    if batch_id is None:
        return notify(_giving(staff, emails), "info", "This form was sent before", "Batches has what came of it.")
    return at(batch_page(services, staff, batch_id), f"batches/{batch_id}")


def _listed_emails() -> list[str]:
    return list(dict.fromkeys(request.form.getlist("email")))


def _add_erasing(routes: Blueprint, services: Services) -> None:
    @routes.get("/pages/customers/erase")
    def erase_chosen() -> Response:
        staff = _allowed(services, MANAGE_USERS)
        chosen = _chosen()
        email = customer_address(services, staff.store_id, chosen[0]) if chosen else None
        return _kept(services, staff, email or "")

    @routes.get("/pages/customers/<segment>/erase")
    def show_kept(segment: str) -> Response:
        return _kept(services, _allowed(services, MANAGE_USERS), from_segment(segment))

    @routes.post("/pages/customers/<segment>/erase")
    def erase_for_good(segment: str) -> Response:
        staff, email = _allowed(services, MANAGE_USERS), from_segment(segment)
        try:
            form_about("email", email)
            erased = erase_customer(services, staff.store_slug, email, who=staff.email, once=form_once(staff))
        except BadRequest as refused:
            return _kept(services, staff, email, sentence=refused.message)
        return notify(_kept(services, staff, email, erased=erased), "success", "Customer erased")

    @routes.post("/pages/customers/<segment>/keep")
    def keep(segment: str) -> Response:
        staff, email = _allowed(services, MANAGE_USERS), from_segment(segment)
        try:
            form_about("email", email)
            keep_customer(services, staff.store_id, email, who=staff.email, once=form_once(staff))
        except BadRequest as refused:
            return notify(customer_page(services, staff, email), "warning", "Nothing was changed", refused.message)
        return notify(customer_page(services, staff, email), "success", "The customer is kept")

    @routes.get("/pages/customers/<segment>/export.json")
    def export_kept(segment: str) -> Response:
        staff = _allowed(services, MANAGE_USERS)
        kept = export_customer(services, staff.store_slug, from_segment(segment))
        answer = Response(json.dumps(kept, indent=2, ensure_ascii=False), mimetype="application/json")
        answer.headers["Content-Disposition"] = 'attachment; filename="customer.json"'
        return answer


def _allowed(services: Services, permission: str) -> Staff:
    staff = staff_of(services, request)
    require(staff, permission)
    return staff


def _chosen() -> list[str]:
    """Read whom the Dashboard names: `customerId=…`, or `customerIds[0]=…`, in some versions with commas.

    Raises BadRequest when somebody is no customer, or too many are chosen.
    """
    named = [value for name, value in request.args.items(multi=True) if re.fullmatch(r"customerIds?(\[\d*\])?", name)]
    chosen = list(dict.fromkeys(part for value in named for part in value.split(",") if part))
    if len(chosen) > CUSTOMERS_AT_ONCE_MAX:
        raise BadRequest(f"Choose at most {CUSTOMERS_AT_ONCE_MAX} customers at once.")
    if not all(_USER_ID.fullmatch(user_id) for user_id in chosen):
        raise BadRequest("The Dashboard did not name the customer.")
    return chosen


def _uuids(text: str) -> list[UUID]:
    """Read the ids of changes. Raises BadRequest where one is none, or there are too many."""
    ids = text.split(",")
    try:
        if len(ids) <= CUSTOMERS_AT_ONCE_MAX:
            return [UUID(hex=one) for one in ids]
    except ValueError:
        pass
    raise BadRequest("These are no changes.")


def _giving(
    staff: Staff, emails: list[str], *, outcomes: list[GivenTo] | None = None, sentence: str = "", missing: int = 0
) -> Response:
    return fragment(
        "customers_give.html",
        staff,
        status=422 if sentence else 200,
        emails=emails,
        outcomes=outcomes or [],
        sentence=sentence,
        missing=missing,
        typed=request.form,
    )


def _kept(services: Services, staff: Staff, email: str, *, sentence: str = "", erased: Erased | None = None) -> Response:
    try:
        kept = show_customer(services, staff.store_slug, email) if email else None
    except BadRequest:
        kept = None
    at_coggins = show_settings(services, staff.store_id).account.kind is AccountKind.COGGINS
    return page_about(
        staff, "customer_erase.html", email, "erase", sentence=sentence, kept=kept, erased=erased, at_coggins=at_coggins
    )
