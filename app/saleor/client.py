"""Talks to a Saleor: its GraphQL API and its key set."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import requests
import structlog

from app import http as outside
from app.domain.order import Order, Told
from app.errors import NotASaleor, SaleorFault, SaleorRefused, SaleorUnreachable
from app.saleor.api_urls import not_public
from app.saleor.own_app import NOT_ACCEPTED, REFUSED, OwnApp, parse_own_app
from app.saleor.parsing import parse_order, parse_time, parse_told
from app.saleor.shop_reads import ShopReads
from app.saleor.signature import has_keys
from app.saleor.versions import is_known_since
from app.saleor.webhooks import Change, ChangeKind, Webhook

if TYPE_CHECKING:
    from graphql import ExecutionResult

    from app.saleor.graphql import Connections, Reply

log = structlog.get_logger()

ORDERS_MAX = 100
METADATA_MAX = 4
# Saleor answers a change of four orders in about 0.2 s: this way a batch of a hundred takes two seconds rather than five.
AT_ONCE = 3
# `orders` takes `where` from here on, and its `filter` is deprecated.
WHERE_SINCE = (3, 22)
JWKS_BYTES_MAX = 64 * 1024

_TOKEN_REFUSED = frozenset({"PermissionDenied", "InvalidTokenError", "InvalidSignatureError", "ExpiredSignatureError"})
_ALIASES = ("a", "b", "c", "d")


@dataclass(frozen=True, slots=True)
class OrdersPage:
    """A page of a list of orders. `next_after` is None on the last one; `total` counts the whole list."""

    told: tuple[Told, ...]
    next_after: str | None
    total: int


class SaleorClient:
    """One client for all stores. `url_map` gives the address at which this process reaches an installed API URL.

    Where `public_only` says so of an API URL, only a server of the public internet is called for it.

    `version` is what a Saleor said of itself; None counts as the oldest.
    """

    def __init__(
        self,
        *,
        url_map: Mapping[str, str] | None = None,
        total_seconds: int = outside.TOTAL_SECONDS,
        new_adapter: outside.NewAdapter | None = None,
        public_only: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._url_map = dict(url_map or {})
        self._total_seconds = total_seconds
        self._new_adapter = new_adapter
        self._public_only = public_only
        # What the shop's own pages and lists are read by: channels, prices, customers.
        self.shop = ShopReads(self._execute)
        self._opening = threading.Lock()
        self._opened: Connections | None = None

    def own_app(self, api_url: str, token: str) -> OwnApp:
        """Ask the Saleor which app this token belongs to.

        Raises NotASaleor when the answer names no app, SaleorUnreachable when there is none.
        """
        try:
            app = self._own_app(api_url, token)
        except (SaleorRefused, SaleorFault):
            app = None
        if app is None:
            raise NotASaleor(
                f"{api_url} does not know the token that was sent with this installation. "
                "Check that PUBLIC_URL of Saleor's API and worker is this Saleor's own address."
            )
        return app

    def own_app_id(self, api_url: str, token: str) -> str:
        """Ask for the id alone. Raises as `own_app` does."""
        return self.own_app(api_url, token).id

    def own_permissions(self, api_url: str, token: str) -> frozenset[str]:
        """Ask which permissions the app has.

        Raises SaleorRefused when the token is not accepted, SaleorUnreachable, SaleorBusy or SaleorFault.
        """
        app = self._own_app(api_url, token)
        if app is None:
            raise SaleorRefused(NOT_ACCEPTED)
        return app.permissions

    def is_token_in_use(self, api_url: str, token: str) -> bool:
        """Ask the Saleor whether it still accepts a token.

        Raises SaleorUnreachable, SaleorBusy or SaleorFault when it says neither yes nor no.
        """
        try:
            return self._own_app(api_url, token) is not None
        except SaleorRefused:
            return False

    def _own_app(self, api_url: str, token: str) -> OwnApp | None:
        reply = self._reply(api_url, token, "own_app", {})
        return parse_own_app(_data_of(reply.result).get("app"), reply.saleor_time)

    def jwks(self, api_url: str) -> str:
        """Fetch the key set that signs this Saleor's webhooks, as JSON text.

        Raises SaleorUnreachable when it cannot be had.
        """
        parts = urlsplit(self._reached(api_url))
        url = urlunsplit((parts.scheme, parts.netloc, "/.well-known/jwks.json", "", ""))
        try:
            with outside.new_session(
                total_seconds=self._total_seconds, new_adapter=self._new_adapter, public_only=self._public_only(api_url)
            ) as session:
                answer = session.get(url)
            jwks = _key_set(answer)
        except outside.NotPublic:
            raise not_public(api_url) from None
        except (requests.RequestException, ValueError, KeyError, TypeError, RecursionError):
            jwks = None
        if jwks is None:
            raise SaleorUnreachable(f"{url} does not give the keys that sign this Saleor's webhooks.")
        return jwks

    def read_orders(self, api_url: str, token: str, ids: Sequence[str], *, version: str | None) -> list[Order]:
        """Read up to 100 orders. Ids that Saleor does not know are missing from the answer.

        Raises SaleorFault when the whole read fails; one malformed id, or one broken order, is enough for that.
        """
        if not ids:
            return []  # By `filter`, Saleor answers an empty list with all orders.
        if len(ids) > ORDERS_MAX:
            raise ValueError(f"at most {ORDERS_MAX} orders in one read")
        data = self._execute(api_url, token, "orders_where" if _has_where(version) else "orders", {"ids": list(ids)})
        edges = self._edges(data)
        try:
            read = [parse_order(edge["node"]) for edge in edges]
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise SaleorFault("Saleor's answer about an order cannot be understood.") from error
        asked = set(ids)
        return [order for order in read if order.id in asked]

    def newest_change(self, api_url: str, token: str) -> datetime | None:
        """Ask when any order changed last, by Saleor's clock; None while there is no order."""
        edges = self._edges(self._execute(api_url, token, "newest_change", {}))
        try:
            return parse_time(edges[0]["node"]["updatedAt"]) if edges else None
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise SaleorFault("Saleor's answer about its orders cannot be understood.") from error

    def changed_orders(
        self, api_url: str, token: str, *, version: str | None, since: datetime | None, until: datetime, after: str | None = None
    ) -> OrdersPage:
        """Read a page of the orders that changed from one moment to another, the longest unchanged first."""
        changed = {"lte": until.isoformat()} | ({"gte": since.isoformat()} if since is not None else {})
        return self._page(api_url, token, version, {"updatedAt": changed}, "LAST_MODIFIED_AT", after)

    def created_orders(
        self, api_url: str, token: str, *, version: str | None, since: date, after: str | None = None
    ) -> OrdersPage:
        """Read a page of the orders that were created on a day or later, the oldest first. Days are those of UTC."""
        midnight = datetime.combine(since, time(), tzinfo=UTC)
        created = {"createdAt": {"gte": midnight.isoformat()}} if _has_where(version) else {"created": {"gte": since.isoformat()}}
        return self._page(api_url, token, version, created, "CREATED_AT", after)

    def _page(
        self, api_url: str, token: str, version: str | None, wanted: Mapping[str, Any], sort_by: str, after: str | None
    ) -> OrdersPage:
        operation, argument = ("orders_page_where", "where") if _has_where(version) else ("orders_page", "filter")
        data = self._execute(api_url, token, operation, {argument: wanted, "sortBy": sort_by, "after": after})
        edges = self._edges(data)
        try:
            info = data["orders"]["pageInfo"]
            return OrdersPage(
                told=tuple(told for edge in edges if (told := _told(edge["node"])) is not None),
                next_after=info["endCursor"] if info["hasNextPage"] else None,
                total=int(data["orders"]["totalCount"] or 0),
            )
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise SaleorFault("Saleor's list of orders cannot be understood.") from error

    @staticmethod
    def _edges(data: Mapping[str, Any]) -> list[Any]:
        orders = data.get("orders")
        edges = orders.get("edges") if isinstance(orders, dict) else None
        if not isinstance(edges, list):
            raise SaleorFault("Saleor did not give the orders that were asked for.")
        return edges

    def add_note(self, api_url: str, token: str, order_id: str, message: str) -> None:
        """Write a note into an order's history.

        Raises SaleorRefused when Saleor does not take it.
        """
        self._mutate(api_url, token, "order_note", {"id": order_id, "message": message})

    def create_problem(self, api_url: str, token: str, key: str, message: str) -> None:
        """Tell the merchant, under Extensions, what is wrong with the app.

        Raises SaleorFault where this Saleor knows no such thing, SaleorRefused when it does not take it.
        """
        self._mutate(api_url, token, "app_problem_create", {"input": {"key": key, "message": message}})

    def dismiss_problems(self, api_url: str, token: str, keys: Sequence[str]) -> None:
        """Take back what was told under these keys."""
        self._mutate(api_url, token, "app_problem_dismiss", {"keys": list(keys)})

    def _mutate(self, api_url: str, token: str, operation: str, variables: Mapping[str, Any]) -> None:
        answer = next(iter(self._execute(api_url, token, operation, variables).values()), None)
        if not isinstance(answer, dict) or answer.get("errors"):
            raise SaleorRefused(f"Saleor did not do what it was asked for ({operation.replace('_', ' ')}).")

    def own_webhooks(self, api_url: str, token: str) -> list[Webhook]:
        """Read the app's webhooks as this Saleor has them."""
        app = self._execute(api_url, token, "own_webhooks", {}).get("app")
        try:
            return [
                Webhook(
                    name=hook["name"],
                    target_url=hook["targetUrl"],
                    query=hook["subscriptionQuery"] or "",
                    events=frozenset(event["eventType"] for event in hook["asyncEvents"]),
                    id=hook["id"],
                )
                for hook in (app or {})["webhooks"]
            ]
        except (KeyError, TypeError) as error:
            raise SaleorFault("Saleor does not show the app's webhooks.") from error

    def change_webhook(self, api_url: str, token: str, change: Change) -> None:
        """Create, update or delete one of the app's own webhooks: its token allows it.

        Raises SaleorRefused when Saleor does not do it.
        """
        webhook = change.webhook
        told = {
            "name": webhook.name,
            "targetUrl": webhook.target_url,
            "query": webhook.query,
            "asyncEvents": sorted(webhook.events),
        }
        variables: dict[str, Any] = {} if webhook.id is None else {"id": webhook.id}
        if change.kind is not ChangeKind.DELETE:
            variables["input"] = told
        data = self._execute(api_url, token, f"webhook_{change.kind}", variables)
        answer = next(iter(data.values()), None)
        if not isinstance(answer, dict) or answer.get("errors"):
            raise SaleorRefused(f"Saleor did not {change.kind} the webhook {webhook.name}.")

    def write_metadata(self, api_url: str, token: str, changes: Sequence[tuple[str, Mapping[str, str]]]) -> list[str | None]:
        """Write public metadata of up to four orders in one request.

        Gives, in the same order, None where it was written and else what Saleor said against it.
        """
        if not 0 < len(changes) <= METADATA_MAX:
            raise ValueError(f"from 1 to {METADATA_MAX} orders in one request")
        variables: dict[str, Any] = {}
        for place, alias in enumerate(_ALIASES):
            order_id, values = changes[place] if place < len(changes) else (changes[0][0], {})
            variables[f"{alias}Id"] = order_id
            variables[f"{alias}Input"] = [{"key": key, "value": value} for key, value in values.items()]
            if place > 0:
                variables[f"with{alias.upper()}"] = place < len(changes)
        data = self._execute(api_url, token, "update_metadata", variables, partial_answers=True)
        return [_outcome(data.get(alias)) for alias, _ in zip(_ALIASES, changes, strict=False)]

    def _execute(
        self, api_url: str, token: str, operation: str, variables: Mapping[str, Any], *, partial_answers: bool = False
    ) -> dict[str, Any]:
        return _data_of(self._reply(api_url, token, operation, variables).result, partial_answers=partial_answers)

    def _reply(self, api_url: str, token: str, operation: str, variables: Mapping[str, Any]) -> "Reply":
        return self._connections().execute(self._reached(api_url), token, operation, variables, api_url=api_url)

    def _connections(self) -> "Connections":
        """Open them with the first request: GraphQL takes long to load, and many a process never asks a Saleor."""
        from app.saleor.graphql import Connections  # noqa: PLC0415 - see above

        with self._opening:
            if self._opened is None:
                self._opened = Connections(
                    total_seconds=self._total_seconds, new_adapter=self._new_adapter, public_only=self._public_only
                )
            return self._opened

    def _reached(self, api_url: str) -> str:
        return self._url_map.get(api_url, api_url)


def _has_where(version: str | None) -> bool:
    return is_known_since(version, WHERE_SINCE)


def _data_of(result: "ExecutionResult", *, partial_answers: bool = False) -> dict[str, Any]:
    """Give the answer's data. Raises SaleorRefused or SaleorFault where there are errors, unless a part of it will do."""
    has_part = partial_answers and any(part is not None for part in (result.data or {}).values())
    if result.errors and not has_part:
        raise _refusal(result.errors)
    return dict(result.data or {})


def _told(node: Mapping[str, Any]) -> Told | None:
    """Read an order of a list. One that makes no sense must not keep us from the others."""
    try:
        return parse_told(node)
    except (KeyError, TypeError, ValueError, ArithmeticError):
        log.error("an order of a list cannot be understood")  # noqa: TRY400 - the error's text may hold an e-mail
        return None


def _key_set(answer: requests.Response) -> str | None:
    """Read a key set, as JSON text. None where it is none, or holds no key that could sign a webhook."""
    if answer.status_code != requests.codes.ok or len(answer.content) > JWKS_BYTES_MAX:
        return None
    keys = answer.json()["keys"]
    jwks = json.dumps({"keys": keys})
    return jwks if isinstance(keys, list) and has_keys(jwks) else None


def _refusal(errors: Sequence[Any]) -> SaleorRefused | SaleorFault:
    """Tell a refusal from a fault. Saleor's own text is not repeated: with DEBUG it holds stack traces."""
    if {_code(error) for error in errors} & _TOKEN_REFUSED:
        return SaleorRefused(REFUSED)
    return SaleorFault("Saleor answered with an error.")


def _code(error: Any) -> str:
    """Read extensions.exception.code of a GraphQL error, where Saleor names the exception."""
    extensions = error.get("extensions") if isinstance(error, dict) else getattr(error, "extensions", None)
    exception = extensions.get("exception") if isinstance(extensions, dict) else None
    code = exception.get("code") if isinstance(exception, dict) else None
    return code if isinstance(code, str) else ""


def _outcome(answer: Any) -> str | None:
    if not isinstance(answer, dict):
        return "Saleor did not write the metadata."
    errors = answer.get("errors")
    if not errors:
        return None
    code = errors[0].get("code") if isinstance(errors[0], dict) else None
    return f"Saleor did not write the metadata ({code})."
