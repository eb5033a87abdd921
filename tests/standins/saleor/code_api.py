"""What may be asked about gift cards and vouchers, and what a checkout takes of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.standins.saleor.callers import Caller, require
from tests.standins.saleor.code_wire import card_fields, connection, day
from tests.standins.saleor.gift_cards import GiftCard
from tests.standins.saleor.payment_wire import PaymentWire
from tests.standins.saleor.promo_codes import PromoCodes
from tests.standins.saleor.refusals import Refusal, errors_of
from tests.standins.saleor.shop import Shop
from tests.standins.saleor.voucher_api import VoucherApi

CARDS = "MANAGE_GIFT_CARD"


@dataclass(frozen=True)
class CodeApi:
    """Serve codes to one caller. Reads are as of a moment where a replica lags; what a mutation answers is not."""

    codes: PromoCodes
    shop: Shop
    wire: PaymentWire
    caller: Caller
    as_of: datetime | None

    def root(self) -> dict[str, Callable[..., Any]]:
        cards = {
            "giftCard": self.card,
            "giftCards": self.cards,
            "giftCardCreate": self.create,
            "giftCardUpdate": lambda _info, **args: self._change(lambda: self._reset(args), "id"),
            "giftCardActivate": lambda _info, **args: self._change(lambda: self.codes.cards.activate(args["id"]), "giftCardId"),
            "giftCardDeactivate": lambda _info, **args: self._change(
                lambda: self.codes.cards.deactivate(args["id"]), "giftCardId"
            ),
            "giftCardDelete": lambda _info, **args: self._change(lambda: self.codes.cards.delete(args["id"]), "id"),
            "giftCardBalanceAdjust": self.adjust,
            "checkoutAddPromoCode": lambda _info, **args: self._typed(self.codes.add, args),
            "checkoutRemovePromoCode": lambda _info, **args: self._typed(self.codes.remove, args),
        }
        return cards | VoucherApi(self.codes.vouchers, self.shop, self.caller, self.as_of).root()

    def card(self, _info: Any, **args: Any) -> dict[str, Any] | None:
        require(self.caller, CARDS)
        return next((self._fields(card) for card in self.codes.cards.all(self.as_of) if card.id == args["id"]), None)

    def cards(self, _info: Any, **args: Any) -> dict[str, Any]:
        """List cards; the code is compared letter by letter, tags in lower case."""
        require(self.caller, CARDS)
        wanted = args.get("filter") or {}
        tags = {tag.lower() for tag in wanted.get("tags") or ()}
        found = [
            self._fields(card)
            for card in self.codes.cards.all(self.as_of)
            if wanted.get("code") in (None, card.code)
            and wanted.get("isActive") in (None, card.is_active)
            and wanted.get("currency") in (None, card.currency)
            and (not tags or tags & set(card.tags))
        ]
        return connection(found, args.get("first"), args.get("after"), "giftCards")

    def create(self, _info: Any, **args: Any) -> dict[str, Any]:
        wanted = args["input"]

        def make() -> GiftCard:
            owner = wanted.get("assignedTo")
            if owner is not None and self.shop.customer(owner) is None:
                raise Refusal("NOT_FOUND", f"Couldn't resolve to a node: {owner}", "assignedTo")
            return self.codes.cards.create(
                str(wanted["balance"]["amount"]),
                wanted["balance"]["currency"],
                wanted.get("code"),
                is_active=wanted["isActive"],
                expiry_date=day(wanted.get("expiryDate")),
                assigned_to=owner,
                tags=tuple(wanted.get("addTags") or ()),
                note=wanted.get("note") or "",
            )

        return self._change(make)

    def adjust(self, _info: Any, **args: Any) -> dict[str, Any]:
        return self._change(lambda: self.codes.cards.adjust(args["id"], str(args["amount"])), "id")

    def _reset(self, args: Mapping[str, Any]) -> GiftCard:
        amount = args["input"].get("balanceAmount")
        return self.codes.cards[args["id"]] if amount is None else self.codes.cards.reset(args["id"], str(amount))

    def _change(self, change: Callable[[], GiftCard], field: str | None = None) -> dict[str, Any]:
        """Do it, or say why not; `field` is what Saleor names where there is no such card."""
        require(self.caller, CARDS)
        try:
            return {"giftCard": self._fields(change()), "errors": []}
        except Refusal as refusal:
            told = Refusal(refusal.code, refusal.message, field) if field and refusal.field == "id" else refusal
            return {"giftCard": None, "errors": errors_of(told)}

    def _typed(self, change: Callable[[str, str], Any], args: Mapping[str, Any]) -> dict[str, Any]:
        """Anybody who knows the checkout's id may type a code."""
        if args["id"] not in self.codes.checkouts:
            refusal = Refusal("NOT_FOUND", f"Couldn't resolve to a node: {args['id']}", "id")
            return {"checkout": None, "errors": errors_of(refusal)}
        try:
            return {"checkout": self.wire.checkout(change(args["id"], args["promoCode"])), "errors": []}
        except Refusal as refusal:
            return {"checkout": None, "errors": errors_of(refusal)}

    def _fields(self, card: GiftCard) -> dict[str, Any]:
        def email(user_id: str) -> str | None:
            owner = self.shop.customer(user_id)
            return None if owner is None else owner.email

        return card_fields(card, email)
