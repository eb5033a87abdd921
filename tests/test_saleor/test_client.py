"""The client of Saleor's API: what it reads and writes, and what each fault is called."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from graphql import OperationDefinitionNode, parse, print_ast
from requests.adapters import HTTPAdapter

from app.errors import AppError, NotASaleor, SaleorBusy, SaleorFault, SaleorRefused, SaleorUnreachable
from app.saleor.client import SaleorClient
from app.saleor.graphql import IDLE_MAX, OPERATIONS
from app.saleor.order_calls import METADATA_MAX, ORDERS_MAX
from tests.clock import MovableClock
from tests.standins import faults
from tests.standins.faults import Fault
from tests.standins.saleor import Item
from tests.standins.saleor.orders import global_id
from tests.standins.serving import Answer, LocalServer, Request, json_answer
from tests.test_saleor.conftest import Caller

STACK_TRACE = "Traceback: shopper@example.com"


def read(caller: Caller, *ids: str, version: str | None = "3.24") -> list[str]:
    return [order.id for order in caller.client.orders.read(caller.saleor.api_url, caller.token, ids, version=version)]


def write(caller: Caller, *changes: tuple[str, dict[str, str]]) -> list[str | None]:
    return caller.client.orders.write_metadata(caller.saleor.api_url, caller.token, changes)


def placed(caller: Caller, count: int) -> list[str]:
    return [caller.saleor.shop.place_paid_order("60") for _ in range(count)]


# Who we are


def test_the_token_names_its_app(caller: Caller) -> None:
    assert caller.client.app.own_id(caller.saleor.api_url, caller.token) == caller.app_id


def test_a_wrong_token_is_nobodys(caller: Caller) -> None:
    with pytest.raises(NotASaleor, match="PUBLIC_URL"):
        caller.client.app.own_id(caller.saleor.api_url, "wrong")


def test_the_key_set_is_the_origins(caller: Caller) -> None:
    assert json.loads(caller.client.jwks(caller.saleor.api_url)) == caller.saleor.key.jwks()


def test_a_mapped_address_is_reached_where_the_map_says(caller: Caller) -> None:
    client = SaleorClient(url_map={"http://shop.invalid/graphql/": caller.saleor.api_url})

    assert client.app.own_id("http://shop.invalid/graphql/", caller.token) == caller.app_id
    assert json.loads(client.jwks("http://shop.invalid/graphql/")) == caller.saleor.key.jwks()


def test_a_connection_is_kept_for_whichever_thread_asks_next(caller: Caller) -> None:
    made = []

    def new_adapter(total_seconds: float) -> HTTPAdapter:
        made.append(total_seconds)
        return HTTPAdapter()

    client = SaleorClient(new_adapter=new_adapter)
    for _ in range(3):
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(client.app.own_id, caller.saleor.api_url, caller.token).result() == caller.app_id

    assert len(made) == 1


def test_of_many_connections_the_one_used_longest_ago_is_closed(caller: Caller) -> None:
    made = []

    def new_adapter(total_seconds: float) -> HTTPAdapter:
        made.append(total_seconds)
        return HTTPAdapter()

    names = [f"http://shop{number}.invalid/graphql/" for number in range(IDLE_MAX + 1)]
    client = SaleorClient(url_map={name: f"{caller.saleor.api_url}?{name}" for name in names}, new_adapter=new_adapter)
    for name in (*names, names[-1], names[0]):
        client.app.own_id(name, caller.token)

    assert len(made) == IDLE_MAX + 2


def test_what_one_thread_asks_does_not_disturb_another(caller: Caller) -> None:
    ids = placed(caller, 8)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda order_id: read(caller, order_id), ids))

    assert answers == [[order_id] for order_id in ids]


# Reading


def test_orders_are_read_in_one_request(caller: Caller) -> None:
    ids = placed(caller, 3)

    assert sorted(read(caller, *ids)) == sorted(ids)
    assert caller.saleor.counts["Orders"] == 1


def test_no_ids_are_never_asked_for(caller: Caller) -> None:
    placed(caller, 2)

    assert read(caller) == []
    assert caller.saleor.counts["Orders"] == 0


@pytest.mark.parametrize(
    ("version", "argument"),
    [(None, "filter"), ("no one", "filter"), ("3.20", "filter"), ("3.21", "filter"), ("3.22", "where"), ("3.24.0-a", "where")],
)
def test_orders_are_asked_for_by_what_the_saleor_knows(version: str | None, argument: str) -> None:
    queries: list[str] = []

    def answer(request: Request) -> Answer:
        queries.append(json.loads(request.body)["query"])
        page = {"edges": [], "pageInfo": {"hasNextPage": False, "endCursor": None}, "totalCount": 0}
        return json_answer({"data": {"orders": page}})

    server = LocalServer(answer).start()
    client, now = SaleorClient(), datetime(2026, 3, 1, tzinfo=UTC)
    client.orders.read(server.url, "token", ["an id"], version=version)
    client.orders.changed(server.url, "token", version=version, since=None, until=now)
    client.orders.created(server.url, "token", version=version, since=now.date())
    server.stop()

    other = {"filter": "where", "where": "filter"}[argument]
    assert [(f"{argument}: " in query, f"{other}: " in query) for query in queries] == [(True, False)] * 3


@pytest.mark.parametrize("version", ["3.21", "3.22"])
def test_either_way_finds_the_same_orders(caller: Caller, clock: MovableClock, version: str) -> None:
    api_url, token, client = caller.saleor.api_url, caller.token, caller.client
    placed(caller, 1)
    clock.advance(days=2)
    since = clock()
    ids = placed(caller, 2)

    changed = client.orders.changed(api_url, token, version=version, since=since, until=clock())
    created = client.orders.created(api_url, token, version=version, since=since.date())

    assert sorted(read(caller, *ids, version=version)) == sorted(ids)
    assert sorted(told.order_id for told in changed.told) == sorted(ids)
    assert sorted(told.order_id for told in created.told) == sorted(ids)


@pytest.mark.parametrize("name", ["orders", "orders_page"])
def test_both_documents_ask_for_the_same(name: str) -> None:
    fields = [
        print_ast(definition.selection_set.selections[0].selection_set)  # type: ignore[attr-defined]  # a field
        for ending in ("", "_where")
        for definition in parse((OPERATIONS / f"{name}{ending}.graphql").read_text()).definitions
        if isinstance(definition, OperationDefinitionNode)
    ]

    assert fields[0] == fields[1]


def test_no_document_asks_for_an_orders_origin() -> None:
    documents = [*OPERATIONS.glob("*.graphql"), *(OPERATIONS.parents[2] / "manifest").glob("*.graphql")]

    asking = [document.name for document in documents if "origin" in document.read_text().split()]

    assert {document.parent.name for document in documents} == {"operations", "manifest"}
    assert asking == []


def test_an_answer_is_spoilt_where_an_orders_origin_is_asked_for(caller: Caller) -> None:
    [order_id] = placed(caller, 1)
    asking = document().replace(" original\n", " original\n        origin\n")

    _, body = caller.saleor.api.answer({"query": asking, "variables": {"ids": [order_id]}}, caller.token)

    assert "origin" in str(body["errors"])


def test_a_hundred_orders_are_the_most_of_one_read(caller: Caller) -> None:
    with pytest.raises(ValueError, match="100"):
        read(caller, *["x"] * (ORDERS_MAX + 1))


def test_unknown_and_draft_orders_are_missing(caller: Caller) -> None:
    [known] = placed(caller, 1)
    draft = caller.saleor.shop.place_draft("60")

    assert read(caller, global_id("Order", str(UUID(int=1))), draft, known) == [known]


def test_an_order_nobody_asked_for_is_left_out(caller: Caller) -> None:
    asked, other = placed(caller, 2)
    caller.saleor.faults.once(answering(caller, [other, asked]), on="Orders")

    assert read(caller, asked) == [asked]


def answering(caller: Caller, ids: list[str]) -> Fault:
    """Answer with these orders, whatever was asked."""
    body = caller.saleor.api.answer({"query": document(), "variables": {"ids": ids}}, caller.token)[1]
    return lambda _act: json_answer(json.loads(json.dumps(body, default=float)))


def document() -> str:
    return (OPERATIONS / "orders.graphql").read_text()


@pytest.mark.parametrize(
    ("channel", "price", "total"),
    [
        ("default-channel", "0.10", "0.30"),
        ("default-channel", "1234567.89", "3703703.67"),
        ("japan", "1980", "5940"),
        ("kuwait", "0.005", "0.015"),
        ("kuwait", "33333.333", "99999.999"),
    ],
)
def test_money_is_exact_in_every_currency(caller: Caller, channel: str, price: str, total: str) -> None:
    order_id = caller.saleor.shop.place_paid_order(price, price, price, channel=channel)

    [order] = caller.client.orders.read(caller.saleor.api_url, caller.token, [order_id], version="3.24")

    assert (order.total, order.charged) == (Decimal(total), Decimal(total))
    assert sum(line.gross for line in order.lines) == Decimal(total)


def test_an_order_is_read_with_all_that_decides_its_points(caller: Caller) -> None:
    shop, till = caller.saleor.shop, caller.saleor.till
    order_id = shop.place_paid_order("20", Item("40", "33.61", kind="GIFT_CARD"), shipping="5.50", shipping_net="4.62")
    till.refund(order_id, "10")
    shop.update_metadata(order_id, {"points_status": "ready", "other": "x"})

    [order] = caller.client.orders.read(caller.saleor.api_url, caller.token, [order_id], version="3.24")

    assert (order.total, order.subtotal, order.charged, order.refunded) == (
        Decimal("65.50"), Decimal(60), Decimal("55.50"), Decimal(10),
    )  # fmt: skip
    assert (order.shipping_gross, order.shipping_net) == (Decimal("5.50"), Decimal("4.62"))
    assert [(line.net, line.earns) for line in order.lines] == [(Decimal(20), True), (Decimal("33.61"), False)]
    assert order.fully_paid_at is not None
    assert order.metadata == {"points_status": "ready"}
    assert order.currency == "USD"
    assert not order.is_registered


# What goes wrong


def test_a_saleor_that_is_down_is_unreachable(caller: Caller) -> None:
    caller.saleor.stop()

    with pytest.raises(SaleorUnreachable):
        read(caller, *["x"])


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.status(500), SaleorUnreachable),
        (faults.status(502), SaleorUnreachable),
        (faults.status(503), SaleorUnreachable),
        (faults.status(404), SaleorUnreachable),
        (faults.html(), SaleorUnreachable),
        (faults.html(502), SaleorUnreachable),
        (faults.html(400), SaleorUnreachable),
        (faults.empty(), SaleorUnreachable),
        (faults.not_json(), SaleorUnreachable),
        (faults.cut(), SaleorUnreachable),
        (faults.cut_in_the_middle(), SaleorUnreachable),
        (faults.redirect(), SaleorUnreachable),
        (faults.redirect(code=307), SaleorUnreachable),
        (faults.status(200, []), SaleorUnreachable),
        (faults.status(200, {}), SaleorUnreachable),
        (faults.status(200, 5), SaleorUnreachable),
        (lambda _act: Answer(200, b"[" * 100_000), SaleorUnreachable),
        (faults.too_many_requests(), SaleorBusy),
        (faults.status(401), SaleorRefused),
        (faults.status(403), SaleorRefused),
        (faults.permission_denied(), SaleorRefused),
        (faults.graphql_errors(), SaleorFault),
        (faults.graphql_errors(code=400), SaleorFault),
        (faults.status(200, {"data": None}), SaleorFault),
        (faults.status(200, {"data": {"orders": None}}), SaleorFault),
        (faults.status(200, {"data": {"orders": []}}), SaleorFault),
        (faults.status(200, {"data": {"orders": {}}}), SaleorFault),
        (faults.status(200, {"data": {"orders": {"edges": None}}}), SaleorFault),
        (faults.status(200, {"data": {"orders": {"edges": [None]}}}), SaleorFault),
        (faults.status(200, {"data": {"orders": {"edges": [{"node": None}]}}}), SaleorFault),
        (faults.status(200, {"data": {"orders": {"edges": [{"node": {"id": "x"}}]}}}), SaleorFault),
    ],
)
def test_each_fault_of_a_read_has_its_name(caller: Caller, fault: Fault, error: type[AppError]) -> None:
    [order_id] = placed(caller, 1)
    caller.saleor.faults.once(fault, on="Orders")

    with pytest.raises(AppError) as raised:
        read(caller, order_id)

    assert type(raised.value) is error
    assert read(caller, order_id) == [order_id]


@pytest.mark.parametrize("fault", [faults.hang(), faults.drip(60)], ids=["hang", "drip"])
def test_a_saleor_that_takes_too_long_is_unreachable(caller: Caller, fault: Fault) -> None:
    client = SaleorClient(total_seconds=1)
    caller.saleor.faults.once(fault, on="Orders")

    with pytest.raises(SaleorUnreachable):
        client.orders.read(caller.saleor.api_url, caller.token, placed(caller, 1), version="3.24")


def test_keys_that_take_too_long_are_unreachable(caller: Caller) -> None:
    caller.saleor.faults.once(faults.hang(), on="jwks")

    with pytest.raises(SaleorUnreachable):
        SaleorClient(total_seconds=1).jwks(caller.saleor.api_url)


def test_an_answer_that_is_too_long_is_not_read(caller: Caller) -> None:
    caller.saleor.faults.once(faults.oversized(), on="Orders")

    with pytest.raises(SaleorUnreachable):
        read(caller, *placed(caller, 1))


@pytest.mark.parametrize(
    ("header", "expected"),
    [("7", timedelta(seconds=7)), ("", None), ("soon", None), ("-5", None), ("9" * 30, None), ("0", timedelta(0))],
)
def test_a_plea_for_patience_says_how_long_if_it_can(caller: Caller, header: str, expected: timedelta | None) -> None:
    caller.saleor.faults.once(lambda _act: Answer(429, b"{}", headers=(("Retry-After", header),)), on="Orders")

    with pytest.raises(SaleorBusy) as raised:
        read(caller, *placed(caller, 1))

    assert raised.value.retry_after == expected


def test_a_revoked_token_is_refused(caller: Caller) -> None:
    caller.saleor.apps.revoke_token(caller.app_id)

    with pytest.raises(SaleorRefused, match="install the app again"):
        read(caller, *placed(caller, 1))


def test_an_app_that_was_removed_is_refused(caller: Caller) -> None:
    caller.saleor.apps.uninstall(caller.app_id)

    with pytest.raises(SaleorRefused):
        read(caller, *placed(caller, 1))


def test_an_app_without_the_permission_is_refused(caller: Caller) -> None:
    caller.saleor.apps.installed[caller.app_id].permissions = ()

    with pytest.raises(SaleorRefused, match="MANAGE_ORDERS"):
        read(caller, *placed(caller, 1))


@pytest.mark.parametrize("spoil", ["malformed", "broken"])
def test_one_bad_order_spoils_a_read_and_is_called_a_fault(caller: Caller, spoil: str) -> None:
    good, bad = placed(caller, 2)
    if spoil == "broken":
        caller.saleor.break_order(bad)

    with pytest.raises(SaleorFault):
        read(caller, good, bad if spoil == "broken" else "nonsense")


@pytest.mark.parametrize("fault", [faults.graphql_errors(STACK_TRACE), faults.status(500, {"errors": STACK_TRACE})])
def test_no_error_repeats_what_saleor_said(caller: Caller, fault: Fault) -> None:
    caller.saleor.faults.once(fault, on="Orders")

    with pytest.raises(AppError) as raised:
        read(caller, *placed(caller, 1))

    assert "shopper" not in str(raised.value)
    assert caller.token not in str(raised.value)


def test_a_redirect_takes_the_token_nowhere(caller: Caller) -> None:
    asked: list[Request] = []

    def elsewhere(request: Request) -> Answer:
        asked.append(request)
        return json_answer({"data": {"app": {"id": "QXBwOjE="}}})

    server = LocalServer(elsewhere).start()
    caller.saleor.faults.always(faults.redirect(f"{server.url}/graphql/", code=308))

    with pytest.raises(SaleorUnreachable):
        caller.client.app.own_id(caller.saleor.api_url, caller.token)
    server.stop()

    assert asked == []


def test_no_proxy_of_the_environment_is_used(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")

    assert caller.client.app.own_id(caller.saleor.api_url, caller.token) == caller.app_id


# Writing


@pytest.mark.parametrize("count", range(1, METADATA_MAX + 1))
def test_as_many_orders_as_fit_are_written_in_one_request(caller: Caller, count: int) -> None:
    ids = placed(caller, count)

    outcomes = write(caller, *[(order_id, {"points_amount": str(place)}) for place, order_id in enumerate(ids)])

    assert outcomes == [None] * count
    written = [dict(caller.saleor.book[order_id].metadata or {})["points_amount"] for order_id in ids]
    assert written == [str(place) for place in range(count)]
    assert caller.saleor.counts["UpdateMetadata"] == 1


def test_writing_touches_no_order_but_those_named(caller: Caller) -> None:
    named, other = placed(caller, 2)
    before = caller.saleor.book.versions(other)

    write(caller, (named, {"points_status": "ready"}))

    assert caller.saleor.book.versions(other) == before
    assert len(caller.saleor.book.versions(named)) == 2


def test_writing_keeps_what_others_wrote(caller: Caller) -> None:
    [order_id] = placed(caller, 1)
    caller.saleor.shop.update_metadata(order_id, {"other": "x"})

    write(caller, (order_id, {"points_status": "ready", "points_amount": "60"}))

    assert caller.saleor.book[order_id].metadata == {"other": "x", "points_status": "ready", "points_amount": "60"}


@pytest.mark.parametrize("count", range(1, METADATA_MAX + 1))
@pytest.mark.parametrize("bad", range(METADATA_MAX))
def test_an_error_for_one_order_leaves_the_others_written(caller: Caller, count: int, bad: int) -> None:
    ids = placed(caller, count)
    bad %= count
    caller.saleor.refuse_metadata(ids[bad], code="NOT_FOUND", message=STACK_TRACE)

    outcomes = write(caller, *[(order_id, {"points_status": "ready"}) for order_id in ids])

    assert [outcome is None for outcome in outcomes] == [place != bad for place in range(count)]
    assert "NOT_FOUND" in (outcomes[bad] or "")
    assert "shopper" not in (outcomes[bad] or "")


@pytest.mark.parametrize("count", [0, METADATA_MAX + 1])
def test_a_request_writes_one_to_four_orders(caller: Caller, count: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 4"):
        write(caller, *[("x", {})] * count)


def test_writing_with_a_revoked_token_is_refused(caller: Caller) -> None:
    ids = placed(caller, 2)
    caller.saleor.apps.revoke_token(caller.app_id)

    with pytest.raises(SaleorRefused):
        write(caller, *[(order_id, {"points_status": "ready"}) for order_id in ids])


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda answer: {**answer, "data": {"a": None, "b": {"errors": []}}, "errors": [{"message": "x"}]}, [False, True]),
        (lambda answer: {**answer, "data": {"b": {"errors": []}}}, [False, True]),
        (lambda answer: {**answer, "data": {"a": "x", "b": {"errors": []}}}, [False, True]),
        (lambda answer: {**answer, "data": {"a": {"errors": ["x"]}, "b": {"errors": None}}}, [False, True]),
    ],
)
def test_an_alias_without_a_good_answer_was_not_written(caller: Caller, edit: Callable[[Any], Any], expected: list[bool]) -> None:
    first, second = placed(caller, 2)
    caller.saleor.faults.once(faults.edited(edit), on="UpdateMetadata")

    outcomes = write(caller, (first, {"a": "1"}), (second, {"a": "1"}))

    assert [outcome is None for outcome in outcomes] == expected


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.status(500), SaleorUnreachable),
        (faults.cut(), SaleorUnreachable),
        (faults.cut_in_the_middle(), SaleorUnreachable),
        (faults.too_many_requests(), SaleorBusy),
        (faults.graphql_errors(), SaleorFault),
        (faults.permission_denied("a"), SaleorRefused),
    ],
)
def test_each_fault_of_a_write_has_its_name(caller: Caller, fault: Fault, error: type[AppError]) -> None:
    [order_id] = placed(caller, 1)
    caller.saleor.faults.once(fault, on="UpdateMetadata")

    with pytest.raises(error):
        write(caller, (order_id, {"points_status": "ready"}))
