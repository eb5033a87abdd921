"""The code of a reward reaches whoever took it, once, and not after it was given back."""

from app.db.tables.points_entry import EntryKind
from app.domain.mails import MailKind
from app.ledger import entries as ledger
from app.ledger.entries import Entry
from app.usecases.rewards.withdraw import withdraw
from tests.standins import faults
from tests.test_mailing.post import Post
from tests.test_rewards.giving import ADA, GivingShop
from tests.test_staff.test_moved_customers import BOB, move


def giving(post: Post) -> GivingShop:
    """Let the shop give rewards, and Ada have 1,200 points."""
    shop = GivingShop(post.world)
    shop.open()
    with post.world.services.database.writing() as session:
        ledger.post(session, 1, [Entry(ADA, 1_200, EntryKind.INSTANT)], post.world.clock.now)
    return shop


def test_a_code_is_sent_once_to_whoever_took_the_reward(post: Post) -> None:
    shop = giving(post)
    reward = shop.reward(days_valid=30)

    redemption = shop.taken(reward, key="k")
    shop.taken(reward, key="k")
    shop.work()
    post.send()

    [got] = post.server.to(ADA)
    assert redemption.code in got.part("plain")
    assert redemption.code in got.part("html")
    assert redemption.code not in got.message["Subject"]
    assert [(mail.kind, mail.state) for mail in post.mails()] == [(MailKind.REWARD_CODE, "sent")]


def test_a_code_goes_to_the_address_to_which_the_customer_was_moved(post: Post) -> None:
    shop = giving(post)
    post.world.saleor.faults.always(faults.status(503), on="GiftCardCreate")
    shop.taken(shop.reward())
    move(post.world, ADA, BOB)
    post.world.saleor.faults.clear()
    for _ in range(3):
        shop.wait(minutes=10)
        post.send()

    assert post.server.to(ADA) == []
    [got] = post.server.to(BOB)
    assert shop.cards()[0].code in got.part("plain")


def test_a_code_that_saleor_made_and_whose_answer_was_lost_is_sent_once(post: Post) -> None:
    shop = giving(post)
    post.world.saleor.faults.once(faults.after_acting(faults.cut()), on="GiftCardCreate")

    shop.taken(shop.reward())
    for _ in range(5):
        shop.wait(minutes=10)
        post.send()

    [got] = post.server.to(ADA)
    [card] = shop.cards()
    assert card.code in got.part("plain")


def test_a_code_that_was_given_back_meanwhile_is_not_sent(post: Post) -> None:
    shop = giving(post)
    redemption = shop.taken(shop.reward())

    withdraw(post.world.services, 1, redemption.reference, who="tests")
    post.send()

    assert post.server.delivered == []
    assert post.states() == ["dropped"]


def test_no_code_is_sent_while_that_kind_is_off(post: Post) -> None:
    shop = giving(post)
    post.switch_off(MailKind.REWARD_CODE)

    shop.taken(shop.reward())
    post.send()

    assert post.mails() == []
