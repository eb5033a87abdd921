"""Gift cards: a code and an amount in one currency. Whoever knows the code uses it, unless it is assigned to somebody."""

import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

from tests.standins.saleor.book import OrderBook
from tests.standins.saleor.money import ZERO, Amount, digits_of
from tests.standins.saleor.orders import global_id, new_id
from tests.standins.saleor.refusals import Refusal
from tests.standins.saleor.versions import Versions

CODE_LENGTHS = range(8, 17)


@dataclass(frozen=True)
class CardEvent:
    """One of the card's own `events`; amounts where it moved the balance."""

    type: str
    date: datetime
    id: str
    order_id: str | None = None
    current: Decimal | None = None
    old_current: Decimal | None = None
    initial: Decimal | None = None
    old_initial: Decimal | None = None


@dataclass(frozen=True)
class GiftCard:
    id: str
    code: str
    currency: str
    initial: Decimal
    current: Decimal
    created: datetime
    is_active: bool = True
    # It is good through this day.
    expiry_date: date | None = None
    # The user it is assigned to, by id.
    assigned_to: str | None = None
    tags: tuple[str, ...] = ()
    events: tuple[CardEvent, ...] = ()

    def with_event(self, kind: str, now: datetime, **amounts: Decimal | str | None) -> "GiftCard":
        return replace(self, events=(*self.events, CardEvent(kind, now, new_id("GiftCardEvent"), **amounts)))  # type: ignore[arg-type]  # by name

    def pays(self, today: date) -> Decimal:
        """Return what a checkout can take from it."""
        is_good = self.is_active and (self.expiry_date is None or self.expiry_date >= today)
        return self.current if is_good else ZERO


@dataclass
class GiftCards:
    book: OrderBook
    # Whose each code is, of cards and of vouchers.
    letters: dict[str, str]
    # Called with the id of each card that changed.
    changed: Callable[[str], None] = lambda _card_id: None
    _cards: Versions[GiftCard] = field(default_factory=Versions)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def create(
        self,
        amount: Amount,
        currency: str = "USD",
        code: str | None = None,
        *,
        is_active: bool = True,
        expiry_date: date | None = None,
        assigned_to: str | None = None,
        tags: tuple[str, ...] = (),
        note: str = "",
    ) -> GiftCard:
        """Make a card. Raises Refusal; no currency is refused."""
        with self.book.lock:
            now = self.book.moment()
            code = uuid.uuid4().hex[:16].upper() if code is None else code
            _require_code(code)
            if code in self.letters:
                raise Refusal("ALREADY_EXISTS", "Promo code already exists.", "code")
            if expiry_date is not None and expiry_date <= now.date():
                raise Refusal("INVALID", "Expiry date must be in the future.", "expiryDate")
            exact = _money(amount, currency)
            tags = tuple(tag.lower() for tag in tags)
            card_id = global_id("GiftCard", next(self._numbers))
            card = GiftCard(card_id, code, currency, exact, exact, now, is_active, expiry_date, assigned_to, tags)
            card = card.with_event("ISSUED", now, current=exact, initial=exact)
            self.letters[code] = card_id
            return self._put(card.with_event("NOTE_ADDED", now) if note else card, now)

    def deactivate(self, card_id: str) -> GiftCard:
        """Switch it off; twice is fine."""
        return self._switch(card_id, is_active=False)

    def activate(self, card_id: str) -> GiftCard:
        return self._switch(card_id, is_active=True)

    def reset(self, card_id: str, amount: Amount) -> GiftCard:
        """Set the balance, the initial one too."""
        with self.book.lock:
            card, now = self._card(card_id), self.book.moment()
            exact = _money(amount, card.currency, least=ZERO)
            moved = replace(card, current=exact, initial=exact)
            told = {"current": exact, "old_current": card.current, "initial": exact, "old_initial": card.initial}
            return self._put(moved.with_event("BALANCE_RESET", now, **told), now)

    def adjust(self, card_id: str, by: Amount) -> GiftCard:
        """Move the balance, down to nothing at least."""
        with self.book.lock:
            card = self._card(card_id)
            return self._move(card, max(ZERO, card.current + Decimal(by)), "BALANCE_ADJUSTED")

    def delete(self, card_id: str) -> GiftCard:
        """Delete it. Its code can be made again."""
        with self.book.lock:
            card = self._card(card_id)
            del self.letters[card.code]
            self._cards.put(card_id, None, self.book.moment())
        self.changed(card_id)
        return card

    def use(self, card_id: str, order_id: str, amount: Amount) -> GiftCard | None:
        """Pay for an order, as much as is still there. Nobody asks again whether the card is active."""
        with self.book.lock:
            card = self.get(card_id)
            if card is None:
                return None
            return self._move(card, card.current - min(card.current, Decimal(amount)), "USED_IN_ORDER", order_id)

    def refund(self, card_id: str, order_id: str, amount: Amount) -> GiftCard:
        """Put money back that the card paid by its payment gateway."""
        with self.book.lock:
            card = self._card(card_id)
            return self._move(card, card.current + Decimal(amount), "REFUNDED_IN_ORDER", order_id)

    def get(self, card_id: str) -> GiftCard | None:
        return self._cards.get(card_id)

    def __getitem__(self, card_id: str) -> GiftCard:
        return self._card(card_id)

    def with_code(self, code: str) -> GiftCard | None:
        return self.get(self.letters.get(code, ""))

    def all(self, as_of: datetime | None = None) -> list[GiftCard]:
        return self._cards.all(as_of)

    def _card(self, card_id: str) -> GiftCard:
        card = self.get(card_id)
        if card is None:
            raise Refusal("NOT_FOUND", f"Couldn't resolve to a node: {card_id}", "id")
        return card

    def _switch(self, card_id: str, *, is_active: bool) -> GiftCard:
        with self.book.lock:
            card, now = self._card(card_id), self.book.moment()
            if card.is_active == is_active:
                return card
            return self._put(replace(card, is_active=is_active).with_event("ACTIVATED" if is_active else "DEACTIVATED", now), now)

    def _move(self, card: GiftCard, balance: Decimal, kind: str, order_id: str | None = None) -> GiftCard:
        now = self.book.moment()
        moved = replace(card, current=balance)
        return self._put(moved.with_event(kind, now, order_id=order_id, current=balance, old_current=card.current), now)

    def _put(self, card: GiftCard, now: datetime) -> GiftCard:
        self._cards.put(card.id, card, now)
        self.changed(card.id)
        return card


def _require_code(code: str) -> None:
    length, least, most = len(code), CODE_LENGTHS.start, CODE_LENGTHS.stop - 1
    if length < least:
        raise Refusal("INVALID", f"Ensure this value has at least {least} characters (it has {length}).", "code")
    if length > most:
        raise Refusal("INVALID", f"Ensure this value has at most {most} characters (it has {length}).", "code")


def _money(amount: Amount, currency: str, *, least: Decimal | None = None) -> Decimal:
    exact, digits = Decimal(amount), digits_of(currency)
    if len(currency) != 3:
        raise Refusal("INVALID", f"Ensure this value has at most 3 characters (it has {len(currency)}).", "currency")
    if exact != exact.quantize(Decimal(1).scaleb(-digits)):
        raise Refusal("INVALID", f"Value cannot have more than {digits} decimal places.", "balance")
    if exact < ZERO or (least is None and not exact):
        raise Refusal("INVALID", "Balance amount have to be greater than 0.", "balance")
    return exact
