"""The GraphQL endpoint answers the project's own documents, with the oddities that were observed."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from graphql import parse, validate

from tests.standins.faults import cut, cut_in_the_middle, graphql_errors, html, oversized, permission_denied, status
from tests.standins.saleor import Item
from tests.standins.saleor.orders import global_id
from tests.standins.saleor.schema import schema
from tests.test_standins.recording import ROOT, Clock, Installed, document

PAGE = """
query Changed($first: Int!, $after: String, $since: DateTime, $until: DateTime) {
  orders(first: $first, after: $after, filter: {updatedAt: {gte: $since, lte: $until}},
         sortBy: {field: LAST_MODIFIED_AT, direction: ASC}) {
    edges { cursor node { id updatedAt } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
UPDATE = "app/saleor/operations/update_metadata.graphql"
READY = [{"key": "points_status", "value": "ready"}]
# Saleor wants a value also for what is left out.
LEFT_OUT: dict[str, Any] = {
    **{f"{alias}Id": "T3JkZXI6MQ==" for alias in "bcd"},
    **{f"{alias}Input": [] for alias in "bcd"},
    **{f"with{alias}": False for alias in "BCD"},
}


def ids_of(answer: dict[str, Any]) -> list[str]:
    return [edge["node"]["id"] for edge in answer["data"]["orders"]["edges"]]


def test_every_document_of_the_project_fits_the_schema() -> None:
    paths = [*ROOT.glob("app/saleor/operations/*.graphql"), *ROOT.glob("manifest/*.graphql")]

    errors = {path.name: validate(schema(), parse(path.read_text(encoding="utf-8"))) for path in paths}

    assert errors == {path.name: [] for path in paths}


def test_an_order_is_read_with_its_money_lines_and_history(installed: Installed) -> None:
    order_id = installed.saleor.shop.place_paid_order("20", Item("40", "33.61", kind="GIFT_CARD"), shipping="5.50")

    [edge] = installed.orders(order_id)["data"]["orders"]["edges"]

    order = edge["node"]
    assert order["total"]["gross"] == {"amount": 65.5, "currency": "USD"}
    assert order["lines"][1]["totalPrice"]["net"]["amount"] == 33.61
    assert order["lines"][1]["variant"]["product"]["productType"]["kind"] == "GIFT_CARD"
    assert [entry["type"] for entry in order["events"]] == ["PLACED", "ORDER_FULLY_PAID"]
    assert order["transactions"][0]["events"] == [{"type": "CHARGE_SUCCESS", "amount": {"amount": 65.5}}]


def test_money_is_a_json_number_with_a_point(installed: Installed) -> None:
    order_id = installed.saleor.shop.place_paid_order("1980", channel="japan")

    answer = installed.post(document("app/saleor/operations/orders.graphql"), ids=[order_id])

    assert '"amount": 1980.0, "currency": "JPY"' in answer.text


def test_a_deleted_variant_leaves_no_kind(installed: Installed) -> None:
    order_id = installed.saleor.shop.place_order(Item("40", kind="GIFT_CARD"))
    installed.saleor.shop.delete_variant(order_id)

    [edge] = installed.orders(order_id)["data"]["orders"]["edges"]

    assert edge["node"]["lines"][0]["variant"] is None


def test_a_bad_token_is_refused_with_200(installed: Installed) -> None:
    answer = installed.post(document("app/saleor/operations/own_app.graphql"), token="bad")

    assert answer.status_code == 200
    assert answer.json()["data"] == {"app": None}
    assert answer.json()["errors"][0]["extensions"]["exception"]["code"] == "PermissionDenied"


def test_a_good_token_names_its_app_until_it_is_revoked(installed: Installed) -> None:
    own_app = document("app/saleor/operations/own_app.graphql")
    known = installed.ask(own_app)["data"]["app"]
    assert known == {
        "id": installed.app_id,
        "identifier": "points.example",
        "manifestUrl": installed.app.manifest_url,
        "permissions": [{"code": "MANAGE_ORDERS"}],
    }

    installed.saleor.apps.revoke_token(installed.app_id)

    assert installed.ask(own_app)["data"] == {"app": None}


def test_an_app_made_by_hand_has_no_manifest(installed: Installed) -> None:
    by_hand = installed.saleor.apps.create("By hand", identifier="its.own.choice")

    answer = installed.post(document("app/saleor/operations/own_app.graphql"), token=by_hand.token)

    app = answer.json()["data"]["app"]
    assert (app["identifier"], app["manifestUrl"], app["permissions"]) == ("its.own.choice", None, [])


def test_an_empty_list_of_ids_answers_all_orders(installed: Installed) -> None:
    orders = {installed.saleor.shop.place_order("20") for _ in range(3)}

    assert set(ids_of(installed.orders())) == orders


def test_unknown_and_draft_ids_are_silently_absent(installed: Installed) -> None:
    known, draft = installed.saleor.shop.place_order("20"), installed.saleor.shop.place_draft("20")
    unknown = global_id("Order", "00000000-0000-4000-8000-000000000000")

    assert ids_of(installed.orders(unknown, draft, known)) == [known]


def test_one_malformed_id_spoils_the_whole_read(installed: Installed) -> None:
    known = installed.saleor.shop.place_order("20")

    answer = installed.orders(known, "nonsense")

    assert answer["data"] == {"orders": None}
    assert answer["errors"][0]["path"] == ["orders"]


def test_one_broken_order_spoils_the_whole_read(installed: Installed) -> None:
    known, broken = installed.saleor.shop.place_order("20"), installed.saleor.shop.place_order("20")
    installed.saleor.break_order(broken)

    assert installed.orders(known, broken)["data"] == {"orders": None}
    installed.saleor.mend()
    assert len(ids_of(installed.orders(known, broken))) == 2


def test_pages_follow_updated_at_and_an_order_that_moves_comes_again(installed: Installed) -> None:
    first, second, third = (installed.saleor.shop.place_order("20") for _ in range(3))

    page = installed.ask(PAGE, first=2)
    assert ids_of(page) == [first, second]
    installed.saleor.shop.add_note(first)
    rest = installed.ask(PAGE, first=2, after=page["data"]["orders"]["pageInfo"]["endCursor"])

    assert ids_of(rest) == [third, first]
    assert rest["data"]["orders"]["pageInfo"]["hasNextPage"] is False


def test_updated_at_is_a_closed_interval(installed: Installed) -> None:
    orders = [installed.saleor.shop.place_order("20") for _ in range(3)]
    middle = installed.saleor.book[orders[1]].updated_at.isoformat()

    assert ids_of(installed.ask(PAGE, first=9, since=middle)) == orders[1:]
    assert ids_of(installed.ask(PAGE, first=9, until=middle)) == orders[:2]


def test_a_page_has_a_hundred_rows_at_most(installed: Installed) -> None:
    answer = installed.ask(PAGE, first=101)

    assert answer["data"] == {"orders": None}
    assert "exceeds the `first` limit of 100" in answer["errors"][0]["message"]


def test_metadata_is_written_without_an_order_update(installed: Installed) -> None:
    order_id = installed.saleor.shop.place_order("20")
    installed.saleor.deliveries.lose()

    answer = installed.ask(document(UPDATE), **LEFT_OUT, aId=order_id, aInput=READY)

    assert answer["data"]["a"] == {"errors": []}
    assert installed.saleor.book[order_id].metadata == {"points_status": "ready"}
    assert installed.saleor.deliveries.queued == []


def test_the_same_value_moves_updated_at_and_shows_the_old_one(installed: Installed) -> None:
    order_id = installed.saleor.shop.place_order("20")
    installed.ask(document(UPDATE), **LEFT_OUT, aId=order_id, aInput=READY)
    before = installed.saleor.book[order_id].updated_at
    query = """mutation Again($id: ID!, $input: [MetadataInput!]!) {
      updateMetadata(id: $id, input: $input) { item { ... on Order { updatedAt } } }
    }"""

    answer = installed.ask(query, id=order_id, input=READY)

    assert datetime.fromisoformat(answer["data"]["updateMetadata"]["item"]["updatedAt"]) == before
    assert installed.saleor.book[order_id].updated_at > before


def test_errors_are_told_per_alias_and_the_others_are_done(installed: Installed) -> None:
    good, bad = installed.saleor.shop.place_order("20"), installed.saleor.shop.place_order("20")
    installed.saleor.refuse_metadata(bad)

    answer = installed.ask(
        document(UPDATE), **{**LEFT_OUT, "withB": True, "aId": bad, "aInput": READY, "bId": good, "bInput": READY}
    )

    assert answer["data"]["a"]["errors"][0]["code"] == "INVALID"
    assert answer["data"]["b"]["errors"] == []
    assert installed.saleor.book[good].metadata == {"points_status": "ready"}


@pytest.mark.parametrize("declared", ["$id: ID!", '$id: ID = ""'])
def test_a_variable_of_a_non_null_argument_needs_a_value_even_in_a_field_that_is_left_out(
    installed: Installed, declared: str
) -> None:
    query = f"""mutation Leave({declared}, $with: Boolean!) {{
      updateMetadata(id: $id, input: []) @include(if: $with) {{ errors {{ code }} }}
    }}"""

    variables: dict[str, Any] = {"with": False}
    answer = installed.post(query, **variables)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["exception"]["code"] == "GraphQLError"


def test_a_variable_that_may_be_null_may_be_left_out(installed: Installed) -> None:
    assert ids_of(installed.ask(PAGE, first=1)) == []


def test_a_fifth_mutation_refuses_the_request(installed: Installed) -> None:
    order_id = installed.saleor.shop.place_order("20")
    parts = "".join(f'm{n}: updateMetadata(id: "{order_id}", input: []) {{ errors {{ code }} }} ' for n in range(5))

    answer = installed.post(f"mutation Five {{ {parts} }}")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"] == "Number of mutations exceed the limit of 4"


def test_a_lagging_replica_answers_reads_from_the_past_and_writes_in_the_present(installed: Installed, clock: Clock) -> None:
    order_id = installed.saleor.shop.place_order("20")
    clock.advance(seconds=30)
    later = installed.saleor.shop.place_order("20")
    installed.saleor.till.charge(order_id, "20")

    installed.saleor.serve_orders_as_of(clock() - timedelta(seconds=10))
    [edge] = installed.orders(order_id, later)["data"]["orders"]["edges"]
    installed.ask(document(UPDATE), **LEFT_OUT, aId=later, aInput=READY)

    assert edge["node"]["totalCharged"]["amount"] == 0.0
    assert installed.saleor.book[later].metadata == {"points_status": "ready"}


def test_a_replica_may_stop_at_a_snapshot(installed: Installed) -> None:
    order_id = installed.saleor.shop.place_order("20")
    installed.saleor.serve_orders_as_of(installed.saleor.book.snapshot())
    installed.saleor.till.charge(order_id, "20")

    [edge] = installed.orders(order_id)["data"]["orders"]["edges"]

    assert edge["node"]["status"] == "UNCONFIRMED"


def test_an_app_reads_and_changes_its_own_webhooks(installed: Installed) -> None:
    webhooks = installed.ask("query Own { app { webhooks { id name asyncEvents { eventType } } } }")["data"]["app"]["webhooks"]
    update = """mutation Move($id: ID!, $url: String!) {
      webhookUpdate(id: $id, input: {targetUrl: $url}) { errors { code } webhook { targetUrl } }
    }"""

    answer = installed.ask(update, id=webhooks[0]["id"], url="http://127.0.0.1:9/elsewhere")

    assert [webhook["name"] for webhook in webhooks] == ["orders", "app"]
    assert answer["data"]["webhookUpdate"]["webhook"]["targetUrl"] == "http://127.0.0.1:9/elsewhere"


def test_problems_of_one_key_are_counted_and_dismissed(installed: Installed) -> None:
    create = """mutation Tell($input: AppProblemCreateInput!) {
      appProblemCreate(input: $input) { errors { code } appProblem { count isCritical } }
    }"""
    told = {"key": "account-paused", "message": "The key was refused.", "criticalThreshold": 2}
    installed.ask(create, input=told)
    answer = installed.ask(create, input=told)
    assert answer["data"]["appProblemCreate"]["appProblem"] == {"count": 2, "isCritical": True}

    installed.ask('mutation Done { appProblemDismiss(input: {byApp: {keys: ["account-paused"]}}) { errors { code } } }')

    assert installed.saleor.apps.installed[installed.app_id].problems == {}


def test_requests_are_counted_by_operation(installed: Installed) -> None:
    installed.orders()
    installed.orders()

    assert installed.saleor.counts == {"Orders": 2}


def test_an_outage_refuses_connections_and_the_port_comes_back(installed: Installed) -> None:
    installed.saleor.stop()
    with pytest.raises(requests.ConnectionError):
        installed.orders()

    installed.saleor.start()

    assert installed.orders()["data"] == {"orders": {"edges": []}}


def test_faults_are_played_once_for_the_operation_they_are_meant_for(installed: Installed) -> None:
    faults = installed.saleor.faults
    for fault in (status(503), html(), graphql_errors(), permission_denied(), status(429, retry_after=7)):
        faults.once(fault, on="Orders")
    query = document("app/saleor/operations/orders.graphql")

    answers = [installed.post(query, ids=[]) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [503, 200, 200, 200, 429, 200]
    assert answers[1].headers["Content-Type"].startswith("text/html")
    assert answers[3].json()["data"] == {"orders": None}
    assert answers[4].headers["Retry-After"] == "7"
    assert answers[5].json()["data"] == {"orders": {"edges": []}}


def test_an_answer_can_be_cut_before_or_in_the_middle(installed: Installed) -> None:
    for fault in (cut(), cut_in_the_middle()):
        installed.saleor.faults.always(fault)
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            installed.orders()


def test_an_answer_can_be_too_big(installed: Installed) -> None:
    installed.saleor.faults.once(oversized(1_000_000))

    answer = installed.post(document("app/saleor/operations/orders.graphql"), ids=[])

    assert len(answer.content) > 1_000_000
    assert answer.json()["data"] == {"orders": {"edges": []}}
