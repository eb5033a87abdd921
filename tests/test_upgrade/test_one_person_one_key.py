"""The keys by which people are found, made anew: rows of versions before in every state, on both databases."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from app.db.lanes import lane_under
from app.db.tables import (
    AdjustmentRow,
    ApprovalRequestRow,
    CustomerMoveRow,
    MovementRow,
    OrderRow,
    PointsClaimRow,
    PointsCustomerRow,
    PointsEntryRow,
    SplitCustomerRow,
)
from app.db.tables.points_entry import EntryKind
from app.domain.settlement import MovementKind, MovementState
from app.errors import BadRequest
from app.ledger import entries as ledger
from app.ledger.entries import Entry
from app.sealing import fingerprint
from app.usecases.merchants.adjust_points import adjust_customer
from app.usecases.operating.erase_customer import erase_customer
from app.usecases.operating.renew_keys import renew_keys
from app.usecases.operating.show_customer import show_customer
from app.usecases.operating.verify_books import verify_books
from tests.demo.app_process import AppProcess
from tests.test_staff.command_line import typed
from tests.world import SECRET_KEY, World

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MUNICH, MUNICH_KEY = "user@münchen.de", "user@xn--mnchen-3ya.de"
SHARP, DOUBLE = "info@straße.de", "info@strasse.de"
SHARP_KEY = "info@xn--strae-oqa.de"


@pytest.fixture
def before(embedded_world: World) -> World:
    """A database whose keys are those of the version before."""
    with embedded_world.services.database.writing() as session:
        session.execute(text("DELETE FROM finished_step"))
    return embedded_world


def give(world: World, email: str, points: int) -> None:
    with world.services.database.writing() as session:
        ledger.post(session, world.store().id or 0, [Entry(email, points, EntryKind.INSTANT)], NOW)


def leave(world: World, email: str, key: str) -> None:
    """Leave an order, an adjustment, an INSTANT and a waiting claim as the version before wrote them."""
    account, store_id, mark = world.account(), world.store().id or 0, uuid4().hex
    with world.services.database.writing() as session:
        order = OrderRow(store_id=store_id, saleor_order_id=mark, email=email, email_key=key, created_at=NOW)
        session.add(order)
        session.add(AdjustmentRow(store_id=store_id, email_key=key, points=5, reason="r", made_by="Ann", made_at=NOW))
        session.add(
            MovementRow(
                id=uuid4(),
                store_id=store_id,
                account_id=account.id or 0,
                kind=MovementKind.CREDIT,
                state=MovementState.ACCEPTED,
                points=5,
                email=email,
                lane=lane_under(account.lane_mark, key),
                planned_at=NOW,
            )
        )
        session.add(
            PointsClaimRow(
                store_id=store_id,
                request_id=uuid4(),
                token_mark=fingerprint(mark),
                token_sealed=world.services.sealer.seal_short(mark),
                amount=7,
                email=email,
                created_at=NOW,
            )
        )


def balances(world: World) -> dict[str, int]:
    with world.services.database.reading() as session:
        return {row.email_key: row.available for row in session.exec(select(PointsCustomerRow))}


def verified(world: World) -> list[str]:
    return [difference for part in verify_books(world.services) for difference in part.differences]


def test_two_spellings_of_one_person_become_one(before: World) -> None:
    give(before, MUNICH, 40)
    give(before, MUNICH_KEY, 60)
    assert balances(before) == {MUNICH: 40, MUNICH_KEY: 60}
    leave(before, MUNICH, MUNICH)

    assert renew_keys(before.services.database, NOW).merged == 1

    assert balances(before) == {MUNICH: 0, MUNICH_KEY: 100}
    assert verified(before) == []
    with before.services.database.reading() as session:
        [move] = session.exec(select(CustomerMoveRow)).all()
        assert (move.from_key, move.to_key, move.points) == (MUNICH, MUNICH_KEY, 40)
        _require_all_under(session, MUNICH_KEY, before)
    assert before.balance(MUNICH).available == before.balance(MUNICH_KEY).available == 100


def test_verify_finds_half_a_move(before: World) -> None:
    give(before, MUNICH, 40)
    give(before, MUNICH_KEY, 60)
    renew_keys(before.services.database, NOW)
    with before.services.database.writing() as session:
        taker = session.exec(select(PointsCustomerRow).where(PointsCustomerRow.email_key == MUNICH_KEY)).one()
        half = PointsEntryRow(customer_id=taker.id or 0, kind="move", amount=5, available_after=105, used_after=0, created_at=NOW)
        half.move_id = 1
        session.add(half)

    assert verified(before) == ["move 1 of a customer: its entries add up to 5 available and 0 used, and not to nothing"]


def test_two_people_of_one_key_are_told_apart_and_listed(before: World) -> None:
    give(before, SHARP, 50)
    give(before, DOUBLE, 10)
    assert balances(before) == {DOUBLE: 60}
    leave(before, DOUBLE, DOUBLE)

    assert renew_keys(before.services.database, NOW).split == 1

    assert balances(before) == {SHARP_KEY: 60}
    assert before.balance(DOUBLE).available == 0
    assert verified(before) == []
    with before.services.database.reading() as session:
        [split] = session.exec(select(SplitCustomerRow)).all()
        assert (split.email, split.other_email) == (SHARP, DOUBLE)


def test_run_finishes_the_upgrade_at_its_start_and_staff_list_the_split(
    before: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", before.settings.database_url)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    give(before, SHARP, 50)
    leave(before, DOUBLE, DOUBLE)
    app = AppProcess(tmp_path, settings={"DATABASE_URL": before.settings.database_url, "SECRET_KEY": SECRET_KEY})

    app.start()
    try:
        app.wait_until_ready()
    finally:
        app.end()

    assert balances(before) == {SHARP_KEY: 50}
    assert typed("migrate", "--finish").stdout.splitlines()[-1] == "The upgrade was finished before."
    _, listed = typed("customers", "split", "--store", before.store().slug).stdout.splitlines()
    assert listed.split()[:2] == [SHARP, DOUBLE]


def test_migrate_finishes_the_upgrade_only_when_asked(before: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", before.settings.database_url)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    give(before, MUNICH, 40)

    assert typed("migrate").exit_code == 0
    assert balances(before) == {MUNICH: 40}
    said = typed("migrate", "--finish").stdout
    assert "The upgrade is finished. 0 customers had two spellings of one address" in said
    assert balances(before) == {MUNICH_KEY: 40}


def test_a_row_of_the_plain_spelling_stays_and_the_other_begins_with_nothing(before: World) -> None:
    give(before, DOUBLE, 10)
    leave(before, SHARP, DOUBLE)

    renew_keys(before.services.database, NOW)

    assert balances(before) == {DOUBLE: 10}
    assert before.balance(SHARP).available == 0
    with before.services.database.reading() as session:
        assert [(one.email, one.other_email) for one in session.exec(select(SplitCustomerRow))] == [(DOUBLE, SHARP)]
        _require_all_under(session, SHARP_KEY, before, adjustments=False)


def test_until_then_the_version_before_finds_what_this_one_writes(before: World) -> None:
    give(before, SHARP, 50)

    assert balances(before) == {DOUBLE: 50}
    assert before.balance(DOUBLE).available == before.balance(SHARP).available == 50


def test_it_is_done_once(before: World) -> None:
    give(before, MUNICH, 40)
    renew_keys(before.services.database, NOW)
    assert balances(before) == {MUNICH_KEY: 40}

    assert not renew_keys(before.services.database, NOW).is_new
    assert balances(before) == {MUNICH_KEY: 40}


@pytest.mark.parametrize("is_renewed", [False, True])
@pytest.mark.parametrize(("asked", "claimed"), [("strasse@example.com", "Straße@example.com"), ("änna@x.de", "ÄNNA@x.de")])
def test_erasing_finds_a_waiting_claim_in_any_spelling(before: World, is_renewed: bool, asked: str, claimed: str) -> None:
    leave(before, claimed, claimed.casefold())
    if is_renewed:
        renew_keys(before.services.database, NOW)

    erase_customer(before.services, before.store().slug, asked)

    with before.services.database.reading() as session:
        [claim] = session.exec(select(PointsClaimRow)).all()
        assert claimed not in claim.email
        assert claim.state == "void"
    with pytest.raises(BadRequest):
        show_customer(before.services, before.store().slug, claimed)


def test_erasing_finds_a_request_for_approval_that_was_asked_for_before(before: World) -> None:
    adjust_customer(before.services, before.store().slug, SHARP, points=20_000, reason="sorry", who="Eve")
    renew_keys(before.services.database, NOW)

    erase_customer(before.services, before.store().slug, SHARP)

    with before.services.database.reading() as session:
        [asked] = session.exec(select(ApprovalRequestRow)).all()
    assert asked.state == "refused"
    assert SHARP not in f"{asked.email} {asked.email_key}"


def test_erased_ones_stay_erased(before: World) -> None:
    leave(before, MUNICH, MUNICH)
    erase_customer(before.services, before.store().slug, MUNICH)
    with before.services.database.reading() as session:
        lanes = set(session.exec(select(MovementRow.lane)))

    renew_keys(before.services.database, NOW)

    with before.services.database.reading() as session:
        assert set(session.exec(select(MovementRow.lane))) == lanes


def _require_all_under(session: Session, key: str, world: World, *, adjustments: bool = True) -> None:
    assert {order.email_key for order in session.exec(select(OrderRow))} == {key}
    assert {movement.lane for movement in session.exec(select(MovementRow))} == {lane_under(world.account().lane_mark, key)}
    assert {claim.email_key for claim in session.exec(select(PointsClaimRow))} == {key}
    if adjustments:
        assert {one.email_key for one in session.exec(select(AdjustmentRow))} == {key}
