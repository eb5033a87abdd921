"""Who calls the GraphQL endpoint: an app by its token, a customer or staff by theirs, or nobody."""

import base64
import json
from dataclasses import dataclass

from graphql import GraphQLError

from tests.standins.saleor.apps import App, Apps
from tests.standins.saleor.book import STAFF, Principal
from tests.standins.saleor.shop import Shop


@dataclass(frozen=True)
class Caller:
    """Who asks: an app, or whom a user's token names; nobody is neither."""

    app: App | None = None
    user: Principal | None = None
    is_staff: bool = False

    @property
    def principal(self) -> Principal | None:
        if self.app is not None:
            return {"__typename": "App", "id": self.app.id, "name": self.app.name}
        return self.user

    def may(self, permission: str) -> bool:
        return self.is_staff or (self.app is not None and permission in self.app.permissions)


def caller_with(token: str | None, apps: Apps, shop: Shop) -> Caller:
    """Return whom a token names. This Saleor made the token itself, so its signature is not looked at."""
    app = apps.holding(token)
    if app is not None or token is None or token.count(".") != 2:
        return Caller(app)
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    if claims.get("is_staff"):
        return Caller(user=STAFF, is_staff=True)
    customer = shop.customer_with(claims.get("email", ""))
    return Caller() if customer is None else Caller(user={"__typename": "User", "id": customer.id, "email": customer.email})


def require(caller: Caller, permission: str) -> None:
    if not caller.may(permission):
        message = f"To access this path, you need one of the following permissions: {permission}"
        raise GraphQLError(message, extensions={"exception": {"code": "PermissionDenied"}})
