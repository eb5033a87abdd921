"""What an app may read of the shop itself: its customers, its channels and its products."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

from tests.standins.saleor.shop import Shop
from tests.standins.saleor.wire import channel_fields, product_fields, user_fields, variant_fields


@dataclass(frozen=True)
class ShopReads:
    """Serve the queries; `require` refuses whoever lacks a permission (None: whoever is no app)."""

    shop: Shop
    require: Callable[[str | None], Any]

    def root(self) -> dict[str, Callable[..., Any]]:
        return {
            "user": self.user,
            "customers": self.customers,
            "channels": self.channels,
            "product": self.product,
            "productVariants": self.variants,
        }

    def user(
        self,
        _info: Any,
        id: str | None = None,  # noqa: A002 - Saleor's name for it
        email: str | None = None,
    ) -> dict[str, Any] | None:
        self.require("MANAGE_ORDERS")
        found = self.shop.customer(id or "") if email is None else self.shop.customer_with(email)
        return None if found is None else user_fields(found)

    def customers(self, _info: Any, **args: Any) -> dict[str, Any]:
        self.require("MANAGE_ORDERS")
        found = self.shop.customers((args.get("filter") or {}).get("ids"))
        return {"edges": [{"node": user_fields(one)} for one in found]}

    def channels(self, _info: Any) -> list[dict[str, Any]]:
        self.require(None)
        return channel_fields(self.shop.currencies)

    def product(self, _info: Any, **args: Any) -> dict[str, Any] | None:
        found = self.shop.products.get(args["id"])
        return None if found is None else product_fields(found, args["channel"], self.shop.currencies)

    def variants(self, _info: Any, **args: Any) -> dict[str, Any]:
        """Show variants: to nobody and to customers only what is published, and only by a channel. No ids are all of them."""
        if not args.get("first"):
            raise GraphQLError(
                "You must provide a `first` or `last` value to properly paginate the `productVariants` connection."
            )
        wanted, channel = args.get("ids") or list(self.shop.variants), args.get("channel") or ""
        listed = [one for one in self.shop.variants.values() if one.id in wanted and channel in one.prices]
        found = [one for one in listed if one.is_published or self._sees_all()]
        nodes = [variant_fields(one, channel, self.shop.currencies[channel]) for one in found[: args["first"]]]
        return {"pageInfo": {"hasNextPage": False, "hasPreviousPage": False}, "edges": [{"node": node} for node in nodes]}

    def _sees_all(self) -> bool:
        try:
            self.require("MANAGE_ORDERS")
        except GraphQLError:
            return False
        return True
