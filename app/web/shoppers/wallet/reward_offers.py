"""Rewards in the wallet: one press shows a reward, a second takes it and leads to its code. Sent again, it takes nothing more."""

import re
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import urlencode

from flask import Blueprint, abort, request
from werkzeug import Response as BaseResponse

from app.domain.email import email_key
from app.domain.rewards import RewardRefusal, Wish
from app.errors import Crowded, KeyReused, Unavailable
from app.sealing import fingerprint
from app.usecases.api.reward_once import RewardOnce
from app.usecases.merchants.form_tokens import new_token
from app.usecases.rewards.own_rewards import RewardChoice, ShownReward, channel_of, show_reward, with_amount
from app.usecases.rewards.redeem import RewardWish, redeem
from app.usecases.rewards.see_redemption import Redemption
from app.usecases.services import Services
from app.usecases.shoppers.show_wallet import show_wallet
from app.web.reward_json import ID_MAX
from app.web.shoppers.wallet.reward_pictures import sources_of
from app.web.shoppers.wallet.wallet_access import Visit, WalletAccess, lead_to
from app.web.shoppers.wallet.wallet_pages import wallet_page

_CURRENCY = re.compile(r"[A-Z]{3}")
# As people type it, with a point or a comma.
_AMOUNT = re.compile(r"[0-9]{1,12}([.,][0-9]{1,6})?")
_POINTS = re.compile(r"[0-9]{1,18}")
_ONCE = re.compile(r"[0-9a-f]{32}")


class _Typed(NamedTuple):
    """What an address or a form names: which of a reward's choices, and the price that the page has shown."""

    currency: str
    amount: Decimal | None
    points: int | None


def add_routes(routes: Blueprint, services: Services, access: WalletAccess) -> None:
    """Serve the page of a reward, and the press that takes it."""

    @routes.get("/<slug>/rewards/<int:reward_id>")
    def offer(slug: str, reward_id: int) -> BaseResponse:
        return _offer(services, access.enter(slug), reward_id)

    @routes.post("/<slug>/rewards/<int:reward_id>")
    def take(slug: str, reward_id: int) -> BaseResponse:
        visit = access.act(slug)
        once = request.form.get("once", "")
        if not _ONCE.fullmatch(once):
            abort(400)
        if reward_id > ID_MAX:
            abort(404)
        typed = _typed()
        outcome = _redeem(services, visit, reward_id, typed, once)
        if outcome is None:
            abort(404)
        if isinstance(outcome, RewardRefusal):
            named = {"currency": typed.currency, "amount": request.form.get("amount", ""), "refused": outcome.value}
            return lead_to(slug, f"/rewards/{reward_id}?{urlencode({name: text for name, text in named.items() if text})}")
        return lead_to(slug, f"/redemptions/{outcome.reference}")


def _offer(services: Services, visit: Visit, reward_id: int) -> BaseResponse:
    """Show a reward, the choice that the address names, and why it was not taken where it was not."""
    spendable = _spendable(services, visit)
    reward = show_reward(services, visit.shopper, reward_id, spendable) if reward_id <= ID_MAX else None
    if not isinstance(reward, ShownReward):
        why = "" if reward is None else reward.value
        return wallet_page("wallet_reward_closed.html", visit, status=404, refused=why)
    typed = _typed()
    fitting = [one for one in reward.choices if one.currency == typed.currency] or reward.choices
    choice: RewardChoice | None = fitting[0] if len(fitting) == 1 else None
    is_amount_wrong = False
    if choice is not None and choice.points is None and request.args.get("amount"):
        priced = None
        if typed.amount is not None:
            priced = with_amount(reward.terms, choice, typed.amount, spendable, services.clock())
        is_amount_wrong, choice = priced is None, priced or choice
    refused = request.args.get("refused", "")
    return wallet_page(
        "wallet_reward.html",
        visit,
        pictures=sources_of([reward.terms]),
        reward=reward,
        choice=choice,
        refused=refused if refused in set(RewardRefusal) else "",
        is_amount_wrong=is_amount_wrong,
        spendable=spendable,
        once=new_token(),
    )


def _typed() -> _Typed:
    sent = request.form if request.method == "POST" else request.args
    currency, amount, points = (sent.get(name, "").strip() for name in ("currency", "amount", "points"))
    return _Typed(
        currency if _CURRENCY.fullmatch(currency) else "",
        Decimal(amount.replace(",", ".")) if _AMOUNT.fullmatch(amount) else None,
        int(points) if _POINTS.fullmatch(points) else None,
    )


def _redeem(services: Services, visit: Visit, reward_id: int, typed: _Typed, once: str) -> Redemption | RewardRefusal | None:
    """Take what the form names, once: the same form again brings the same redemption.

    Whoever finds no place to wait for the outside is asked to press again. Nothing was done then.
    """
    shopper = visit.shopper
    request_mark = fingerprint(f"wallet {email_key(shopper.email)} {once}")
    body_mark = fingerprint(f"{reward_id} {typed.currency} {typed.amount} {typed.points}")
    found = show_reward(services, shopper, reward_id, None)
    channel = channel_of(found.terms) if isinstance(found, ShownReward) else ""
    wish = Wish(typed.currency, typed.amount, channel, typed.points)
    try:
        with services.bulkheads.shoppers.place(shopper.store_slug):
            return redeem(
                services,
                RewardWish(shopper.store_id, reward_id, shopper.email, wish),
                once=RewardOnce(services.sealer, shopper.store_id, request_mark, body_mark),
            )
    except Crowded:
        return RewardRefusal.TRY_AGAIN
    except KeyReused:
        # The form was changed on its way: what it says is not what the page has shown.
        return RewardRefusal.PRICE


def _spendable(services: Services, visit: Visit) -> int | None:
    """Tell what a customer can spend; None while the provider does not tell it."""
    try:
        return show_wallet(services, visit.shopper).spendable
    except Unavailable:
        return None
