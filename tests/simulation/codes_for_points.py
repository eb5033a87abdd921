"""What must be true of rewards once the world is quiet, worked out from Saleor's cards, codes and orders, and the rows."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import floor

from sqlmodel import Session, col, select

from app.db.tables import (
    CustomerMoveRow,
    MovementRow,
    RedemptionRefundRow,
    RedemptionReturnRow,
    RedemptionRow,
    RewardVersionRow,
)
from app.domain.settlement import MovementState
from app.sealing import fingerprint
from tests.simulation.expected import kept
from tests.simulation.shops import Shop
from tests.simulation.with_codes import OVER as OVER_ORDERS
from tests.simulation.with_codes import used_by_orders
from tests.simulation.world import World
from tests.standins.saleor.gift_cards import GiftCard
from tests.standins.saleor.orders import Order

Wrongs = Iterator[str]
NOTHING_TAKEN = frozenset({"asked", "refused"})
OVER = frozenset({"refused", "used", "expired", "withdrawn", "not_made"})
CENT = Decimal("0.01")


class Rewards:
    """All rows of rewards that were taken, read once."""

    def __init__(self, session: Session) -> None:
        self.taken = list(session.exec(select(RedemptionRow).order_by(col(RedemptionRow.id))))
        self.returns = {row.redemption_id: row for row in session.exec(select(RedemptionReturnRow))}
        self.refunds = list(session.exec(select(RedemptionRefundRow)))
        self.versions = {row.id: row for row in session.exec(select(RewardVersionRow))}
        is_accepted = (MovementRow.cause_kind == "reward", MovementRow.state == MovementState.ACCEPTED)
        self.movements = list(session.exec(select(MovementRow).where(*is_accepted)))
        self.references = {row.reference for row in self.taken}
        happened, when = col(CustomerMoveRow.moved_at).is_not(None), col(CustomerMoveRow.moved_at)
        self.moves = list(session.exec(select(CustomerMoveRow).where(happened).order_by(when, col(CustomerMoveRow.id))))


@dataclass(frozen=True)
class Code:
    """What Saleor knows of a code: its card, deleted or not, and what orders used of it in the smallest unit, up to a moment."""

    is_there: bool
    card: GiftCard | None
    used_units: int
    orders: tuple[str, ...]


def code_of(world: World, taken: RedemptionRow, until: datetime | None = None) -> Code:
    """Find out what became of a redemption's code."""
    shop = world.shops[taken.store_id - 1]
    if not taken.currency:
        return _voucher_code(shop, taken, until)
    cards = [*shop.saleor.codes.cards.all(), *world.truth.deleted_cards.values()]
    card = next((one for one in cards if fingerprint(one.code) == taken.code_mark), None)
    if card is None:
        return Code(False, None, 0, ())
    used = used_by_orders(card, until)
    return Code(card.code not in world.truth.deleted_cards, card, int(sum(used.values()) / CENT), tuple(used))


def _voucher_code(shop: Shop, taken: RedemptionRow, until: datetime | None) -> Code:
    there = {fingerprint(one.code) for voucher in shop.saleor.codes.vouchers.all() for one in voucher.codes}
    book = shop.saleor.book.snapshot()
    orders = [
        order.id
        for order in book.values()
        if order.voucher_code is not None
        and fingerprint(order.voucher_code) == taken.code_mark
        and (until is None or order.created <= until)
    ]
    return Code(taken.code_mark in there, None, min(len(orders), 1), tuple(orders))


def no_code_exists_without_its_points(world: World, rewards: Rewards) -> Wrongs:
    paid = {row.code_mark: row for row in rewards.taken}
    debited = {movement.cause_id for movement in rewards.movements if movement.target_id is None}
    for shop in world.shops:
        for code in shop.codes():
            row = paid.get(fingerprint(code))
            if code == "STAFF-CODE":
                continue
            if row is None or row.id not in debited:
                yield "a code exists that nobody paid for"
    for row in rewards.taken:
        if row.stage in OVER - {"used"} and _can_be_used(world, row):
            yield f"a code can be used whose reward of {row.points} points is {row.stage}"


def _can_be_used(world: World, row: RedemptionRow) -> bool:
    shop = world.shops[row.store_id - 1]
    if row.currency:
        card = code_of(world, row).card
        is_there = card is not None and card.code not in world.truth.deleted_cards
        return is_there and card is not None and card.pays(world.clock.now.date()) > 0
    codes = [one for voucher in shop.saleor.codes.vouchers.all() for one in voucher.codes]
    return any(one.is_active and fingerprint(one.code) == row.code_mark for one in codes)


def no_reward_is_left_open(world: World, rewards: Rewards) -> Wrongs:
    for row in rewards.taken:
        if row.stage not in OVER and row.stage != "given":
            yield f"a reward of {row.points} points is still {row.stage}: {row.problem}"
        if row.lease_token is not None or (row.look_at is not None and row.look_at <= world.clock.now):
            yield f"a reward of {row.points} points waits"
        if row.stage == "given" and row.problem_code is not None:
            yield f"a reward that was given has the problem {row.problem_code}: {row.problem}"


def every_code_that_was_given_can_be_used(world: World, rewards: Rewards) -> Wrongs:
    for row in rewards.taken:
        code = code_of(world, row, row.ended_at)
        if row.stage == "given":
            if not code.is_there and not _is_deleted(world, row, code):
                yield f"{row.points} points were taken for a code that does not exist"
            if code.used_units >= row.amount_units:
                yield "a code that is used up counts as one that can be used"
        elif row.stage == "used" and code.used_units < row.amount_units:
            yield f"a code counts as used up, and orders used {code.used_units} of {row.amount_units}"


def no_points_are_gone_without_code_or_return(world: World, rewards: Rewards) -> Wrongs:
    """What no order used comes back once, as whole points; what an order used never does."""
    for row in rewards.taken:
        back = rewards.returns.get(row.id or 0)
        points = 0 if back is None else back.points
        # What is put back onto a card after that is on a card that nobody can use.
        used = code_of(world, row, row.ended_at if back is None else back.written_at).used_units
        owed = row.points * max(0, row.amount_units - used) // row.amount_units if _owes(rewards, row) else 0
        # Where staff settled it, they decided by what was seen before the card was deleted.
        if points < owed or (points > owed and row.because is None):
            yield f"{points} points came back of {row.points}, {row.stage}, of which orders used {used}: {owed} should"


def _owes(rewards: Rewards, row: RedemptionRow) -> bool:
    """Tell whether what no order used of a reward is the customer's again."""
    if row.stage == "expired":
        return row.problem_code != "left" and rewards.versions[row.version_id].return_on_expiry
    return row.stage in {"withdrawn", "not_made"}


def refunded_orders_gave_their_share_back(world: World, rewards: Rewards) -> Wrongs:
    """Points come back as the money of an order did, all of them when it is cancelled, and never those that a card got back."""
    for row in rewards.taken:
        returns = rewards.versions[row.version_id].return_on_refund
        for order_id, units in _used_by_each(world, row).items():
            order = world.order(order_id)
            came = sum(one.points for one in rewards.refunds if (one.redemption_id, one.saleor_order_id) == (row.id, order_id))
            # What came back stays where a refund is reversed later, or an edit makes the order dearer.
            shares = [_share_back(one) for one in (order, *world.homes[order_id].saleor.book.versions(order_id))]
            owed, most = (floor(Fraction(row.points * units, row.amount_units) * one) for one in (shares[0], max(shares)))
            if not (owed <= came <= most if returns else came == 0):
                yield f"{came} of {row.points} points came back for an order that used {units}: {owed} should"


def _used_by_each(world: World, row: RedemptionRow) -> dict[str, int]:
    """Give what orders used of a code that is still there, as the app can have seen it."""
    code = code_of(world, row)
    if not row.currency:
        return dict.fromkeys(code.orders[:1], 1)
    if code.card is None or not code.is_there:
        return {}
    used = used_by_orders(code.card, row.ended_at)
    return {order_id: int(amount / CENT) for order_id, amount in used.items() if code.card.id in world.order(order_id).cards}


def _share_back(order: Order) -> Fraction:
    """Add up what is held and what was refunded, by the events of the payments. A charge-back is neither."""
    if order.status in OVER_ORDERS:
        return Fraction(1)
    refunded, held = Fraction(0), Fraction(0)
    for part in order.transactions:
        refunded += Fraction(part.refunded)
        held += Fraction(kept(part) + part.refund_pending)
    for payment in order.payments:
        refunded += Fraction(payment.refunded)
        held += Fraction(payment.charged)
    total = Fraction(order.total.gross)
    # What was paid above the total goes back first.
    return min(max(min(refunded, total - held) / total, Fraction(0)), Fraction(1)) if total > 0 else Fraction(0)


def _is_deleted(world: World, row: RedemptionRow, code: Code) -> bool:
    """Tell whether staff deleted a code in Saleor, or the voucher with it."""
    return code.card is not None if row.currency else not world.shops[row.store_id - 1].has_voucher


def no_order_is_cheaper_by_a_card_that_did_not_pay(world: World, _rewards: Rewards) -> Wrongs:
    """A card that is emptied while a checkout is completed pays nothing, and the order costs less all the same."""
    for order_id in world.orders:
        order, cards = world.order(order_id), world.homes[order_id].saleor.codes.cards
        known = [card for card_id in order.cards if (card := cards.get(card_id)) is not None]
        taken = sum((_taken_by(card, order_id) for card in known), Decimal(0))
        if known and len(known) == len(order.cards) and order.gift_card > taken:
            yield f"an order was cheaper by {order.gift_card}, and its gift card paid {taken}"


def _taken_by(card: GiftCard, order_id: str) -> Decimal:
    uses = [event for event in card.events if event.type == "USED_IN_ORDER" and event.order_id == order_id]
    return sum(((event.old_current or Decimal(0)) - (event.current or Decimal(0)) for event in uses), Decimal(0))


def each_reward_moved_its_points_once(_world: World, rewards: Rewards) -> Wrongs:
    taken, back = Counter[int | None](), Counter[int | None]()
    for movement in rewards.movements:
        (taken if movement.target_id is None else back)[movement.cause_id] += movement.points
    for row in rewards.taken:
        if taken[row.id] != (0 if row.stage in NOTHING_TAKEN else -row.points):
            yield f"a reward of {row.points} points stands as {row.stage}, and moved {taken[row.id]}"
        points = rewards.returns[row.id or 0].points if row.id in rewards.returns else 0
        refunded = sum(one.points for one in rewards.refunds if one.redemption_id == row.id)
        if back[row.id] != points + refunded or row.returned_points != points or row.refunded_points != refunded:
            yield f"{points} and {refunded} points of a reward came back, and {back[row.id]} were moved"


def each_request_brought_one_reward(world: World, rewards: Rewards) -> Wrongs:
    asked = Counter((taken.shop.store_id, taken.reward_id, taken.email.casefold()) for taken in world.truth.rewards)
    rows = Counter((row.store_id, row.reward_id, row.email.casefold()) for row in rewards.taken)
    for which, number in rows.items():
        if number > asked[which]:
            yield f"{number} rewards were taken by {asked[which]} requests"


def nobody_has_more_rewards_than_each_may(world: World, rewards: Rewards) -> Wrongs:
    limit = world.setup.rewards.limit_each if world.setup.rewards is not None else None
    if limit is None:
        return
    counted = [row for row in rewards.taken if row.stage not in {"refused", "withdrawn", "not_made"}]
    for last in counted:
        before = (row for row in counted if row.reward_id == last.reward_id and row.asked_at <= last.asked_at)
        number = sum(_holder(rewards, row, last.asked_at) == last.email_key for row in before)
        if number > limit:
            yield f"somebody has {number} of a reward, of which each may have {limit}"


def _holder(rewards: Rewards, row: RedemptionRow, at: datetime) -> str:
    """Tell who had at a moment what was taken: staff may have moved the customer by then."""
    holder = row.email_key
    for move in rewards.moves:
        is_of_it = move.store_id == row.store_id and move.from_key == holder
        if is_of_it and move.moved_at is not None and row.asked_at < move.moved_at <= at:
            holder = move.to_key
    return holder


def used_by_rewards(rewards: Rewards, row: RedemptionRow) -> int:
    """Tell how many points of a reward its account counts as used: what was taken, less what came back to that account."""
    if row.stage in NOTHING_TAKEN:
        return 0
    back = (one for one in rewards.movements if one.cause_id == row.id and one.target_id is not None)
    return row.points - sum(one.points for one in back if one.account_id == row.account_id)


CHECKS = (
    no_code_exists_without_its_points,
    no_reward_is_left_open,
    every_code_that_was_given_can_be_used,
    no_points_are_gone_without_code_or_return,
    no_order_is_cheaper_by_a_card_that_did_not_pay,
    refunded_orders_gave_their_share_back,
    each_reward_moved_its_points_once,
    each_request_brought_one_reward,
    nobody_has_more_rewards_than_each_may,
)
