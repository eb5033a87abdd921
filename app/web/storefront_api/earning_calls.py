"""What a checkout, or a list of variants, earns. Nobody needs to be signed in: no person is in the question or the answer."""

from flask import Blueprint, Response, jsonify, request

from app.errors import BadRequest
from app.saleor.basket_reads import is_checkout_id, is_variant_id
from app.usecases.services import Services
from app.usecases.shoppers.show_earnings import Earnings, checkout_earnings, variant_earnings
from app.web.storefront_api.access import Access

VARIANTS_MAX = 50
PIECES_MAX = 10_000
# A product's price may be older than this by as much again: it is remembered here, too.
KEPT_SECONDS = 60
_CHANNEL_LENGTH_MAX = 256
_ID_LENGTH_MAX = 128


def add_routes(routes: Blueprint, services: Services, access: Access) -> None:
    """Add the route."""

    @routes.get("/<store>/earns", provide_automatic_options=False)
    def earns(store: str) -> Response:
        found = access.storefront(store)
        checkout_id, variants = request.args.get("checkout"), request.args.get("variants")
        if (checkout_id is None) == (variants is None):
            raise BadRequest("Name either a checkout or variants.")
        if checkout_id is not None:
            if not is_checkout_id(checkout_id):
                raise BadRequest("checkout is the id of a checkout in Saleor, URL-encoded.")
            return jsonify(_earnings(checkout_earnings(services, found, checkout_id)))
        answer = jsonify(_earnings(variant_earnings(services, found, _channel(), _wanted(variants or ""))))
        answer.cache_control.public, answer.cache_control.max_age = True, KEPT_SECONDS
        return answer


def _earnings(one: Earnings) -> dict[str, object]:
    return {"points": one.points, "because": one.because.value, "holdDays": one.hold_days}


def _channel() -> str:
    channel = request.args.get("channel", "")
    if not 0 < len(channel) <= _CHANNEL_LENGTH_MAX:
        raise BadRequest("channel is the slug of the channel in which the variants are sold.")
    return channel


def _wanted(text: str) -> dict[str, int]:
    """Read `ID:2,ID`: variants with how many pieces of each. Without a number it is one. Named twice, they add up."""
    named = text.split(",") if len(text) <= VARIANTS_MAX * _ID_LENGTH_MAX else []
    if not 0 < len(named) <= VARIANTS_MAX:
        raise BadRequest(f"variants are 1 to {VARIANTS_MAX} ids of variants in Saleor, with commas between them.")
    wanted: dict[str, int] = {}
    for one in named:
        variant_id, _, pieces = one.partition(":")
        if not is_variant_id(variant_id):
            raise BadRequest("variants are ids of variants in Saleor, URL-encoded, such as UHJvZHVjdFZhcmlhbnQ6MQ==:2.")
        wanted[variant_id] = wanted.get(variant_id, 0) + _pieces(pieces or "1")
    return wanted


def _pieces(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(PIECES_MAX)) and 0 < int(text) <= PIECES_MAX):
        raise BadRequest(f"A variant is followed by a colon and how many pieces: 1 to {PIECES_MAX}.")
    return int(text)
