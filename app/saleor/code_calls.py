"""What is asked of a Saleor about codes: gift cards that we make, and vouchers to which we add codes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from app.errors import SaleorFault
from app.saleor.code_parsing import (
    Card,
    OrderOfCode,
    Voucher,
    VoucherPage,
    parse_card,
    parse_order_of_code,
    parse_voucher,
)
from app.saleor.versions import is_known_since

CARDS_MAX = 20
# A voucher has as many codes as its reward was taken, and a shop as many orders as it has: the search ends somewhere.
PAGES_MAX = 100
# `assignedTo` binds a card to a customer, from here on.
ASSIGNED_SINCE = (3, 23)
# `orders` takes `where` from here on, and finds by a voucher's code.
WHERE_SINCE = (3, 22)

_ALIASES = ("a", "b", "c", "d", "e", "f", "g", "h", "i", "j")


class CodeRefusal(StrEnum):
    """Why a Saleor did not do with a code what it was asked for. Nothing was made or changed then.

    TAKEN      there is this code already: of a card or of a voucher
    NOT_FOUND  the card, or the voucher, is no more
    OTHER      anything else
    """

    TAKEN = "taken"
    NOT_FOUND = "not_found"
    OTHER = "other"


_REFUSALS = {"ALREADY_EXISTS": CodeRefusal.TAKEN, "NOT_FOUND": CodeRefusal.NOT_FOUND}


@dataclass(frozen=True, slots=True)
class NewCard:
    """A gift card to be made. It is good through `ends_on`. `assigned_to` is a customer's e-mail address."""

    code: str
    amount: Decimal
    currency: str
    ends_on: date | None = None
    assigned_to: str | None = None
    note: str = ""


class CodeCalls:
    """The calls of one client. `execute` sends an operation to a Saleor: API URL, token, operation, variables.

    `version` is what a Saleor said of itself; None counts as the oldest. All raise SaleorRefused where the permission is missing,
    and SaleorUnreachable, SaleorBusy or SaleorFault where it is not known whether it was done.
    """

    def __init__(self, execute: Callable[..., dict[str, Any]]) -> None:
        self._execute = execute

    def make_card(self, api_url: str, token: str, new: NewCard, *, version: str | None = None) -> Card | CodeRefusal:
        """Make a gift card. It is bound to the customer where Saleor knows how, and knows them."""
        wanted: dict[str, Any] = {
            "balance": {"amount": str(new.amount), "currency": new.currency},
            "isActive": True,
            "code": new.code,
            "note": new.note,
        }
        if new.ends_on is not None:
            wanted["expiryDate"] = new.ends_on.isoformat()
        if new.assigned_to is not None and is_known_since(version, ASSIGNED_SINCE):
            user = self._execute(api_url, token, "customer_by_email", {"email": new.assigned_to}).get("user")
            if isinstance(user, Mapping) and isinstance(user.get("id"), str):
                wanted["assignedTo"] = user["id"]
        return _card_of(self._execute(api_url, token, "gift_card_create", {"input": wanted}))

    def find_card(self, api_url: str, token: str, code: str) -> Card | None:
        """Find a gift card by its code; None where there is none, or a replica of Saleor's does not show it yet."""
        data = self._execute(api_url, token, "gift_card_by_code", {"code": code})
        with _understood("gift card"):
            found = [edge["node"] for edge in data["giftCards"]["edges"] if edge["node"]["code"] == code]
            return parse_card(found[0]) if found else None

    def cards(self, api_url: str, token: str, ids: Sequence[str]) -> dict[str, Card]:
        """Read up to 20 gift cards, by id. One that was deleted is missing."""
        if len(ids) > CARDS_MAX:
            raise ValueError(f"at most {CARDS_MAX} gift cards in one read")
        read: dict[str, Card] = {}
        for start in range(0, len(ids), len(_ALIASES)):
            asked = ids[start : start + len(_ALIASES)]
            variables: dict[str, Any] = {}
            for place, alias in enumerate(_ALIASES):
                variables[alias] = asked[place] if place < len(asked) else asked[0]
                if place > 0:
                    variables[f"with{alias.upper()}"] = place < len(asked)
            data = self._execute(api_url, token, "gift_cards", variables)
            with _understood("gift card"):
                found = [parse_card(data[alias]) for alias, _ in zip(_ALIASES, asked, strict=False) if data[alias] is not None]
            read |= {card.id: card for card in found}
        return read

    def deactivate_card(self, api_url: str, token: str, card_id: str) -> Card | CodeRefusal:
        """Switch a gift card off. A checkout that is being completed may still take it."""
        return _card_of(self._execute(api_url, token, "gift_card_deactivate", {"id": card_id}))

    def empty_card(self, api_url: str, token: str, card_id: str) -> Card | CodeRefusal:
        """Set a gift card's balance to nothing. What the answer says of uses is as Saleor's database has it."""
        return _card_of(self._execute(api_url, token, "gift_card_empty", {"id": card_id, "amount": "0"}))

    def add_voucher_code(self, api_url: str, token: str, voucher_id: str, code: str) -> CodeRefusal | None:
        """Add a code to a voucher. Gives None when it is there, else why not."""
        answer = _answer(self._execute(api_url, token, "voucher_code_add", {"id": voucher_id, "codes": [code]}))
        return answer if isinstance(answer, CodeRefusal) else None

    def voucher_code_id(self, api_url: str, token: str, voucher_id: str, code: str) -> str | None:
        """Find the id of a voucher's code; None where the voucher, or its code, is not there."""
        after: str | None = None
        for _ in range(PAGES_MAX):
            data = self._execute(api_url, token, "voucher_codes", {"id": voucher_id, "after": after})
            with _understood("voucher"):
                if data["voucher"] is None:
                    return None
                codes = data["voucher"]["codes"]
                for edge in codes["edges"]:
                    if edge["node"]["code"] == code:
                        return str(edge["node"]["id"])
                if not codes["pageInfo"]["hasNextPage"]:
                    return None
                after = codes["pageInfo"]["endCursor"]
        raise SaleorFault("The voucher has too many codes to look for one.")

    def delete_voucher_code(self, api_url: str, token: str, code_id: str) -> CodeRefusal | None:
        """Delete a voucher's code. Gives None when it is gone, or was, else why not."""
        answer = _answer(self._execute(api_url, token, "voucher_codes_delete", {"ids": [code_id]}))
        return answer if isinstance(answer, CodeRefusal) else None

    def orders_of_voucher_code(
        self, api_url: str, token: str, code: str, *, version: str | None, since: datetime
    ) -> list[OrderOfCode]:
        """List the orders that used a voucher's code. Before 3.22 all orders since the day of `since` are looked through."""
        if is_known_since(version, WHERE_SINCE):
            return _with_code(self._execute(api_url, token, "orders_by_voucher_code", {"code": code}), code)
        found: list[OrderOfCode] = []
        after: str | None = None
        for _ in range(PAGES_MAX):
            variables = {"since": since.date().isoformat(), "after": after}
            data = self._execute(api_url, token, "orders_with_voucher_codes", variables)
            found += _with_code(data, code)
            with _understood("order"):
                info = data["orders"]["pageInfo"]
                if not info["hasNextPage"]:
                    return found
                after = info["endCursor"]
        raise SaleorFault("There are too many orders to look for one with this voucher's code.")

    def vouchers(self, api_url: str, token: str, *, after: str | None = None) -> VoucherPage:
        """Read a page of the shop's vouchers."""
        data = self._execute(api_url, token, "vouchers", {"after": after})
        with _understood("voucher"):
            info = data["vouchers"]["pageInfo"]
            read = tuple(parse_voucher(edge["node"]) for edge in data["vouchers"]["edges"])
            return VoucherPage(read, info["endCursor"] if info["hasNextPage"] else None)

    def voucher(self, api_url: str, token: str, voucher_id: str) -> Voucher | None:
        """Read one voucher; None where it is no more."""
        data = self._execute(api_url, token, "voucher", {"id": voucher_id})
        with _understood("voucher"):
            return None if data["voucher"] is None else parse_voucher(data["voucher"])


def _with_code(data: Mapping[str, Any], code: str) -> list[OrderOfCode]:
    with _understood("order"):
        nodes = [edge["node"] for edge in data["orders"]["edges"]]
        return [parse_order_of_code(node) for node in nodes if node["voucherCode"] == code]


def _card_of(data: Mapping[str, Any]) -> Card | CodeRefusal:
    answer = _answer(data)
    if isinstance(answer, CodeRefusal):
        return answer
    with _understood("gift card"):
        return parse_card(answer["giftCard"])


def _answer(data: Mapping[str, Any]) -> Mapping[str, Any] | CodeRefusal:
    """Give what a mutation answered, or why it was refused. Raises SaleorFault where it answered nothing that says either."""
    answer = next(iter(data.values()), None)
    errors = answer.get("errors") if isinstance(answer, Mapping) else None
    if not isinstance(answer, Mapping) or not isinstance(errors, list):
        raise SaleorFault("Saleor's answer about a code cannot be understood.")
    if not errors:
        return answer
    code = errors[0].get("code") if isinstance(errors[0], Mapping) else None
    return _REFUSALS.get(str(code), CodeRefusal.OTHER)


@contextmanager
def _understood(subject: str) -> Iterator[None]:
    """Raise SaleorFault where an answer does not say what was asked for."""
    try:
        yield
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise SaleorFault(f"Saleor's answer about a {subject} cannot be understood.") from error
