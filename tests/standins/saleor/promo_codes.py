"""The codes that shoppers type at the checkout: gift cards, and one voucher."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from tests.standins.saleor.book import OrderBook
from tests.standins.saleor.checkouts import Checkout, Checkouts
from tests.standins.saleor.discounts import Discount
from tests.standins.saleor.gift_cards import GiftCards
from tests.standins.saleor.money import ZERO
from tests.standins.saleor.refusals import Refusal
from tests.standins.saleor.vouchers import Voucher, Vouchers

INVALID = "Promo code is invalid"


@dataclass
class PromoCodes:
    """Gift cards, vouchers, and what they do to checkouts. A code is either a card's or a voucher's."""

    book: OrderBook
    checkouts: Checkouts
    cards: GiftCards = field(init=False)
    vouchers: Vouchers = field(init=False)

    def __post_init__(self) -> None:
        letters: dict[str, str] = {}
        self.cards = GiftCards(self.book, letters, self._reprice)
        self.vouchers = Vouchers(self.book, letters)
        self.checkouts.priced, self.checkouts.may_complete, self.checkouts.completed = self.priced, self.require_usable, self.use

    def add(self, checkout_id: str, code: str) -> Checkout:
        """Type a code. A second voucher silently replaces the first; cards stand beside it. Raises Refusal."""
        checkout = self.checkouts[checkout_id]
        card = self.cards.with_code(code)
        if card is not None:
            is_theirs = card.assigned_to is None or card.assigned_to == checkout.user_id
            if not is_theirs or not card.pays(self.book.clock().date()) or card.currency != checkout.currency:
                raise Refusal("INVALID", INVALID, "promoCode")
            return self._change(checkout_id, lambda old: replace(old, cards={**old.cards, card.id: ZERO}))
        voucher = self.vouchers.with_code(code)
        if voucher is None or voucher.good(code) is None:
            raise Refusal("INVALID", INVALID, "promoCode")
        discount = self._discount(voucher, code, checkout)
        return self._change(checkout_id, lambda old: replace(old, voucher=discount))

    def remove(self, checkout_id: str, code: str) -> Checkout:
        """Take a code out; one that is not in it changes nothing."""
        card = self.cards.with_code(code)

        def without(old: Checkout) -> Checkout:
            kept = {card_id: paid for card_id, paid in old.cards.items() if card is None or card_id != card.id}
            return replace(old, cards=kept, voucher=None if old.voucher and old.voucher.code == code else old.voucher)

        return self._change(checkout_id, without)

    def priced(self, checkout: Checkout) -> Checkout:
        """Let each card pay what it can of what is left. A card that was deleted is gone without a word."""
        left, today = replace(checkout, cards={}).total.gross, self.book.clock().date()
        paid: dict[str, Decimal] = {}
        for card_id in checkout.cards:
            card = self.cards.get(card_id)
            if card is not None:
                paid[card_id] = min(left, card.pays(today))
                left -= paid[card_id]
        return replace(checkout, cards=paid)

    def require_usable(self, checkout: Checkout) -> None:
        """Refuse to complete a checkout with a card that was switched off, or a code that is good no more."""
        held = [card for card_id in checkout.cards if (card := self.cards.get(card_id)) is not None]
        if any(not card.is_active for card in held):
            message = "Gift card has expired. Order placement cancelled."
            raise Refusal("GIFT_CARD_NOT_APPLICABLE", message, "giftCards")
        code = checkout.voucher and checkout.voucher.code
        voucher = self.vouchers.with_code(code) if code else None
        if code and (voucher is None or voucher.good(code) is None):
            raise Refusal("VOUCHER_NOT_APPLICABLE", "Voucher not applicable", "promoCode")

    def use(self, checkout: Checkout, order_id: str) -> None:
        """Let the order take what is in the checkout. An empty card is noted as used with nothing."""
        for card_id, paid in checkout.cards.items():
            self.cards.use(card_id, order_id, paid)
        if checkout.voucher is not None:
            self.vouchers.use(checkout.voucher.code)

    def _discount(self, voucher: Voucher, code: str, checkout: Checkout) -> Discount:
        listing = voucher.listings.get(checkout.channel.slug)
        if listing is None or not voucher.is_open_in(checkout.channel.slug, self.book.clock()):
            raise Refusal("VOUCHER_NOT_APPLICABLE", "Voucher is not applicable to this checkout.", "promoCode")
        if listing.least_spent is not None and checkout.subtotal.gross < listing.least_spent:
            raise Refusal("VOUCHER_NOT_APPLICABLE", "Voucher is not applicable to this checkout.", "promoCode")
        products = tuple(voucher.terms.get("products") or ())
        return Discount(code, voucher.id, voucher.type, voucher.value_type, listing.value, products)

    def _change(self, checkout_id: str, make: Callable[[Checkout], Checkout]) -> Checkout:
        return self.checkouts.change(checkout_id, make)

    def _reprice(self, card_id: str) -> None:
        for checkout in self.checkouts.open():
            if card_id in checkout.cards:
                self.checkouts.change(checkout.id, lambda old: old)
