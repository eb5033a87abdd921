"""`verify` compares payments by points with what moved for them, and finds what was changed past the app."""

import pytest
from sqlalchemy import text

from tests.test_spending.paying import PayingShop
from tests.test_spending.rows import new_return


def change_past_the_database(shop: PayingShop, table: str, statement: str) -> None:
    """Change rows that the database's own rules would not let change."""
    database = shop.world.services.database
    with database.writing() as session:
        connection = session.connection()
        if database.is_sqlite:
            of_table = text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table")
            for name in connection.execute(of_table, {"table": table}).scalars().all():
                connection.execute(text(f'DROP TRIGGER "{name}"'))
        else:
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        connection.execute(text(statement))


def test_what_was_paid_and_given_back_agrees(shop: PayingShop) -> None:
    shop.pay(shop.cart("60"), "15")

    assert shop.differences() == []


@pytest.mark.parametrize(
    ("table", "statement", "said"),
    [
        ("spend", "UPDATE spend SET returned_points = 5", "5 points for 0 went back; its returns add up to 0 for 0"),
        ("spend", "UPDATE spend SET points = 1400", "its accepted movements add up to -1500"),
        ("movement", "DELETE FROM movement WHERE cause_kind = 'spend'", "its accepted movements add up to 0"),
        ("spend", "UPDATE spend SET stage = 'refused'", "the ledger took 1500"),
    ],
)
def test_a_payment_that_was_tampered_with_is_found(shop: PayingShop, table: str, statement: str, said: str) -> None:
    shop.pay(shop.cart("60"), "15")

    change_past_the_database(shop, table, statement)

    assert [difference for difference in shop.differences() if said in difference]


def test_a_return_that_says_it_was_credited_and_moved_nothing_is_found(shop: PayingShop) -> None:
    shop.pay(shop.cart("60"), "15")

    new_return(shop.world.services.database, shop.spends()[0], 500, 500, credited_at=shop.world.clock.now)

    assert [said for said in shop.differences() if "500 points are noted as given back; its accepted movements gave 0" in said]
