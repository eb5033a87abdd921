"""Vouchers: a discount under many codes. Where it is of single use, each code is good once."""

import itertools
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.standins.saleor.book import OrderBook
from tests.standins.saleor.money import Amount
from tests.standins.saleor.orders import global_id, new_id
from tests.standins.saleor.refusals import Refusal
from tests.standins.saleor.versions import Versions


@dataclass(frozen=True)
class VoucherCode:
    id: str
    code: str
    created_at: datetime
    used: int = 0
    is_active: bool = True


@dataclass(frozen=True)
class Listing:
    """What a voucher is worth in a channel: money, or per cent."""

    value: Decimal
    least_spent: Decimal | None = None


@dataclass(frozen=True)
class Voucher:
    id: str
    name: str
    type: str
    value_type: str
    is_single_use: bool
    starts_at: datetime
    ends_at: datetime | None = None
    usage_limit: int | None = None
    # By the channel's slug.
    listings: Mapping[str, Listing] = field(default_factory=dict)
    # The newest first.
    codes: tuple[VoucherCode, ...] = ()
    # Products, variants, collections, categories, countries and all else that the input said.
    terms: Mapping[str, Any] = field(default_factory=dict)
    is_used: bool = False

    def is_open_in(self, channel: str, now: datetime) -> bool:
        return channel in self.listings and self.starts_at <= now and (self.ends_at is None or now <= self.ends_at)

    def good(self, code: str) -> VoucherCode | None:
        """Return the code, if it can be used still."""
        found = next((one for one in self.codes if one.code == code and one.is_active), None)
        if found is None or (self.usage_limit is not None and sum(one.used for one in self.codes) >= self.usage_limit):
            return None
        return found

    def with_code(self, code: VoucherCode) -> "Voucher":
        return replace(self, codes=tuple(code if old.id == code.id else old for old in self.codes))


@dataclass
class Vouchers:
    book: OrderBook
    # Whose each code is, of cards and of vouchers.
    letters: dict[str, str]
    _vouchers: Versions[Voucher] = field(default_factory=Versions)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def create(
        self,
        name: str,
        value: Amount | None = None,
        *,
        codes: Sequence[str] = (),
        type: str = "ENTIRE_ORDER",  # noqa: A002 - Saleor's name for it
        value_type: str = "FIXED",
        is_single_use: bool = True,
        usage_limit: int | None = None,
        channels: Sequence[str] = ("default-channel",),
        starts_at: datetime | None = None,
        ends_at: datetime | None = None,
        terms: Mapping[str, Any] | None = None,
    ) -> str:
        """Let staff make a voucher, worth `value` in each channel; without codes Saleor makes one. Returns its id."""
        with self.book.lock:
            now = self.book.moment()
            made = self._codes(codes or [""], now)
            listings = {} if value is None else {slug: Listing(Decimal(value)) for slug in channels}
            voucher_id = global_id("Voucher", next(self._numbers))
            begins = starts_at or self.book.clock()
            voucher = Voucher(voucher_id, name, type, value_type, is_single_use, begins, ends_at, usage_limit, listings)
            return self._put(replace(voucher, codes=made, terms=terms or {}), now).id

    def add_codes(self, voucher_id: str, codes: Sequence[str]) -> Voucher:
        """Add codes. One that is there already refuses all."""
        with self.book.lock:
            voucher, now = self[voucher_id], self.book.moment()
            made = self._codes(codes, now)
            return self._put(replace(voucher, codes=(*made, *voucher.codes)), now)

    def change(self, voucher_id: str, **changes: Any) -> Voucher:
        """Change its terms. What one use has fixed stays."""
        with self.book.lock:
            voucher = self[voucher_id]
            if voucher.is_used and changes.get("is_single_use", voucher.is_single_use) != voucher.is_single_use:
                raise Refusal("VOUCHER_ALREADY_USED", "Cannot change single use for a voucher that is used.", "singleUse")
            return self._put(replace(voucher, **changes), self.book.moment())

    def list_in(self, voucher_id: str, channel: str, value: Amount, least_spent: Amount | None = None) -> Voucher:
        """Say what the voucher is worth in a channel."""
        listing = Listing(Decimal(value), None if least_spent is None else Decimal(least_spent))
        return self.change(voucher_id, listings={**self[voucher_id].listings, channel: listing})

    def delete_codes(self, code_ids: Sequence[str]) -> int:
        """Delete codes and say how many there were. One that is not there is no error."""
        with self.book.lock:
            count = 0
            for voucher in self.all():
                gone = [one for one in voucher.codes if one.id in code_ids]
                for one in gone:
                    del self.letters[one.code]
                if gone:
                    self._put(replace(voucher, codes=tuple(one for one in voucher.codes if one not in gone)), self.book.moment())
                count += len(gone)
            return count

    def use(self, code: str) -> None:
        """Note that an order took a code. Cancelling the order does not give it back."""
        with self.book.lock:
            voucher = self.with_code(code)
            if voucher is None:
                return
            old = next(one for one in voucher.codes if one.code == code)
            counted = old.used if voucher.usage_limit is None else old.used + 1
            spent = replace(old, used=counted, is_active=not voucher.is_single_use)
            self._put(replace(voucher.with_code(spent), is_used=True), self.book.moment())

    def delete(self, voucher_id: str) -> None:
        with self.book.lock:
            for one in self[voucher_id].codes:
                del self.letters[one.code]
            self._vouchers.put(voucher_id, None, self.book.moment())

    def __getitem__(self, voucher_id: str) -> Voucher:
        voucher = self._vouchers.get(voucher_id)
        if voucher is None:
            raise Refusal("NOT_FOUND", f"Couldn't resolve to a node: {voucher_id}", "id")
        return voucher

    def with_code(self, code: str) -> Voucher | None:
        return self._vouchers.get(self.letters.get(code, ""))

    def all(self, as_of: datetime | None = None) -> list[Voucher]:
        return sorted(self._vouchers.all(as_of), key=lambda voucher: (voucher.name, voucher.id))

    def _codes(self, codes: Sequence[str], now: datetime) -> tuple[VoucherCode, ...]:
        wanted = [code or uuid.uuid4().hex[:14].upper() for code in codes]
        taken = [code for code in wanted if code in self.letters]
        if taken:
            raise CodesTaken("ALREADY_EXISTS", "Promo code already exists.", "codes", taken)
        return tuple(VoucherCode(new_id("VoucherCode"), code, now) for code in reversed(wanted))

    def _put(self, voucher: Voucher, now: datetime) -> Voucher:
        self.letters.update({one.code: voucher.id for one in voucher.codes})
        self._vouchers.put(voucher.id, voucher, now)
        return voucher


@dataclass
class CodesTaken(Refusal):
    """Some of the codes are there already."""

    codes: list[str] = field(default_factory=list)
