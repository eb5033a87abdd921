"""The calls about rewards: which there are, take one, what was taken, give one back."""

import hashlib
from uuid import UUID

from flask import Blueprint, Response, jsonify, request

from app.domain.redemptions import RedemptionStage
from app.domain.rewards import RewardRefusal
from app.errors import BadRequest, NoReward, RewardNotTaken, Unavailable
from app.sealing import fingerprint
from app.usecases.api.reward_once import RewardOnce
from app.usecases.confirmed_shoppers import SignedIn
from app.usecases.rewards.offer_rewards import offer_rewards
from app.usecases.rewards.own_redemptions import PAGE_MAX, list_own_redemptions, withdraw_own
from app.usecases.rewards.redeem import RewardWish, redeem
from app.usecases.services import Services
from app.web.points_api.till_calls import object_in_body
from app.web.reward_json import ID_MAX, REFUSALS, redemption_json, reward_json, wish_in
from app.web.storefront_api.access import Access, echo_key, idempotency_key
from app.web.storefront_api.arguments import page_start, size_of_page

# The same request may succeed later: nothing of it is kept.
_LATER = frozenset({RewardRefusal.BUSY, RewardRefusal.TRY_AGAIN})

_NOT_TAKEN = "The points provider did not take the points. To try again, send a new Idempotency-Key."


def add_routes(routes: Blueprint, services: Services, access: Access) -> None:
    """Add the routes."""

    @routes.get("/<store>/rewards", provide_automatic_options=False)
    def rewards(store: str) -> Response:
        # The shop shows them to everybody.
        offered = offer_rewards(services, access.storefront(store).store_id, channel=request.args.get("channel", ""))
        return jsonify(rewards=[reward_json(one) for one in offered])

    @routes.post("/<store>/rewards/<int:reward_id>/redeem", provide_automatic_options=False)
    def redeem_reward(store: str, reward_id: int) -> Response:
        shopper = access.shopper(store)
        once = _once(services, shopper, reward_id)
        asked = RewardWish(shopper.store_id, reward_id, shopper.email, wish_in(object_in_body('{"points": 500}')))
        # It asks a points provider and Saleor: few at once may wait for them.
        with services.bulkheads.shoppers.place(shopper.store_slug):
            outcome = redeem(services, asked, once=once) if reward_id <= ID_MAX else None
        if outcome is None:
            raise NoReward
        if isinstance(outcome, RewardRefusal):
            raise Unavailable(REFUSALS[outcome]) if outcome in _LATER else RewardNotTaken(outcome.name, REFUSALS[outcome])
        if outcome.stage is RedemptionStage.REFUSED:
            raise RewardNotTaken("NOT_TAKEN", _NOT_TAKEN)
        answer = jsonify(redemption_json(outcome))
        # Where it is not known yet whether the points were taken, the worker finds out.
        answer.status_code = 202 if outcome.stage is RedemptionStage.ASKED else 201
        return echo_key(answer)

    @routes.get("/<store>/me/redemptions", provide_automatic_options=False)
    def taken(store: str) -> Response:
        shopper = access.shopper(store)
        page = list_own_redemptions(services, shopper, size=size_of_page(PAGE_MAX), before=page_start())
        return jsonify(
            redemptions=[redemption_json(one) for one in page.redemptions], next=None if page.older is None else str(page.older)
        )

    @routes.post("/<store>/me/redemptions/<uuid:redemption_id>/withdraw", provide_automatic_options=False)
    def give_back(store: str, redemption_id: UUID) -> Response:
        return echo_key(jsonify(redemption_json(withdraw_own(services, access.shopper(store), redemption_id))))


def _once(services: Services, shopper: SignedIn, reward_id: int) -> RewardOnce:
    """Read the Idempotency-Key. Two customers may choose the same one, and a program with a key of the Points API, too.

    Raises BadRequest without one, and for one that cannot stand in a header.
    """
    key = idempotency_key()
    if key is None:
        raise BadRequest("This call needs an Idempotency-Key. If the answer is lost, send the same request with the same key.")
    body_mark = hashlib.sha256(f"redeem {reward_id} ".encode() + request.get_data()).hexdigest()
    return RewardOnce(services.sealer, shopper.store_id, fingerprint(f"shopper {shopper.user_id} {key}"), body_mark)
