"""The embedded ledger: entries are only ever added, balances are their sums, and a claim is won once."""

from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from app.db.engine import Database
from app.db.tables.points_claim import PointsClaimState
from app.db.tables.points_customer import PointsCustomerRow
from app.db.tables.points_entry import EntryKind, PointsEntryRow
from app.domain.claim import Balance
from app.ledger import entries as ledger
from app.providers.embedded import EmbeddedProvider
from app.providers.protocol import Accepted, Ask, AskKind
from tests.clock import START, MovableClock
from tests.test_points.conftest import new_provider, new_store
from tests.test_points.ledger_calls import (
    ADA,
    BOB,
    all_at_once,
    asked,
    balance,
    balances_are_sums_of_entries,
    change,
    claims_of,
    customers_of,
    entries_of,
    instant,
    mark_of,
    new_claim,
    post,
    take,
)

EMAILS = (ADA, ADA.upper(), BOB)
CROWD = 20


def test_a_taken_claim_is_an_entry_of_its_own(provider: EmbeddedProvider) -> None:
    claim = new_claim(provider, 5)
    take(provider, claim)

    [entry], [row] = entries_of(provider.database), claims_of(provider.database)
    assert (entry.kind, entry.amount, entry.claim_id) == (EntryKind.CLAIM, 5, row.id)
    assert (row.state, row.taken_at, row.customer_id) == (PointsClaimState.TAKEN, START, entry.customer_id)


def test_an_instant_is_an_entry_under_the_id_that_asked_for_it(provider: EmbeddedProvider) -> None:
    ask = Ask(uuid4(), -5, ADA, may_go_below_zero=True)
    asked(provider, AskKind.INSTANT, [ask])

    [entry] = entries_of(provider.database)
    assert (entry.kind, entry.amount, entry.claim_id, entry.request_id) == (EntryKind.INSTANT, -5, None, ask.id)


def test_entries_are_added_and_those_before_them_stay_as_they_were(provider: EmbeddedProvider) -> None:
    post(provider, 5, -2)
    before = [entry.model_dump() for entry in entries_of(provider.database)]

    take(provider, new_claim(provider, 7))
    post(provider, -10)

    after = [entry.model_dump() for entry in entries_of(provider.database)]
    assert after[: len(before)] == before
    assert [entry["amount"] for entry in after] == [5, -2, 7, -10]


def test_a_refused_entry_leaves_no_trace_but_its_customer(provider: EmbeddedProvider) -> None:
    assert post(provider, -1) == [False]
    assert entries_of(provider.database) == []
    assert balance(provider) == Balance(0, 0)


def test_nothing_to_post_posts_nothing(provider: EmbeddedProvider) -> None:
    assert asked(provider, AskKind.INSTANT, []) == ()
    assert customers_of(provider.database) == []


def test_a_transaction_that_fails_takes_its_entries_with_it(provider: EmbeddedProvider) -> None:
    class Failed(Exception):
        """Raised in the middle of a transaction."""

    def fail() -> None:
        with provider.database.writing() as session:
            ledger.post(session, provider.store_id, [ledger.Entry(ADA, 5, EntryKind.INSTANT, request_id=uuid4())], START)
            raise Failed

    with pytest.raises(Failed):
        fail()

    assert entries_of(provider.database) == []
    assert balance(provider) == Balance(0, 0)


def test_a_customer_keeps_the_first_spelling_and_is_found_by_any(provider: EmbeddedProvider) -> None:
    post(provider, 5, email=" Ada@Example.com ")
    post(provider, 6, email=ADA)

    [customer] = customers_of(provider.database)
    assert (customer.email, customer.email_key, customer.available) == ("Ada@Example.com", ADA, 11)


def test_taking_a_claim_sets_the_customers_type_and_a_claim_without_one_leaves_it(provider: EmbeddedProvider) -> None:
    [typed] = asked(provider, AskKind.CLAIM, [Ask(uuid4(), 5, ADA, customer_type="Internal")])
    assert isinstance(typed, Accepted)
    take(provider, typed)
    take(provider, new_claim(provider, 5))

    [customer] = customers_of(provider.database)
    assert customer.customer_type == "Internal"


def test_what_was_spent_is_told_apart_from_what_is_there(provider: EmbeddedProvider) -> None:
    post(provider, 5)
    with provider.database.writing() as session:
        ledger.post(session, provider.store_id, [ledger.Entry(ADA, 1, EntryKind.IMPORT, used=3)], START)

    assert balance(provider) == Balance(6, 3)


def test_a_claim_whose_amount_changed_since_it_was_read_is_not_taken(provider: EmbeddedProvider) -> None:
    claim = new_claim(provider, 5)
    with provider.database.reading() as session:
        stale = ledger.find_claims(session, [mark_of(claim)])[mark_of(claim)]
    change(provider, claim, 3)

    with provider.database.writing() as session:
        assert ledger.take(session, stale, ADA, START) is None

    assert balance(provider) == Balance(0, 0)


@pytest.mark.parametrize(
    "values",
    [
        {"state": "'taken'"},
        {"state": "'gone'"},
        {"amount": "-1"},
        {"taken_at": "'2026-01-01'"},
        {"token_mark": "NULL"},
    ],
)
def test_the_table_itself_refuses_a_claim_that_cannot_be(provider: EmbeddedProvider, values: dict[str, str]) -> None:
    new_claim(provider, 5)
    changes = ", ".join(f"{name} = {value}" for name, value in values.items())

    with pytest.raises(IntegrityError), provider.database.writing() as session:
        session.connection().execute(text(f"UPDATE points_claim SET {changes}"))


def test_the_table_itself_refuses_a_second_entry_of_one_claim_or_one_request(provider: EmbeddedProvider) -> None:
    take(provider, new_claim(provider, 5))
    post(provider, 6)
    for row in entries_of(provider.database):
        again = PointsEntryRow.model_validate(row.model_dump(exclude={"id"}))
        with pytest.raises(IntegrityError), provider.database.writing() as session:
            session.add(again)


def test_times_of_the_ledgers_bulk_stand_in_sqlite_as_all_others_do(fresh_sqlite: object, clock: MovableClock) -> None:
    database = Database(fresh_sqlite())  # type: ignore[operator]  # a factory
    provider = new_provider(database, new_store(database, clock))
    new_claim(provider, 5, expires_days=1)
    asked(provider, AskKind.INSTANT, [Ask(uuid4(), 5, ADA)])

    with database.engine.connect() as connection:
        [store] = connection.exec_driver_sql("SELECT created_at FROM store").one()
        bulk = connection.exec_driver_sql(
            "SELECT c.created_at, c.expires_at, e.created_at, p.created_at FROM points_claim c, points_entry e, points_customer p"
        ).one()
    database.close()

    # Texts are compared where times are: one without its millionths would come before its own moment.
    assert {len(text) for text in bulk} == {len(store)}


def test_a_token_is_nowhere_in_the_database_file(fresh_sqlite: object, clock: MovableClock) -> None:
    url = fresh_sqlite()  # type: ignore[operator]  # a factory
    database = Database(url)
    claim = new_claim(new_provider(database, new_store(database, clock)), 5)
    database.close()
    path = Path(url.removeprefix("sqlite:///"))

    raw = b"".join(part.read_bytes() for part in path.parent.glob(f"{path.name}*"))

    assert claim.claim_token is not None
    assert mark_of(claim).encode() in raw
    assert claim.claim_token.encode() not in raw
    assert bytes.fromhex(claim.claim_token) not in raw


def test_a_token_is_in_no_table(provider: EmbeddedProvider) -> None:
    claim = new_claim(provider, 5)
    take(provider, claim)
    tables = inspect(provider.database.engine).get_table_names()

    with provider.database.reading() as session:
        rows = [str(row) for table in tables for row in session.connection().execute(text(f'SELECT * FROM "{table}"'))]

    assert any(mark_of(claim) in row for row in rows)
    assert not any(str(claim.claim_token) in row for row in rows)


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["credit", "debit", "debt", "claim", "take", "change"]),
            st.sampled_from(EMAILS),
            st.integers(0, 50),
        ),
        max_size=15,
    )
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_balances_are_the_sums_of_entries_whatever_happens(
    embedded_sqlite: EmbeddedProvider, clock: MovableClock, steps: list[tuple[str, str, int]]
) -> None:
    provider = new_provider(embedded_sqlite.database, new_store(embedded_sqlite.database, clock, uuid4().hex))
    open_claims: list[Accepted] = []
    for what, email, points in steps:
        if what == "claim" and points > 0:
            open_claims.append(new_claim(provider, points, email))
        elif what == "take" and open_claims:
            take(provider, open_claims[points % len(open_claims)], email)
        elif what == "change" and open_claims:
            change(provider, open_claims[points % len(open_claims)], points)
        elif what in {"credit", "debit", "debt"}:
            instant(provider, points if what == "credit" else -points, email, may_go_below_zero=what == "debt")

    assert balances_are_sums_of_entries(provider.database)
    assert any(what == "debt" for what, _, _ in steps) or balance(provider).available >= 0


# Many at once.


def test_of_twenty_who_take_one_claim_at_once_one_gets_the_points_once(provider: EmbeddedProvider) -> None:
    claim = new_claim(provider, 5, "")

    won = all_at_once([partial(take, provider, claim, f"customer{number}@example.com") for number in range(CROWD)])

    assert sum(won) == 1
    assert [entry.amount for entry in entries_of(provider.database)] == [5]
    assert sum(customer.available for customer in customers_of(provider.database)) == 5


def test_of_twenty_processes_that_take_one_claim_at_once_one_gets_it(provider: EmbeddedProvider) -> None:
    claim = new_claim(provider, 5)
    url = provider.database.engine.url.render_as_string(hide_password=False)

    def take_alone() -> bool:
        database = Database(url)
        try:
            return take(new_provider(database, provider.store_id), claim)
        finally:
            database.close()

    won = all_at_once([take_alone] * CROWD)

    assert sum(won) == 1
    assert balance(provider) == Balance(5, 0)


def test_a_claim_taken_without_a_lock_is_still_won_once(provider: EmbeddedProvider) -> None:
    claim = new_claim(provider, 5)
    with provider.database.reading() as session:
        row = ledger.find_claims(session, [mark_of(claim)])[mark_of(claim)]

    def take_unlocked() -> PointsCustomerRow | None:
        with provider.database.writing() as session:
            return ledger.take(session, row, ADA, START)

    won = all_at_once([take_unlocked] * CROWD)

    assert len([customer for customer in won if customer is not None]) == 1
    assert balance(provider) == Balance(5, 0)


def test_instants_of_one_customer_at_once_add_up(provider: EmbeddedProvider) -> None:
    outcomes = all_at_once([partial(instant, provider, number + 1) for number in range(CROWD)])

    assert outcomes == [Accepted()] * CROWD
    assert balance(provider) == Balance(CROWD * (CROWD + 1) // 2, 0)
    assert balances_are_sums_of_entries(provider.database)


def test_debits_at_once_never_take_more_than_there_is(provider: EmbeddedProvider) -> None:
    instant(provider, 10)

    outcomes = all_at_once([partial(instant, provider, -3)] * CROWD)

    assert outcomes.count(Accepted()) == 3
    assert balance(provider) == Balance(1, 0)


def test_one_instant_asked_for_by_many_at_once_is_done_once(provider: EmbeddedProvider) -> None:
    ask = Ask(uuid4(), 5, ADA)

    outcomes = all_at_once([partial(asked, provider, AskKind.INSTANT, [ask])] * CROWD)

    assert outcomes == [(Accepted(),)] * CROWD
    assert balance(provider) == Balance(5, 0)


def test_one_claim_asked_for_by_many_at_once_is_one_claim(provider: EmbeddedProvider) -> None:
    ask = Ask(uuid4(), 5, ADA)

    outcomes = all_at_once([partial(asked, provider, AskKind.CLAIM, [ask])] * CROWD)

    assert len({outcome.claim_token for [outcome] in outcomes if isinstance(outcome, Accepted)}) == 1
    assert len(claims_of(provider.database)) == 1


def test_arrays_that_name_the_same_customers_in_other_orders_do_not_block_each_other(provider: EmbeddedProvider) -> None:
    emails = [f"customer{number}@example.com" for number in range(8)]
    arrays = [[Ask(uuid4(), 1, email) for email in emails[turn:] + emails[:turn]] for turn in range(8)] * 2
    arrays = [[Ask(uuid4(), ask.points, ask.email) for ask in array] for array in arrays]

    all_at_once([partial(asked, provider, AskKind.INSTANT, array) for array in arrays])

    assert {customer.available for customer in customers_of(provider.database)} == {16}


def test_one_customer_takes_many_claims_at_once(provider: EmbeddedProvider) -> None:
    claims = [new_claim(provider, 5) for _ in range(CROWD)]

    assert all(all_at_once([partial(take, provider, claim) for claim in claims]))

    assert balance(provider) == Balance(5 * CROWD, 0)


def test_a_taker_and_a_changer_of_one_claim_at_once_agree_on_what_was_given(provider: EmbeddedProvider) -> None:
    claims = [new_claim(provider, 5) for _ in range(8)]

    def take_all() -> list[bool]:
        return [take(provider, claim) for claim in claims]

    def void_all() -> list[bool]:
        return [change(provider, claim, 0) == Accepted() for claim in claims]

    taken, voided = all_at_once([take_all, void_all])

    assert voided == [not won for won in taken]
    assert balance(provider) == Balance(5 * sum(taken), 0)
