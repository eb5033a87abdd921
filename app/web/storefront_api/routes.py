"""The routes of the storefront API."""

from flask import Blueprint, Response, jsonify, request

from app.domain.catalogue import SalesChannel
from app.errors import BadRequest
from app.usecases.merchants.list_channels import list_channels
from app.usecases.services import Services
from app.usecases.shoppers.show_wallet import Wallet, show_wallet
from app.web.limiting import RequestLimiter
from app.web.storefront_api.access import Access, guarded_answer, preflight

PREFIX = "/api/storefront/v1"


def blueprint(services: Services, *, per_address: RequestLimiter, per_customer: RequestLimiter) -> Blueprint:
    """Routes of the storefront API."""
    routes = Blueprint("storefront_api", __name__, url_prefix=PREFIX)
    access = Access(services, per_address=per_address, per_customer=per_customer)

    @routes.route("/<store>/<path:_anything>", methods=["OPTIONS"])
    def may_ask(store: str, _anything: str) -> Response:
        access.storefront(store)
        return preflight(Response(status=204))

    @routes.get("/<store>/me", provide_automatic_options=False)
    def me(store: str) -> Response:
        shopper = access.shopper(store)
        return jsonify(_wallet(show_wallet(services, shopper, channel=_channel(services, shopper.store_id))))

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


def _wallet(wallet: Wallet) -> dict[str, object]:
    worth = wallet.worth
    return {
        "points": wallet.balance.available,
        "used": wallet.balance.used,
        "owed": wallet.owed,
        "claimable": wallet.claimable,
        "pending": wallet.pending,
        "worth": None
        if worth is None
        else {"amount": f"{worth.amount:f}", "currency": worth.channel.currency, "channel": worth.channel.slug},
        # Points do not run out yet.
        "nextToRunOut": None,
    }
