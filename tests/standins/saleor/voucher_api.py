"""What may be asked about vouchers, with MANAGE_DISCOUNTS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.standins.saleor.callers import Caller, require
from tests.standins.saleor.code_wire import connection, voucher_fields
from tests.standins.saleor.refusals import Refusal, errors_of
from tests.standins.saleor.shop import Shop
from tests.standins.saleor.vouchers import CodesTaken, Voucher, Vouchers
from tests.standins.saleor.wire import channel_fields

VOUCHERS = "MANAGE_DISCOUNTS"
# What the input says and no code here looks at, except for products.
TERMS = (
    "products",
    "variants",
    "collections",
    "categories",
    "minCheckoutItemsQuantity",
    "countries",
    "applyOncePerOrder",
    "applyOncePerCustomer",
    "onlyForStaff",
)


@dataclass(frozen=True)
class VoucherApi:
    """Serve vouchers to one caller; reads are as of a moment where a replica lags."""

    vouchers: Vouchers
    shop: Shop
    caller: Caller
    as_of: datetime | None

    def root(self) -> dict[str, Callable[..., Any]]:
        return {
            "voucher": self.voucher,
            "vouchers": self.list,
            "voucherCreate": lambda _info, **args: self._change(lambda: self._create(args["input"])),
            "voucherUpdate": lambda _info, **args: self._change(lambda: self._update(args["id"], args["input"])),
            "voucherChannelListingUpdate": lambda _info, **args: self._change(lambda: self._list_in(args["id"], args["input"])),
            "voucherCodeBulkDelete": self.delete_codes,
        }

    def voucher(self, _info: Any, **args: Any) -> dict[str, Any] | None:
        require(self.caller, VOUCHERS)
        return next((self._fields(one) for one in self.vouchers.all(self.as_of) if one.id == args["id"]), None)

    def list(self, _info: Any, **args: Any) -> dict[str, Any]:
        require(self.caller, VOUCHERS)
        found = [self._fields(one) for one in self.vouchers.all(self.as_of)]
        return connection(found, args.get("first"), args.get("after"), "vouchers")

    def delete_codes(self, _info: Any, **args: Any) -> dict[str, Any]:
        require(self.caller, VOUCHERS)
        return {"count": self.vouchers.delete_codes(args["ids"]), "errors": []}

    def _create(self, wanted: Mapping[str, Any]) -> Voucher:
        if not wanted.get("addCodes"):
            raise Refusal("GRAPHQL_ERROR", "At least one of arguments is required: 'code', 'addCodes'.")
        made = self.vouchers.create(
            wanted.get("name") or "",
            codes=wanted["addCodes"],
            type=wanted.get("type") or "ENTIRE_ORDER",
            value_type=wanted.get("discountValueType") or "FIXED",
            is_single_use=bool(wanted.get("singleUse")),
            usage_limit=wanted.get("usageLimit"),
            starts_at=_moment(wanted.get("startDate")),
            ends_at=_moment(wanted.get("endDate")),
            terms={name: wanted.get(name) for name in TERMS},
        )
        return self.vouchers[made]

    def _update(self, voucher_id: str, wanted: Mapping[str, Any]) -> Voucher:
        if wanted.get("addCodes"):
            self.vouchers.add_codes(voucher_id, wanted["addCodes"])
        names = {"name": "name", "singleUse": "is_single_use", "usageLimit": "usage_limit"}
        return self.vouchers.change(voucher_id, **{ours: wanted[name] for name, ours in names.items() if name in wanted})

    def _list_in(self, voucher_id: str, wanted: Mapping[str, Any]) -> Voucher:
        slugs = {channel["id"]: channel["slug"] for channel in channel_fields(self.shop.currencies)}
        for added in wanted.get("addChannels") or ():
            least = added.get("minAmountSpent")
            value = str(added["discountValue"])
            self.vouchers.list_in(voucher_id, slugs[added["channelId"]], value, None if least is None else str(least))
        return self.vouchers[voucher_id]

    def _change(self, change: Callable[[], Voucher]) -> dict[str, Any]:
        require(self.caller, VOUCHERS)
        try:
            return {"voucher": self._fields(change()), "errors": []}
        except Refusal as refusal:
            codes = {"voucherCodes": refusal.codes} if isinstance(refusal, CodesTaken) else {}
            return {"voucher": None, "errors": [{**error, **codes} for error in errors_of(refusal)]}

    def _fields(self, voucher: Voucher) -> dict[str, Any]:
        return voucher_fields(voucher, channel_fields(self.shop.currencies))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
