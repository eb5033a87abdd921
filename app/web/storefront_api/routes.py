"""The routes of the storefront API."""

from pathlib import Path
from uuid import UUID

from flask import Blueprint, Response, abort, jsonify, request

from app.domain.catalogue import SalesChannel
from app.errors import BadRequest
from app.usecases.merchants.list_channels import list_channels
from app.usecases.services import Services
from app.usecases.shoppers.show_history import PAGE_MAX, show_history
from app.usecases.shoppers.show_wallet import show_wallet
from app.usecases.shoppers.take_own_claim import list_own_claims, take_own_claim
from app.usecases.spending.take_points_off import take_points_off
from app.web import api_description
from app.web.limiting import RequestLimiter
from app.web.storefront_api import earning_calls, shopper_rewards
from app.web.storefront_api import storefront_answers as answers
from app.web.storefront_api.access import Access, echo_key, guarded_answer, preflight
from app.web.storefront_api.arguments import page_start, size_of_page
from app.web.storefront_api.problems import answer_problems

PREFIX = "/api/storefront/v1"
DOCUMENT = Path(__file__).with_name("openapi.json")


def blueprint(services: Services, *, per_address: RequestLimiter, per_customer: RequestLimiter) -> Blueprint:
    """Routes of the storefront API."""
    routes = Blueprint("storefront_api", __name__, url_prefix=PREFIX)
    access = Access(services, per_address=per_address, per_customer=per_customer)

    @routes.route("/<store>/<path:_anything>", methods=["OPTIONS"])
    def may_ask(store: str, _anything: str) -> Response:
        access.storefront(store)
        return preflight(Response(status=204))

    @routes.route("/<store>/<path:_anything>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], provide_automatic_options=False)
    def unknown(store: str, _anything: str) -> Response:
        # Answered here, so that the store's pages can read that there is no such call.
        access.storefront(store)
        abort(404, "The storefront API has no such call.")

    @routes.get("/<store>/me", provide_automatic_options=False)
    def me(store: str) -> Response:
        shopper = access.shopper(store)
        return jsonify(answers.wallet_answer(show_wallet(services, shopper, channel=_channel(services, shopper.store_id))))

    @routes.get("/<store>/me/history", provide_automatic_options=False)
    def history(store: str) -> Response:
        shopper = access.shopper(store)
        page = show_history(services, shopper, size=size_of_page(PAGE_MAX), before=page_start())
        return jsonify(answers.history_answer(page))

    @routes.get("/<store>/me/claims", provide_automatic_options=False)
    def claims(store: str) -> Response:
        return jsonify(claims=[answers.claim_answer(claim) for claim in list_own_claims(services, access.shopper(store))])

    @routes.post("/<store>/me/claims/<uuid:claim_id>/take", provide_automatic_options=False)
    def take(store: str, claim_id: UUID) -> Response:
        points = take_own_claim(services, access.shopper(store), claim_id)
        return echo_key(jsonify(id=claim_id, points=points, state="taken"))

    @routes.delete("/<store>/checkouts/<checkout_id>/points", provide_automatic_options=False)
    def take_off(store: str, checkout_id: str) -> Response:
        points = take_points_off(services, access.shopper(store), checkout_id)
        answer = jsonify(points=points, state="returning")
        # The worker tells Saleor, and then the customer has the points.
        answer.status_code = 202
        return echo_key(answer)

    earning_calls.add_routes(routes, services, access)
    shopper_rewards.add_routes(routes, services, access)
    api_description.add_routes(routes, DOCUMENT, title="Storefront API")
    answer_problems(routes)
    routes.after_request(guarded_answer)
    return routes


def _channel(services: Services, store_id: int) -> SalesChannel | None:
    """Read the channel that is asked about; None where none is, or Saleor does not tell its channels now."""
    slug = request.args.get("channel")
    if slug is None:
        return None
    listed = list_channels(services, store_id)
    found = next((channel for channel in listed.channels if channel.slug == slug), None)
    if found is None and not listed.trouble:
        raise BadRequest("Saleor has no channel of this name.")
    return found
