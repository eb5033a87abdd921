"""Whoever paid with points is a person like others: shown what is kept, found under the key of today, erased."""

import json

from sqlalchemy import text
from sqlmodel import select

from app.db.tables import SpendRow
from app.usecases.operating.erase_customer import erase_customer
from app.usecases.operating.renew_keys import renew_keys
from app.usecases.operating.show_customer import export_customer
from tests.test_points.ledger_calls import ADA
from tests.test_spending.rows import new_spend
from tests.world import World


def the_spend(world: World) -> SpendRow:
    with world.services.database.reading() as session:
        return session.exec(select(SpendRow)).one()


def test_a_data_request_shows_what_was_paid_with_points(embedded_world: World) -> None:
    store = embedded_world.store()
    new_spend(embedded_world.services.database, store_id=store.id)

    shown = export_customer(embedded_world.services, store.slug, ADA.upper())

    assert [payment["points"] for payment in shown["payments"]] == [1_000]
    assert json.dumps(shown)


def test_nobody_is_named_once_they_are_erased(embedded_world: World) -> None:
    store = embedded_world.store()
    new_spend(embedded_world.services.database, store_id=store.id)

    erase_customer(embedded_world.services, store.slug, ADA)

    spend = the_spend(embedded_world)
    assert ADA not in str(spend.model_dump())
    assert spend.email == spend.email_key


def test_a_payer_is_found_under_the_key_of_today(embedded_world: World) -> None:
    with embedded_world.services.database.writing() as session:
        session.execute(text("DELETE FROM finished_step"))
    names = {"email": "user@münchen.de", "email_key": "user@münchen.de"}
    new_spend(embedded_world.services.database, store_id=embedded_world.store().id, **names)

    renew_keys(embedded_world.services.database, embedded_world.clock.now)

    assert the_spend(embedded_world).email_key == "user@xn--mnchen-3ya.de"
