"""What must be true of payments by points once the world is quiet, worked out from Saleor's own sums and the rows."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from sqlmodel import Session, col, select

from app.db.tables import MovementRow, SpendReturnRow, SpendRow, SpendRuleRow
from app.domain.settlement import MovementKind, MovementState
from tests.simulation.world import PointsPayment, World
from tests.standins.saleor.orders import Order
from tests.standins.saleor.payments import Transaction

Wrongs = Iterator[str]
# In these a payment waits for nobody any more; in these it took nothing.
AT_REST = frozenset({"on_order", "returned", "refused"})
NOTHING_TAKEN = frozenset({"asked", "refused"})
_OVER = frozenset({"CANCELED", "EXPIRED"})
CENT = Decimal("0.01")


class Payments:
    """All rows of payments by points, read once."""

    def __init__(self, session: Session) -> None:
        self.spends = list(session.exec(select(SpendRow).order_by(col(SpendRow.id))))
        self.returns = list(session.exec(select(SpendReturnRow).order_by(col(SpendReturnRow.id))))
        self.rules = {rule.id: rule for rule in session.exec(select(SpendRuleRow))}
        is_accepted = (MovementRow.cause_kind == "spend", MovementRow.state == MovementState.ACCEPTED)
        self.movements = list(session.exec(select(MovementRow).where(*is_accepted)))

    def back(self, spend: SpendRow) -> list[SpendReturnRow]:
        """Give the returns of a spend that count."""
        return [row for row in self.returns if row.spend_id == spend.id and row.cancelled_at is None]


def what_saleor_counts_is_what_the_books_hold(world: World, payments: Payments) -> Wrongs:
    held: Counter[tuple[int, str]] = Counter()
    for spend in payments.spends:
        if spend.stage not in NOTHING_TAKEN:
            left = spend.amount_units - sum(row.amount_units for row in payments.back(spend))
            held[spend.store_id, spend.saleor_transaction_id] += left
    for payment, transaction in _transactions(world):
        ours = held[payment.shop.store_id, payment.transaction_id] * CENT
        if transaction.charged != ours:
            yield f"Saleor counts {transaction.charged} of a payment, and the books hold {ours}"


def no_payment_is_left_open(world: World, payments: Payments) -> Wrongs:
    for spend in payments.spends:
        if spend.stage not in AT_REST:
            yield f"a payment of {spend.points} points is still {spend.stage}: {spend.problem}"
        if spend.lease_token is not None or (spend.look_at is not None and spend.look_at <= world.clock.now):
            yield f"a payment of {spend.points} points waits"
        for row in payments.back(spend):
            if row.reported_at is None or row.credited_at is None:
                yield f"a return of {row.points} points is not done: {row.problem}"


def points_come_back_by_what_went_back(_world: World, payments: Payments) -> Wrongs:
    """Any split ends on the same points: the floor of the sum, and all where all went back."""
    for spend in payments.spends:
        back = payments.back(spend)
        units, points = sum(row.amount_units for row in back), sum(row.points for row in back)
        was_cancelled = any(row.spend_id == spend.id and row.cancelled_at is not None for row in payments.returns)
        if units > spend.amount_units or points > spend.points:
            yield f"{points} points came back of {spend.points}"
        elif not was_cancelled and points != spend.points * units // spend.amount_units:
            yield f"{points} points came back for {units} of {spend.amount_units}, of {spend.points}"


def each_payment_moved_its_points_once(_world: World, payments: Payments) -> Wrongs:
    taken, back = Counter[int | None](), Counter[int | None]()
    for movement in payments.movements:
        (taken if movement.target_id is None else back)[movement.cause_id] += movement.points
    for spend in payments.spends:
        if taken[spend.id] != (0 if spend.stage in NOTHING_TAKEN else -spend.points):
            yield f"a payment of {spend.points} points stands as {spend.stage}, and moved {taken[spend.id]}"
        credited = [row for row in payments.returns if row.spend_id == spend.id and row.credited_at is not None]
        points = sum(row.points - row.taken_again_points for row in credited)
        if back[spend.id] != points:
            yield f"{points} points came back of a payment, and {back[spend.id]} were moved"


def only_the_signed_in_customer_pays(world: World, payments: Payments) -> Wrongs:
    whose = {(payment.shop.store_id, payment.transaction_id): payment for payment, _ in _transactions(world)}
    for spend in payments.spends:
        payment = whose[spend.store_id, spend.saleor_transaction_id]
        if payment.payer != payment.user or spend.email_key != payment.user.casefold():
            yield f"{spend.email} paid for what is {payment.user}'s, and {payment.payer} called"


def no_order_is_left_short_by_what_was_abandoned(world: World, payments: Payments) -> Wrongs:
    abandoned = {f"{row.reference}" for row in payments.returns if row.why == "abandoned" and row.cancelled_at is None}
    for payment, transaction in _transactions(world):
        order = _order_of(payment)
        for event in transaction.events:
            is_late = order is not None and event.created_at > order.created
            if is_late and event.type == "REFUND_SUCCESS" and event.psp_reference in abandoned:
                yield f"{event.amount} of an order were given back as if its checkout had been left"


def an_order_keeps_no_points_that_it_does_not_cost(world: World, payments: Payments) -> Wrongs:
    rules = {(spend.store_id, spend.saleor_transaction_id): payments.rules[spend.rule_id] for spend in payments.spends}
    for payment, transaction in _transactions(world):
        order = _order_of(payment)
        rule = rules.get((payment.shop.store_id, payment.transaction_id))
        if order is None or rule is None:
            continue
        if order.status in _OVER:
            if transaction.charged > 0 and rule.return_on_cancel:
                yield f"an order is {order.status}, and keeps {transaction.charged} that points paid"
        elif min(order.charged - order.total.gross, transaction.charged) > 0:
            yield f"an order of {order.total.gross} keeps {order.charged}, of which points paid {transaction.charged}"


def each_request_is_answered_by_a_return_of_its_own(world: World, _payments: Payments) -> Wrongs:
    for _, transaction in _transactions(world):
        done = {event.psp_reference for event in transaction.events if event.type == "REFUND_SUCCESS"}
        asked = Counter(event.psp_reference for event in transaction.events if event.type == "REFUND_REQUEST")
        if any(asked[reference] > 1 for reference in done):
            yield "two requests to give points back were answered with one return"


def used_by_payments(payments: Payments, spend: SpendRow) -> int:
    """Tell how many points of a payment its account counts as used: what was taken, less what came back to that account."""
    if spend.stage in NOTHING_TAKEN:
        return 0
    references = {row.reference for row in payments.returns if row.spend_id == spend.id}
    mine = (one for one in payments.movements if one.account_id == spend.account_id)
    return spend.points - sum(one.points for one in mine if one.target_id in references)


def is_taken_again(movement: MovementRow) -> bool:
    """Tell whether it takes points again that a refund gave, because the refund was undone."""
    return movement.cause_kind == "spend" and movement.kind == MovementKind.DEBIT and movement.target_id is not None


def _transactions(world: World) -> Iterator[tuple[PointsPayment, Transaction]]:
    for payment in world.truth.payments:
        if payment.transaction_id:
            yield payment, payment.shop.saleor.payments[payment.transaction_id]


def _order_of(payment: PointsPayment) -> Order | None:
    source = payment.shop.saleor.payments.source_of(payment.transaction_id)
    return source if isinstance(source, Order) else None


CHECKS = (
    what_saleor_counts_is_what_the_books_hold,
    no_payment_is_left_open,
    points_come_back_by_what_went_back,
    each_payment_moved_its_points_once,
    only_the_signed_in_customer_pays,
    no_order_is_left_short_by_what_was_abandoned,
    an_order_keeps_no_points_that_it_does_not_cost,
    each_request_is_answered_by_a_return_of_its_own,
)
