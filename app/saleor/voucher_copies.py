"""Makes a copy of a voucher whose codes are each good once: Saleor fixes that for a voucher at its first use."""

from collections.abc import Callable, Mapping
from typing import Any

from app.errors import SaleorFault
from app.saleor.code_parsing import NAME_LENGTH_MAX, Voucher, parse_voucher

_NAMED = ("products", "variants", "collections", "categories")
_TERMS = (
    "type",
    "discountValueType",
    "startDate",
    "endDate",
    "applyOncePerOrder",
    "applyOncePerCustomer",
    "onlyForStaff",
    "minCheckoutItemsQuantity",
)


class VoucherCopies:
    """The calls of one client. `execute` sends an operation to a Saleor: API URL, token, operation, variables."""

    def __init__(self, execute: Callable[..., dict[str, Any]]) -> None:
        self._execute = execute

    def make(self, api_url: str, token: str, voucher_id: str) -> Voucher | None:
        """Copy a voucher, with codes that are each good once. None where there is no such voucher, or it is too long to copy.

        Saleor gives the copy a first code that nobody knows. Raises SaleorRefused, SaleorUnreachable, SaleorBusy or SaleorFault;
        a copy that was begun may be left, without a worth in any channel.
        """
        voucher = self._execute(api_url, token, "voucher_terms", {"id": voucher_id}).get("voucher")
        try:
            if voucher is None or any(voucher[name]["pageInfo"]["hasNextPage"] for name in _NAMED):
                return None
            wanted, listings = _input(voucher), _listings(voucher)
            made = _made(self._execute(api_url, token, "voucher_create", {"input": wanted}))
            listed = _made(
                self._execute(api_url, token, "voucher_listing", {"id": made["id"], "input": {"addChannels": listings}})
            )
            return parse_voucher(listed)
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise SaleorFault("Saleor's answer about a voucher cannot be understood.") from error


def _input(voucher: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": f"{voucher['name'] or 'Voucher'} (points)"[:NAME_LENGTH_MAX],
        "singleUse": True,
        # Saleor wants a code, and makes one of its own of a blank.
        "addCodes": [""],
        "countries": [one["code"] for one in voucher["countries"] or ()],
        **{name: voucher[name] for name in _TERMS},
        **{name: [edge["node"]["id"] for edge in voucher[name]["edges"]] for name in _NAMED},
    }


def _listings(voucher: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "channelId": one["channel"]["id"],
            "discountValue": str(one["discountValue"]),
            "minAmountSpent": None if one["minSpent"] is None else str(one["minSpent"]["amount"]),
        }
        for one in voucher["channelListings"] or ()
    ]


def _made(data: Mapping[str, Any]) -> Mapping[str, Any]:
    answer = next(iter(data.values()), None)
    if not isinstance(answer, Mapping) or answer.get("errors") or not isinstance(answer.get("voucher"), Mapping):
        raise SaleorFault("Saleor did not make the copy of the voucher.")
    made: Mapping[str, Any] = answer["voucher"]
    return made
