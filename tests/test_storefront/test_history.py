"""What happened to a shopper's points: each change in one sentence, in the shopper's language."""

import pytest

from app.db.tables.points_entry import EntryKind
from app.ledger import entries as ledger
from app.ledger.entries import Entry
from app.usecases.merchants.move_customer import move_customer
from tests.test_storefront.calls import ADA, EVE, Storefront, code_of
from tests.test_storefront.test_balance import buy
from tests.test_web.calls import change_rule
from tests.world import World

OLD = "old@example.com"


def give(world: World, email: str, *points: int, kind: EntryKind = EntryKind.INSTANT) -> None:
    with world.services.database.writing() as session:
        entries = [Entry(email, one, kind, may_go_below_zero=True) for one in points]
        ledger.post(session, world.store().id or 0, entries, world.clock.now)


def sentences(shop: Storefront, language: str = "en", by: str = ADA) -> list[str]:
    answer = shop.ask("me/history", by=by, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    return [entry["sentence"] for entry in answer.json()["entries"]]


def test_each_change_is_told_with_the_number_of_its_order(embedded_storefront: Storefront) -> None:
    world = embedded_storefront.world
    order_id = buy(world)
    number = str(world.saleor.book[order_id].number)
    world.claim(order_id)
    world.saleor.till.refund(order_id, "20")
    world.deliver()

    history = embedded_storefront.ask("me/history").json()

    assert [(one["points"], one["balance"], one["change"], one["orderNumber"]) for one in history["entries"]] == [
        (-20, 40, "taken_back", number),
        (60, 60, "claimed", number),
    ]
    assert [one["sentence"] for one in history["entries"]] == [
        f"These points were taken back because order {number} was refunded or changed.",
        f"You claimed the points of order {number}.",
    ]
    assert (history["next"], history["isWhole"]) == (None, True)


def test_points_that_come_without_a_claim_were_earned(embedded_storefront: Storefront) -> None:
    change_rule(embedded_storefront.world, award="instant")
    order_id = buy(embedded_storefront.world)
    number = embedded_storefront.world.saleor.book[order_id].number

    assert sentences(embedded_storefront) == [f"You earned these points with order {number}."]


def test_what_no_order_did_is_told_too(embedded_storefront: Storefront) -> None:
    give(embedded_storefront.world, ADA, 100, kind=EntryKind.IMPORT)
    give(embedded_storefront.world, ADA, 10, -3)

    assert sentences(embedded_storefront) == [
        "The shop took these points.",
        "The shop gave you these points.",
        "These points were brought over from an earlier program.",
    ]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de-AT,de;q=0.9", "Der Shop hat Ihnen diese Punkte gegeben."),
        ("fr", "La boutique vous a donné ces points."),
        ("es", "La tienda te dio estos puntos."),
        ("pl", "Sklep przyznał Ci te punkty."),
        ("ja", "The shop gave you these points."),
    ],
)
def test_it_is_told_in_the_shoppers_language(embedded_storefront: Storefront, language: str, said: str) -> None:
    give(embedded_storefront.world, ADA, 10)

    assert sentences(embedded_storefront, language) == [said]


def test_it_is_paged_by_key(embedded_storefront: Storefront) -> None:
    give(embedded_storefront.world, ADA, 1, 2, 3, 4, 5)
    give(embedded_storefront.world, EVE, 99)

    pages, before = [], None
    while True:
        answer = embedded_storefront.ask("me/history", params={"size": 2} | ({"before": before} if before else {})).json()
        pages.append([entry["points"] for entry in answer["entries"]])
        before = answer["next"]
        if before is None:
            break

    assert pages == [[5, 4], [3, 2], [1]]


@pytest.mark.parametrize("arguments", [{"size": "0"}, {"size": "101"}, {"size": "x"}, {"before": "-1"}, {"before": "9" * 30}])
def test_what_is_no_page_is_said(embedded_storefront: Storefront, arguments: dict[str, str]) -> None:
    answer = embedded_storefront.ask("me/history", params=arguments)

    assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")


def test_another_customers_entry_as_a_key_shows_nothing_of_theirs(embedded_storefront: Storefront) -> None:
    give(embedded_storefront.world, ADA, 7)
    [entry] = embedded_storefront.ask("me/history").json()["entries"]

    for before in (entry["id"], str(int(entry["id"]) + 1)):
        assert embedded_storefront.ask("me/history", by=EVE, params={"before": before}).json()["entries"] == []


def test_a_history_that_is_kept_elsewhere_says_so(coggins_storefront: Storefront) -> None:
    coggins_storefront.world.claim(buy(coggins_storefront.world))

    assert coggins_storefront.ask("me/history").json() == {"entries": [], "next": None, "isWhole": False}


def test_a_moved_customer_reads_what_happened_under_the_earlier_address(embedded_storefront: Storefront) -> None:
    world = embedded_storefront.world
    order_id = buy(world, email=OLD)
    world.claim(order_id)
    move_customer(world.services, world.store().slug, OLD, ADA, reason="a new address", who="staff@example.com")

    entries = embedded_storefront.ask("me/history").json()["entries"]

    assert [(one["change"], one["points"], one["balance"], one["beforeMove"]) for one in entries] == [
        ("moved", 60, 60, False),
        ("moved", -60, 0, True),
        ("claimed", 60, 60, True),
    ]
    number = world.saleor.book[order_id].number
    assert sentences(embedded_storefront)[2] == (
        f"You claimed the points of order {number}. That was under your earlier e-mail address."
    )
    assert sentences(embedded_storefront, "de")[2].endswith("Das war unter Ihrer früheren E-Mail-Adresse.")
