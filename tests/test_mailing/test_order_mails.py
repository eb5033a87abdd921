"""Points that wait are told of once, and reminded of once, in the language of the order."""

from uuid import uuid4

import pytest
import requests
from sqlmodel import select

from app.db.tables import MailRow, OrderRow
from app.domain.mails import MailKind
from app.usecases.operating.erase_customer import erase_customer
from tests.standins.mail import Fault
from tests.test_mailing.post import Post
from tests.test_spending.conftest import give
from tests.test_staff.test_moved_customers import BOB, EVE, move
from tests.test_web.calls import ready_order
from tests.waiting import PATIENCE_SECONDS

ADA = "ada@example.com"


def test_points_that_wait_are_told_of_with_the_orders_link(post: Post) -> None:
    order_id = ready_order(post.world, email=ADA)
    link = post.world.metadata(order_id)["points_claim_url"]

    post.send()

    [got] = post.server.to(ADA)
    assert "points are waiting for you" in got.message["Subject"]
    assert link in got.part("plain")
    assert link.replace("&", "&amp;") in got.part("html")


def test_a_claim_that_nobody_takes_is_reminded_of_once(post: Post) -> None:
    ready_order(post.world, email=ADA)
    post.send()

    for _ in range(30):
        post.world.clock.advance(days=1)
        post.send()
        post.world.settle()

    subjects = [got.message["Subject"] for got in post.server.to(ADA)]
    assert len(subjects) == 2
    assert subjects[1].startswith("Not claimed yet")


def test_a_moved_customer_is_reminded_at_the_new_address(post: Post) -> None:
    ready_order(post.world, email=ADA)
    post.send()
    move(post.world, ADA, BOB)
    post.world.clock.advance(days=8)

    post.send()

    assert len(post.server.to(ADA)) == 1
    [reminder] = post.server.to(BOB)
    assert reminder.message["Subject"].startswith("Not claimed yet")
    assert post.mail_of(MailKind.REMINDER).email == BOB


def test_points_that_begin_to_wait_after_a_move_are_told_of_at_the_new_address(post: Post) -> None:
    order_id = post.world.saleor.shop.place_order("60", email=ADA)
    give(post.world, ADA, 5)
    post.world.deliver()
    move(post.world, ADA, BOB)

    post.world.saleor.till.charge(order_id, "60")
    post.world.deliver()
    post.send()

    assert post.server.to(ADA) == []
    [got] = post.server.to(BOB)
    assert "points are waiting for you" in got.message["Subject"]


def test_a_second_try_follows_nobody_who_had_the_new_address_before(post: Post) -> None:
    give(post.world, BOB, 5)
    ready_order(post.world, email=ADA)
    move(post.world, BOB, EVE)
    move(post.world, ADA, BOB)
    post.server.faults = [Fault.RCPT_4XX]
    post.send()
    assert post.mail_of(MailKind.POINTS_READY).failures == 1

    post.world.clock.advance(minutes=10)
    post.send()

    assert [len(post.server.to(address)) for address in (ADA, BOB, EVE)] == [0, 1, 0]


def test_mails_to_whoever_has_a_moved_customers_old_address_now_stay_there(post: Post) -> None:
    give(post.world, ADA, 5)
    move(post.world, ADA, BOB)
    ready_order(post.world, email=ADA)
    post.server.faults = [Fault.RCPT_4XX]
    post.send()
    move(post.world, BOB, EVE)

    post.world.clock.advance(minutes=10)
    post.send()

    assert [len(post.server.to(address)) for address in (ADA, BOB, EVE)] == [1, 0, 0]


def test_nobody_is_reminded_of_what_was_moved_to_a_customer_who_was_erased(post: Post) -> None:
    ready_order(post.world, email=ADA)
    post.send()
    move(post.world, ADA, BOB)
    erase_customer(post.world.services, post.world.store().slug, BOB)
    post.world.clock.advance(days=8)

    post.send()

    assert (len(post.server.to(ADA)), post.server.to(BOB)) == (1, [])


def test_a_claim_that_was_taken_is_not_reminded_of(post: Post) -> None:
    order_id = ready_order(post.world, email=ADA)
    post.send()
    post.world.claim(order_id)

    post.world.clock.advance(days=8)
    post.send()

    assert len(post.server.to(ADA)) == 1
    assert post.mail_of(MailKind.REMINDER).state == "dropped"


def test_orders_from_before_the_kind_was_switched_on_get_no_mail(post: Post) -> None:
    post.world.clock.advance(minutes=1)
    post.switch_off(MailKind.POINTS_READY)
    post.switch_off(MailKind.REMINDER)
    ready_order(post.world, email=ADA)
    post.world.clock.advance(minutes=1)
    post.switch_on(MailKind.POINTS_READY, MailKind.REMINDER)

    post.world.settle()
    post.send()

    assert post.server.delivered == []


def test_a_kind_that_is_switched_off_meanwhile_is_not_sent(post: Post) -> None:
    ready_order(post.world, email=ADA)
    post.switch_off(MailKind.POINTS_READY)

    post.send()

    assert post.server.delivered == []
    assert post.mail_of(MailKind.POINTS_READY).state == "dropped"


@pytest.mark.parametrize("state", ["inactive", "deleted"])
def test_a_store_that_was_switched_off_or_removed_sends_nothing(post: Post, state: str) -> None:
    ready_order(post.world, email=ADA)
    post.world.change_store(state=state, token_sealed=None if state == "deleted" else post.world.store().token_sealed)

    post.send()

    assert post.server.delivered == []


def test_one_click_opts_out_and_looking_does_not(post: Post) -> None:
    ready_order(post.world, email=ADA)
    post.send()
    [got] = post.server.to(ADA)
    url = str(got.message["List-Unsubscribe"]).strip("<>")
    assert got.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    looked = requests.get(url, timeout=PATIENCE_SECONDS)
    assert "No more of these mails" in looked.text

    done = requests.post(url, data={"List-Unsubscribe": "One-Click"}, timeout=PATIENCE_SECONDS)
    post.world.clock.advance(minutes=5)
    ready_order(post.world, email=ADA)
    post.send()

    assert done.status_code == 200
    assert len(post.server.to(ADA)) == 1
    assert post.ask_for_code(ADA)


def test_many_readers_behind_one_mail_provider_opt_out_and_a_guesser_is_stopped(post: Post) -> None:
    ready_order(post.world, email=ADA)
    post.send()
    known = str(post.server.to(ADA)[0].message["List-Unsubscribe"]).strip("<>")

    def answers(url: str) -> set[int]:
        return {requests.post(url, timeout=PATIENCE_SECONDS).status_code for _ in range(61)}

    assert answers(known) == {200}
    assert answers(f"{post.world.url}/mails/{uuid4().hex}") == {404, 429}
    assert answers(known) == {200}


def test_codes_carry_no_way_to_opt_out(post: Post) -> None:
    post.ask_for_code(ADA)
    post.send()

    [got] = post.server.to(ADA)
    assert got.message["List-Unsubscribe"] is None
    with post.world.services.database.reading() as session:
        reference = session.exec(select(MailRow.reference)).one()
    assert requests.post(f"{post.world.url}/mails/{reference.hex}", timeout=PATIENCE_SECONDS).status_code == 404


def test_the_erasing_of_a_customer_takes_their_mails_along(post: Post) -> None:
    ready_order(post.world, email=ADA)
    post.send()

    erase_customer(post.world.services, post.world.store().slug, ADA)
    post.world.settle()
    post.world.clock.advance(days=8)
    post.send()

    assert post.mails() == []
    assert len(post.server.to(ADA)) == 1


def test_the_language_of_an_order_is_kept_and_no_points_depend_on_it(post: Post) -> None:
    order_id = ready_order(post.world, email=ADA)

    with post.world.services.database.reading() as session:
        order = session.exec(select(OrderRow).where(OrderRow.saleor_order_id == order_id)).one()
    assert order.language == "en"
    assert order.granted > 0
