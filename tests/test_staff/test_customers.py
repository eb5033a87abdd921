"""`saleor-points customers`: what is kept of a person is shown, given out, and erased so that every sum stays."""

import json
from functools import partial
from uuid import uuid4

import pytest
import requests
from sqlalchemy import inspect, text
from sqlmodel import select

from app.db.tables import MovementRow, OrderRow, PointsClaimRow
from app.domain.claim import Balance
from app.domain.settlement import MovementState
from app.errors import BadRequest
from app.providers.protocol import Accepted, Ask, AskKind
from app.usecases.merchants.adjust_points import adjust_customer
from app.usecases.merchants.look_up_customer import look_up_customer
from tests.test_settling.test_provider_faults import make_instant
from tests.test_settling.test_refunds import ADA, give, paid_order, refund, spend
from tests.test_staff.command_line import typed
from tests.waiting import PATIENCE_SECONDS
from tests.world import SECRET_KEY, World


@pytest.fixture
def world(embedded_world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("DATABASE_URL", embedded_world.settings.database_url)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    return embedded_world


def lived(world: World) -> tuple[str, str]:
    """Let the customer take one order's points and leave another's waiting; gives both orders."""
    taken, waiting = paid_order(world), paid_order(world, email=ADA.upper())
    world.claim(taken)
    return taken, waiting


def customers(world: World, *words: str, answer: str | None = None) -> str:
    said = typed("customers", *words, "--store", world.store().slug, answer=answer)
    assert said.exit_code == 0, (said.output, said.exception)
    return said.stdout


def settle_what_was_woken(world: World) -> None:
    """Settle after a command: it wakes by the machine's own clock, not by the test's."""
    world.clock.now = max(world.clock.now, *(order.look_at for order in world.orders() if order.look_at))
    world.settle()


def everything(world: World) -> str:
    """Write down all tables."""
    tables = inspect(world.services.database.engine).get_table_names()
    with world.services.database.reading() as session:
        return "\n".join(str(row) for name in tables for row in session.connection().execute(text(f'SELECT * FROM "{name}"')))


def ask_claim(world: World, points: int) -> str:
    """Let a client of the points ask for a claim; gives its token."""
    provider = world.services.provider_of(world.store(), world.account())
    reply = provider.ask(AskKind.CLAIM, [Ask(uuid4(), points, f" {ADA.title()}")], call_id=uuid4(), now=world.clock())
    assert isinstance(reply, tuple)
    assert isinstance(reply[0], Accepted)
    return str(reply[0].claim_token)


def test_a_customer_is_shown_with_balance_entries_claims_orders_and_movements(world: World) -> None:
    taken, _ = lived(world)

    said = customers(world, "show", ADA)

    assert "100 points available, 0 used." in said
    assert "Waiting to be taken: 1 claim of 100 points." in said
    assert "History (1)" in said
    assert "Claims (2)" in said
    assert "Orders (2)" in said
    assert "Movements (2)" in said
    assert str(world.order(taken).number) in said


def test_all_that_is_kept_is_given_out_as_json_without_secrets(world: World) -> None:
    lived(world)

    given = json.loads(customers(world, "export", ADA))

    assert given["customer"]["available"] == 100
    assert [entry["amount"] for entry in given["entries"]] == [100]
    assert {order["email"] for order in given["orders"]} == {ADA, ADA.upper()}
    assert [len(given[name]) for name in ("claims", "movements", "claims_of_orders", "adjustments")] == [2, 2, 2, 0]
    assert "token" not in json.dumps(given)
    assert "sealed" not in json.dumps(given)


def test_an_erased_customer_is_named_nowhere_and_the_books_add_up(world: World) -> None:
    lived(world)
    make_instant(world)
    paid_order(world)
    token = ask_claim(world, 9)
    typed("adjust", "--store", world.store().slug, "--customer", ADA, "--points", "3", "--reason", "kind", "--who", "Grace")
    assert ADA in everything(world).lower()

    said = customers(world, "erase", ADA, answer="y\n")

    assert "Erase this customer?" in said
    assert "The address was taken from 3 orders, 4 movements and 3 claims. Claims withdrawn at once: 1; those of orders" in said
    assert "Their balance of 203 points is nobody's" in said
    assert ADA not in everything(world).lower()
    assert ADA.split("@")[0] + "@" not in everything(world).lower()
    assert token not in everything(world)
    verified = typed("verify")
    assert verified.exit_code == 0, verified.output


def test_erasing_asks_first(world: World) -> None:
    lived(world)

    said = typed("customers", "erase", ADA, "--store", world.store().slug, answer="n\n")

    assert said.exit_code == 1
    assert world.balance(ADA) == Balance(100, 0)


def test_claims_that_wait_are_withdrawn_and_the_old_links_lead_nowhere(world: World) -> None:
    taken, waiting = lived(world)
    link = world.follow(waiting).headers["Location"]

    customers(world, "erase", ADA, "--yes")
    settle_what_was_woken(world)

    assert world.order(waiting).granted == 0
    assert world.order(taken).granted == 100
    assert world.metadata(waiting)["points_status"] in {"none", "reversed"}
    assert world.follow(taken).status_code == 200
    with world.services.database.reading() as session:
        assert set(session.exec(select(PointsClaimRow.state))) == {"taken", "void"}

    assert requests.post(link, timeout=PATIENCE_SECONDS).status_code == 404
    assert typed("verify").exit_code == 0


def test_a_later_refund_takes_back_from_the_balance_that_is_nobodys(world: World) -> None:
    taken, _ = lived(world)
    customers(world, "erase", ADA, "--yes")
    settle_what_was_woken(world)

    refund(world, taken, "30")

    assert world.order(taken).granted == 70
    assert world.points_in_all_balances() == 70
    assert ADA not in everything(world).lower()
    assert typed("verify").exit_code == 0


def test_an_erased_customers_order_gets_no_new_points(world: World) -> None:
    taken, _ = lived(world)
    refund(world, taken, "30")
    customers(world, "erase", ADA, "--yes")
    settle_what_was_woken(world)

    world.saleor.shop.change_email(taken, "grace@example.com")
    world.deliver()

    assert world.order(taken).granted == 70
    assert "grace" not in everything(world)


def test_whoever_comes_again_begins_anew(world: World) -> None:
    lived(world)
    customers(world, "erase", ADA, "--yes")

    give(world, 5)

    assert world.balance(ADA) == Balance(5, 0)
    assert "5 points available" in customers(world, "show", ADA)


def test_nobody_is_erased_while_the_outcome_of_a_movement_is_open(world: World) -> None:
    taken, _ = lived(world)
    spend(world, 1)
    with world.services.database.writing() as session:
        movement = session.exec(select(MovementRow).join(OrderRow).where(OrderRow.saleor_order_id == taken)).one()
        movement.state = MovementState.SENDING
        session.add(movement)

    said = typed("customers", "erase", ADA, "--store", world.store().slug, "--yes")

    assert "Nothing was erased" in str(said.exception)
    assert world.balance(ADA) == Balance(99, 0)


@pytest.mark.parametrize("words", [("show", "nobody@example.com"), ("export", ""), ("erase", "nobody@example.com", "--yes")])
def test_a_customer_of_whom_nothing_is_kept_is_an_error(world: World, words: tuple[str, ...]) -> None:
    said = typed("customers", *words, "--store", world.store().slug)

    assert said.exit_code != 0
    assert "Nothing is kept of this customer" in str(said.exception)


@pytest.mark.parametrize("address", ["ada@localhost", "ada..b@example.com", "ada@ex_ample.com"])
def test_an_address_that_nobody_would_type_is_taken_as_saleor_has_it(world: World, address: str) -> None:
    give = partial(adjust_customer, world.services, world.store().slug, address, points=3, reason="kind", who="Grace")
    with pytest.raises(BadRequest, match="not an e-mail address"):
        give()

    world.claim(paid_order(world, email=address))
    give()

    found = look_up_customer(world.services, world.store().id or 0, address)
    assert (found.balance, len(found.orders)) == (Balance(103, 0), 1)
