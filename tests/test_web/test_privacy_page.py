"""The page on what is stored says what is true of the database, and of what Saleor is asked for."""

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from app.db.tables import SpendRow
from tests.standins.saleor import Item
from tests.test_web.calls import get, text_of
from tests.world import World

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*(ROOT / "app/saleor/operations").glob("*.graphql"), *(ROOT / "manifest").glob("*.graphql")]
# What the page says is not stored, as Saleor's API names it.
NEVER_ASKED_FOR = re.compile(
    r"\b(firstName|lastName|userName|billingAddress|shippingAddress|addresses|phone|creditCard|paymentMethodDetails"
    r"|customerNote|productSku|variantName)\b"
)


def test_of_what_was_bought_only_names_and_pieces_are_stored_and_the_page_says_so(world: World) -> None:
    world.saleor.shop.place_paid_order(Item("45", name="House blend, 1 kg", quantity=2), email="ada@example.com")
    world.deliver()

    assert _places_of(world, "House blend, 1 kg") == {"order.snapshot"}
    [line] = json.loads(world.orders()[0].snapshot or "")["lines"]
    assert set(line) == {"id", "gross", "net", "quantity_to_fulfill", "earns", "name", "quantity"}
    page = text_of(get(world, "/privacy"))
    assert "the product's name, the pieces, the amounts" in page
    assert "what was bought" not in page


def test_the_payment_gateway_of_an_order_is_stored_and_the_page_says_so(world: World) -> None:
    world.saleor.shop.place_paid_order("60")
    world.deliver()

    assert {"transactions", "payments"} <= set(json.loads(world.orders()[0].snapshot or ""))
    assert "the gateway's name" in text_of(get(world, "/privacy"))


def test_the_page_says_what_is_stored_of_a_payment_with_points(world: World) -> None:
    stored = {"email", "checkout_id", "order_id", "transaction_id", "amount", "points", "returned_points"}
    names = {column.name for column in SpendRow.__table__.columns}  # type: ignore[attr-defined]  # SQLModel makes it

    assert {name for name in stored if not any(name in column for column in names)} == set()
    assert "Of a payment with points: the e-mail address, the ids of its checkout" in text_of(get(world, "/privacy"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_saleor_is_not_asked_for_what_the_page_calls_not_stored(document: Path) -> None:
    assert not NEVER_ASKED_FOR.findall(document.read_text())


def _places_of(world: World, wanted: str) -> set[str]:
    """Name the columns, of all tables, that hold a text."""
    engine, places = world.services.database.engine, set()
    quote = engine.dialect.identifier_preparer.quote
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            for row in connection.execute(text(f"SELECT * FROM {quote(table)}")).mappings():
                places |= {f"{table}.{column}" for column, value in row.items() if wanted in str(value)}
    return places
