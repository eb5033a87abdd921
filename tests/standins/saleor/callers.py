"""Who calls the GraphQL endpoint: an app by its token, a customer or staff by theirs, or nobody."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from graphql import GraphQLError

from tests.standins.saleor.apps import App, Apps
from tests.standins.saleor.book import STAFF, Principal
from tests.standins.saleor.shop import Shop
from tests.standins.saleor.wire import user_fields


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
    claims = _claims_of(token)
    if claims.get("is_staff"):
        return Caller(user=STAFF, is_staff=True)
    customer = shop.customer_with(claims.get("email", ""))
    return Caller() if customer is None else Caller(user={"__typename": "User", "id": customer.id, "email": customer.email})


def require(caller: Caller, permission: str) -> None:
    if not caller.may(permission):
        raise denied(permission)


def denied(permissions: str) -> GraphQLError:
    """Give Saleor's error to whoever has none of the permissions."""
    message = f"To access this path, you need one of the following permissions: {permissions}"
    return GraphQLError(message, extensions={"exception": {"code": "PermissionDenied"}})


def signed_in(token: str | None, apps: Apps, shop: Shop, now: datetime) -> dict[str, Any] | None:
    """Return the user whose access token came along, as `me` does; an app, or nobody, is none.

    Saleor answers with an error where the token is over, or its user is gone or was switched off.
    """
    if token is None or token.count(".") != 2 or apps.holding(token) is not None:
        return None
    claims = _claims_of(token)
    if now >= datetime.fromtimestamp(claims["exp"], UTC):
        raise GraphQLError("Signature has expired", extensions={"exception": {"code": "ExpiredSignatureError"}})
    customer = shop.customer_with(claims.get("email", ""))
    if customer is None or not customer.is_active:
        message = "Invalid token. User does not exist or is inactive."
        raise GraphQLError(message, extensions={"exception": {"code": "InvalidTokenError"}})
    return user_fields(customer)


def _claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims
