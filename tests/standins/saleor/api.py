"""The GraphQL endpoint: real documents, executed with Saleor's observed rules."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    ValidationContext,
    execute_sync,
    is_non_null_type,
    parse,
    validate,
)

from tests.standins.saleor.app_mutations import AppMutations, app_fields
from tests.standins.saleor.apps import App, Apps
from tests.standins.saleor.book import listed
from tests.standins.saleor.callers import caller_with, denied
from tests.standins.saleor.code_wire import card_on_order
from tests.standins.saleor.gift_cards import GiftCard
from tests.standins.saleor.listing import filtered, found_where, is_order_id, page
from tests.standins.saleor.orders import Order
from tests.standins.saleor.schema import schema
from tests.standins.saleor.shop import Shop
from tests.standins.saleor.shop_reads import ShopReads
from tests.standins.saleor.wire import MadeBy, broken, order_fields, user_fields

MUTATIONS_MAX = 4
_CHANNEL_FIELDS_FOR_STAFF = {"name", "isActive", "currencyCode"}
COST = {"cost": {"requestedQueryCost": 1, "maximumAvailable": 50000}}


@dataclass
class Api:
    """Answer GraphQL requests; reads may come from an older view, writes never do."""

    shop: Shop
    apps: Apps
    version: str
    orders_seen: Callable[[], Mapping[str, Order]]
    # What is served about payments and codes, to the holder of a token.
    token_root: Callable[[str | None], Mapping[str, Callable[..., Any]]]
    made_by: MadeBy
    card: Callable[[str], GiftCard | None]
    broken_fields: dict[str, str] = field(default_factory=dict)
    metadata_refusals: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Reading the schema takes seconds, once. The first request would have to wait for it, and the app gives it five.
        schema(self.version)

    def answer(self, request: Mapping[str, Any], token: str | None) -> tuple[int, dict[str, Any]]:
        """Return the HTTP status and the body for one request."""
        try:
            document, refusals = _read(request.get("query") or "", self.version)
        except GraphQLError as error:
            return 400, {"errors": [error.formatted], "extensions": COST}
        refusals = refusals or _unvalued(_needed(document, self.version), request.get("variables") or {})
        if refusals:
            return 400, {"errors": [error.formatted for error in refusals], "extensions": COST}
        caller = caller_with(token, self.apps, self.shop)
        result = execute_sync(
            schema(self.version),
            document,
            root_value={**self._root(caller.app), **self.token_root(token)},
            variable_values=request.get("variables") or {},
            operation_name=request.get("operationName"),
            middleware=() if caller.app is not None or caller.is_staff else (_hide_from_shoppers,),
        )
        errors = {"errors": [error.formatted for error in result.errors]} if result.errors else {}
        return (200 if result.data is not None else 400), {**errors, "data": result.data, "extensions": COST}

    def fields_of(self, order: Order) -> dict[str, Any]:
        """Return the order as the schema knows it, with the field that a test broke."""
        fields = order_fields(order, self.made_by)
        if order.customer is not None and (known := self.shop.customer(order.customer.id)) is not None:
            fields["user"] = user_fields(known)
        if order.cards:
            fields["giftCards"] = [card_on_order(card) for card_id in order.cards if (card := self.card(card_id)) is not None]
        if order.id in self.broken_fields:
            fields[self.broken_fields[order.id]] = broken
        return fields

    def _root(self, app: App | None) -> dict[str, Callable[..., Any]]:
        def orders(_info: Any, **args: Any) -> dict[str, Any]:
            _require(app, "MANAGE_ORDERS")
            if "filter" in args and "where" in args:
                raise GraphQLError("Only one filtering argument (filter or where) can be specified.")
            found = found_where(filtered(listed(self.orders_seen()), args.get("filter") or {}), args.get("where") or {})
            rows = page(found, args.get("sortBy"), args.get("first"), args.get("after"))
            rows["edges"] = [{**edge, "node": self.fields_of(edge["node"])} for edge in rows["edges"]]
            return rows

        def order(_info: Any, id: str | None = None) -> dict[str, Any] | None:  # noqa: A002 - Saleor's name for it
            seen = self.orders_seen().get(id or "")
            return None if seen is None else self.fields_of(seen)

        def own_app(_info: Any, **_args: Any) -> dict[str, Any]:
            return app_fields(_require(app))

        def shop(_info: Any) -> dict[str, str]:
            _require(app)
            return {"version": self.version}

        def add_note(_info: Any, **args: Any) -> dict[str, Any]:
            _require(app, "MANAGE_ORDERS")
            if not args["input"]["message"].strip():
                return {"errors": [{"field": "message", "code": "REQUIRED", "message": "Message can't be empty."}]}
            self.shop.add_note(args["order"], args["input"]["message"])
            return {"errors": []}

        def update_metadata(_info: Any, **args: Any) -> dict[str, Any]:
            return self._update_metadata(_require(app, "MANAGE_ORDERS"), args["id"], args["input"])

        root: dict[str, Callable[..., Any]] = {
            "orders": orders,
            "order": order,
            "app": own_app,
            "shop": shop,
            "updateMetadata": update_metadata,
            "orderNoteAdd": add_note,
        }
        return (
            root
            | ShopReads(self.shop, lambda permission: _require(app, permission)).root()
            | AppMutations(lambda: _require(app)).root()
        )

    def _update_metadata(self, app: App, order_id: str, entries: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        if order_id in self.metadata_refusals:
            return {"errors": [self.metadata_refusals[order_id]], "item": None}
        if not is_order_id(order_id) or order_id not in self.shop.book:
            error = {"field": "id", "code": "NOT_FOUND", "message": f"Couldn't resolve to a node: {order_id}"}
            return {"errors": [error], "item": None}
        if not all(entry["key"].strip() for entry in entries):
            error = {"field": "input", "code": "REQUIRED", "message": "Metadata key cannot be empty."}
            return {"errors": [error], "item": None}
        before = self.shop.book[order_id]
        principal = {"__typename": "App", "id": app.id, "name": app.name}
        self.shop.update_metadata(order_id, {entry["key"]: entry["value"] for entry in entries}, by=principal)
        after = self.shop.book[order_id]
        if after.metadata == before.metadata:
            after = replace(after, updated_at=before.updated_at)
        return {"errors": [], "item": self.fields_of(after)}


@cache
def _read(query: str, version: str) -> tuple[DocumentNode, list[GraphQLError]]:
    document = parse(query)
    return document, validate(schema(version), document) or _limits(document)


def _limits(document: DocumentNode) -> list[GraphQLError]:
    """Refuse a fifth mutation in one request."""
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode) and node.operation is OperationType.MUTATION:
            mutations = [part for part in node.selection_set.selections if isinstance(part, FieldNode)]
            if len(mutations) > MUTATIONS_MAX:
                return [GraphQLError(f"Number of mutations exceed the limit of {MUTATIONS_MAX}")]
    return []


@cache
def _needed(document: DocumentNode, version: str) -> frozenset[str]:
    context = ValidationContext(schema(version), document, TypeInfo(schema(version)), lambda _error: None)
    return frozenset(
        usage.node.name.value
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
        for usage in context.get_recursive_variable_usages(node)
        if is_non_null_type(usage.type)
    )


def _unvalued(needed: frozenset[str], variables: Mapping[str, Any]) -> list[GraphQLError]:
    """Refuse a variable of a non-null argument without a value: a default, or leaving the field out, does not help."""
    return [
        GraphQLError(f'The variable "${name}" was not provided.', extensions={"exception": {"code": "GraphQLError"}})
        for name in sorted(needed - set(variables))
    ]


def _hide_from_shoppers(resolve: Callable[..., Any], source: Any, info: Any, **args: Any) -> Any:
    """Refuse shoppers what the schema says is for apps and staff. A running 3.24 was seen to refuse `currencyCode`."""
    if info.parent_type.name == "Channel" and info.field_name in _CHANNEL_FIELDS_FOR_STAFF:
        raise denied("AUTHENTICATED_APP, AUTHENTICATED_STAFF_USER")
    return resolve(source, info, **args)


def _require(app: App | None, permission: str | None = None) -> App:
    if app is None or (permission is not None and permission not in app.permissions):
        raise denied(permission or "AUTHENTICATED_APP")
    return app
