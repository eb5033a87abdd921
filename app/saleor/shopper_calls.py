"""Asks a Saleor what a shopper's own token opens."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.errors import SaleorFault, SaleorRefused


@dataclass(frozen=True, slots=True)
class AccountHolder:
    """A Saleor user as Saleor knows them now. It answers for no account that is switched off."""

    id: str
    email: str = field(repr=False)
    is_confirmed: bool
    is_active: bool
    is_staff: bool


class ShopperCalls:
    """The calls of one client. `execute` sends an operation to a Saleor: API URL, token, operation, variables."""

    def __init__(self, execute: Callable[..., dict[str, Any]]) -> None:
        self._execute = execute

    def account_of(self, api_url: str, token: str) -> AccountHolder | None:
        """Ask whose token it is; None where Saleor does not take it any more, or its account is gone or switched off."""
        try:
            me = self._execute(api_url, token, "me", {}).get("me")
        except SaleorRefused:
            return None
        if me is None:
            return None
        try:
            return AccountHolder(
                id=_text(me["id"]),
                email=_text(me["email"]),
                is_confirmed=me["isConfirmed"] is True,
                is_active=me["isActive"] is True,
                is_staff=me["isStaff"] is not False,
            )
        except (KeyError, TypeError) as error:
            raise SaleorFault("Saleor's answer about a signed-in customer cannot be understood.") from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value
