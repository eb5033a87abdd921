"""Reads what the merchant's pages need of a shop besides orders: channels, prices and customers' addresses."""

from collections.abc import Callable, Sequence
from typing import Any

from app.domain.catalogue import ProductPrice, SalesChannel
from app.errors import SaleorFault
from app.saleor.parsing_shop import parse_channels, parse_product_price

CUSTOMERS_MAX = 100
_PRICE_ALIASES = ("a", "b", "c", "d", "e", "f", "g", "h")


class ShopReads:
    """The reads of one client. `execute` sends an operation to a Saleor: API URL, token, operation, variables."""

    def __init__(self, execute: Callable[..., dict[str, Any]]) -> None:
        self._execute = execute

    def customer_email(self, api_url: str, token: str, user_id: str) -> str | None:
        """Ask for the e-mail address of a customer; None where there is no such customer."""
        user = self._execute(api_url, token, "customer", {"id": user_id}).get("user")
        email = user.get("email") if isinstance(user, dict) else None
        return email if isinstance(email, str) and email else None

    def has_customer(self, api_url: str, token: str, email: str) -> bool:
        """Ask whether there is a customer with an e-mail address."""
        return self._execute(api_url, token, "customer_by_email", {"email": email}).get("user") is not None

    def customer_emails(self, api_url: str, token: str, user_ids: Sequence[str]) -> dict[str, str]:
        """Ask for the e-mail addresses of up to 100 customers, by id. Who is not known, or has none, is missing."""
        if not user_ids:
            return {}  # Saleor answers an empty list with everybody.
        if len(user_ids) > CUSTOMERS_MAX:
            raise ValueError(f"at most {CUSTOMERS_MAX} customers in one read")
        answer = self._execute(api_url, token, "customers", {"ids": list(user_ids)}).get("customers")
        try:
            nodes = [edge["node"] for edge in (answer or {})["edges"]]
            return {node["id"]: node["email"] for node in nodes if node["email"] and node["id"] in user_ids}
        except (KeyError, TypeError) as error:
            raise SaleorFault("Saleor did not give the customers that were asked for.") from error

    def channels(self, api_url: str, token: str) -> tuple[SalesChannel, ...]:
        """Ask for all channels of the shop."""
        try:
            return parse_channels(self._execute(api_url, token, "channels", {}).get("channels"))
        except (KeyError, TypeError, ValueError) as error:
            raise SaleorFault("Saleor's list of channels cannot be understood.") from error

    def product_prices(self, api_url: str, token: str, product_id: str, channels: Sequence[str]) -> dict[str, ProductPrice]:
        """Ask what a product costs in each channel. Where it is not sold is missing."""
        prices: dict[str, ProductPrice] = {}
        for start in range(0, len(channels), len(_PRICE_ALIASES)):
            asked = channels[start : start + len(_PRICE_ALIASES)]
            variables: dict[str, Any] = {"id": product_id}
            for place, alias in enumerate(_PRICE_ALIASES):
                variables[alias] = asked[place] if place < len(asked) else asked[0]
                if place > 0:
                    variables[f"with{alias.upper()}"] = place < len(asked)
            data = self._execute(api_url, token, "product_prices", variables)
            try:
                found = {slug: parse_product_price(data.get(alias)) for alias, slug in zip(_PRICE_ALIASES, asked, strict=False)}
            except (KeyError, TypeError, ValueError, ArithmeticError) as error:
                raise SaleorFault("Saleor's answer about a product cannot be understood.") from error
            prices |= {slug: price for slug, price in found.items() if price is not None}
        return prices
