"""How each step is played on a world. What makes no sense as things stand is passed over."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import select

from app.domain.earning import Award
from app.errors import AppError, BadRequest
from app.points import ledger
from app.store.models import OrderRow, PointsCustomerRow
from app.store.models.ledger import EntryKind
from app.usecases.adjust_points import adjust_customer, adjust_order, look_again, write_off
from app.usecases.order_link import order_link
from app.usecases.resolve_movement import resolve_movement, unknown_movements
from app.usecases.services import Services
from app.usecases.settle_customers import settle_customers
from app.usecases.settle_orders import settle_orders
from app.usecases.sweep_orders import sweep_orders
from tests.simulation.drawing import EMAILS, ORDERS_MAX
from tests.simulation.expected import kept
from tests.simulation.rig import APP_URL, PROVIDER_URL
from tests.simulation.steps import Kind, RuleSetup, Step
from tests.simulation.world import Violation, World
from tests.standins.saleor import Item
from tests.standins.saleor.orders import UNCONFIRMED, Order

CENT = Decimal("0.01")
BATCHES_A_STEP = 3
# Nobody knows yet what happened, so nobody can say it: looking comes first.
STAFF_LOOK_AFTER = timedelta(minutes=11)
# No amount of ours looks like what other clients do.
OTHERS_STRANGE_POINTS = 100_003
OVER = frozenset({"CANCELED", "EXPIRED"})
_CLAIM_URL = re.compile(re.escape(PROVIDER_URL) + "/claim/points/[0-9a-f]{32}")
DATABASE_FAULTS = (OperationalError, InterfaceError, PoolTimeout)

Play = Callable[[World, Step], None]


def act_on(world: World, step: Step) -> None:
    """Play one step."""
    world.counts[step.kind.name] += 1
    world.played.append(step)
    _PLAY[step.kind](world, step)


# In the shop.


def _place(world: World, step: Step) -> None:
    if len(world.orders) >= ORDERS_MAX:
        return
    shop, gross = world.saleor.shop, (Decimal(step.share) / 8).quantize(CENT)
    email = EMAILS[step.email]
    if step.email == 0:
        shop.register_customer(email)
    shipping = Decimal("4.90") if step.order % 2 else Decimal(0)
    items = [Item(gross, (gross / Decimal("1.2")).quantize(CENT), quantity=1 + step.order)]
    if step.how == 6:
        items.append(Item("25", kind="GIFT_CARD", name="Gift card"))
    total = sum((Decimal(item.gross) for item in items), shipping)
    if step.how in {1, 2}:
        order_id = shop.place_order(*items, email=email, shipping=shipping)
    elif step.how == 3:
        order_id = shop.place_paid_order(*items, email=email, shipping=shipping, auto_confirm=False)
    elif step.how in {4, 5}:
        gift_card = total if step.how == 5 else (total / 2).quantize(CENT)
        order_id = shop.place_paid_order(*items, email=email, shipping=shipping, gift_card=gift_card)
    elif step.how == 7:
        order_id = shop.place_paid_order(
            *items, email=email, shipping=shipping, charged=(total / 2).quantize(CENT), auto_confirm=False
        )
    else:
        order_id = shop.place_paid_order(*items, email=email, shipping=shipping)
    world.orders.append(order_id)
    world.counts["orders"] += 1
    world.send_events(step.fates)


def _in_shop(change: Callable[[World, Step, Order], None]) -> Play:
    """Change an order; what the shop does not allow is passed over."""

    def play(world: World, step: Step) -> None:
        order = chosen(world, step)
        if order is None:
            return
        try:
            change(world, step, order)
        except ValueError:
            return
        finally:
            world.send_events(step.fates)

    return play


def chosen(world: World, step: Step) -> Order | None:
    if not world.orders:
        return None
    return world.saleor.book[world.orders[step.order % len(world.orders)]]


def _part(whole: Decimal, share: int) -> Decimal:
    part = (whole * share / 1000).quantize(CENT)
    if part <= 0:
        raise ValueError("nothing to move")
    return part


def _charge(world: World, step: Step, order: Order) -> None:
    missing = order.total.gross - order.charged
    if order.status not in OVER:
        world.saleor.till.charge(order.id, _part(missing, step.share), is_separate=step.how == 0)


def _mark_paid(world: World, step: Step, order: Order) -> None:
    if order.status not in OVER:
        world.saleor.till.mark_as_paid(order.id, flow="PAYMENT" if step.how < 2 else "TRANSACTION")


def _refund(world: World, step: Step, order: Order) -> None:
    world.saleor.till.refund(order.id, _part(_held(order), step.share))


def _held(order: Order) -> Decimal:
    """What can be given back by one payment."""
    if order.payments:
        return order.payments[0].charged
    return max((min(part.charged, kept(part)) for part in order.transactions), default=Decimal(0))


def _request_refund(world: World, step: Step, order: Order) -> None:
    if not order.refund_pending:
        world.saleor.till.request_refund(order.id, _part(_held(order), step.share))


def _reverse_refund(world: World, step: Step, order: Order) -> None:
    back = _part(order.refunded, step.share)
    if order.transactions and order.transactions[0].refunded >= back:
        world.saleor.till.reverse_refund(order.id, back)


def _charge_back(world: World, step: Step, order: Order) -> None:
    # What was reported without lowering the charge and what was charged back cannot be told apart afterwards.
    if order.transactions and all(part.charged == kept(part) for part in order.transactions):
        world.saleor.till.charge_back(order.id, _part(_held(order), step.share))


def _report_refund(world: World, step: Step, order: Order) -> None:
    if len(order.transactions) == 1 and all(event.type != "CHARGE_BACK" for event in order.transactions[0].events):
        world.saleor.till.report_refund_without_lowering_charge(order.id, _part(_held(order), step.share))


def _grant_refund(world: World, step: Step, order: Order) -> None:
    world.saleor.till.grant_refund(order.id, _part(order.total.gross, step.share))


def _cancel(world: World, step: Step, order: Order) -> None:
    world.saleor.shop.cancel(order.id)


def _expire(world: World, step: Step, order: Order) -> None:
    if order.status == UNCONFIRMED and not order.charged:
        world.saleor.shop.expire(order.id)


def _email(world: World, step: Step, order: Order) -> None:
    world.saleor.shop.change_email(order.id, EMAILS[step.email])


def _edit(world: World, step: Step, order: Order) -> None:
    world.saleor.shop.edit_lines(order.id, (Decimal(step.share) / 8).quantize(CENT) + 1)


def _fulfill(world: World, step: Step, order: Order) -> None:
    if order.status not in OVER:
        world.saleor.goods.fulfill(order.id, quantity=1 if step.how < 3 else None)


def _return(world: World, step: Step, order: Order) -> None:
    if order.status not in OVER:
        world.saleor.goods.return_products(order.id, quantity=1 if step.how < 3 else None)


def _note(world: World, step: Step, order: Order) -> None:
    world.saleor.shop.add_note(order.id)


def _wipe(world: World, step: Step, order: Order) -> None:
    world.saleor.shop.update_metadata(order.id, {"points_amount": "", "points_status": "golden"})
    world.truth.wiped.add(order.id)


def _delete_variant(world: World, step: Step, order: Order) -> None:
    world.saleor.shop.delete_variant(order.id)


# Shoppers and other clients.


def _visit(world: World, step: Step) -> None:
    order = chosen(world, step)
    if order is None:
        return
    link = (order.metadata or {}).get("points_claim_url", "") if step.how < 4 else ""
    _open_link(world, step, order.id, link or order_link(APP_URL, "127-0-0-1-8000", order.id))


def _open_link(world: World, step: Step, order_id: str, link: str) -> None:
    """Follow a link as far as the claim that it leads to, and remember that one."""
    found = _claim_behind(world, step, link) if "/orders/" in link else link
    if found is None:
        return
    token = found.rsplit("/", 1)[1]
    seen = world.truth.links.setdefault(order_id, [])
    if token not in seen:
        seen.append(token)
        world.counts["links seen"] += 1


def _claim_behind(world: World, step: Step, link: str) -> str | None:
    """Give the address of the claim that an order link leads to; where claims cannot be withdrawn, after a button is pressed."""
    answer = world.call_web("GET", link, {}, None, step.mishaps if world.is_embedded else ())
    if answer is not None and answer.status_code == 303:
        return answer.headers["Location"]
    if answer is None or '<form method="post">' not in answer.text:
        return None
    pressed = world.call_web("POST", link, {}, None, step.mishaps)
    found = _CLAIM_URL.search(pressed.text) if pressed is not None else None
    return found[0] if found is not None else None


def _take(world: World, step: Step) -> None:
    order = chosen(world, step)
    if order is None:
        return
    if not world.truth.links.get(order.id) or step.how < 4:
        _visit(world, step)
    email = order.email or EMAILS[2]
    for token in world.truth.links.get(order.id, ())[-1:]:
        if world.is_embedded:
            body = f"email={email}".encode()
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            world.call_web("POST", f"{APP_URL}/claim/points/{token}", headers, body, step.mishaps)
            continue
        try:
            world.coggins.take(token, None if world.coggins._ledger(None).claim(token).email else email)
        except (ValueError, LookupError):
            continue


def _spend(world: World, step: Step) -> None:
    email = EMAILS[step.email]
    points = available(world, email) * step.share // 1000
    if not email or points <= 0:
        return
    if world.is_embedded:
        _post(world, email, -points)
    else:
        world.coggins.spend(email, points)


def _other(world: World, step: Step) -> None:
    email = EMAILS[step.email]
    points = OTHERS_STRANGE_POINTS if step.how % 2 else -OTHERS_STRANGE_POINTS
    if not email or available(world, email) + points < 0:
        return
    if world.is_embedded:
        _post(world, email, points)
        return
    world.truth.disturbed.add(email.casefold())
    world.coggins.adjust(email, points)
    world.truth.by_others[email.casefold()] += points


def available(world: World, email: str) -> int:
    """What the provider's own books say that a customer can spend."""
    if not world.is_embedded:
        return world.coggins.books().balance(email).available
    with world.rig.database.reading() as session:
        query = select(PointsCustomerRow.available).where(PointsCustomerRow.email_key == email.casefold())
        return session.exec(query).first() or 0


def _post(world: World, email: str, points: int) -> None:
    """Change a balance of the embedded ledger as another client of the Points API does."""
    entry = ledger.Entry(email, points, EntryKind.INSTANT)
    with world.rig.database.writing() as session:
        if ledger.post(session, world.store(session).id or 0, [entry], world.clock())[0]:
            world.truth.by_others[email.casefold()] += points


# Staff.


def _staff(job: Callable[[World, Step, Services, OrderRow], None]) -> Play:
    """Let staff do something with an order that the app has read."""

    def play(world: World, step: Step) -> None:
        order = chosen(world, step)
        row = world.order_row(order.id) if order is not None else None
        if row is None or row.number is None:
            return

        def do(services: Services) -> None:
            try:
                job(world, step, services, row)
            except BadRequest:
                return

        world.as_staff(do)

    return play


def slug(world: World) -> str:
    return str(world.rows("SELECT slug FROM store")[0][0])


def _adjust(world: World, step: Step, services: Services, row: OrderRow) -> None:
    points = step.share // 20 + 1
    points = -points if step.how % 2 else points
    adjust_order(services, slug(world), row.number or "", points=points, reason="Because.", who="Ann")
    world.truth.adjusted[row.saleor_order_id] += points


def _adjust_customer(world: World, step: Step, services: Services, row: OrderRow) -> None:
    points = step.share // 20 + 1
    adjust_customer(
        services, slug(world), EMAILS[step.email], points=-points if step.how % 2 else points, reason="Because.", who="Ann"
    )


def _write_off(world: World, step: Step, services: Services, row: OrderRow) -> None:
    write_off(services, slug(world), row.number or "", who="Ann")
    world.counts["write-offs"] += 1


def _look_again(world: World, step: Step, services: Services, row: OrderRow) -> None:
    look_again(services, slug(world), row.number or "")


def _resolve(world: World, step: Step) -> None:
    world.as_staff(lambda services: resolve_unknown(world, services))


def resolve_unknown(world: World, services: Services) -> int:
    """Say the truth about every INSTANT that is left to staff. Gives how many there were."""
    resolved = 0
    for unknown in unknown_movements(services):
        if not unknown.is_for_staff or unknown.sent_at is None or world.clock.now < unknown.sent_at + STAFF_LOOK_AFTER:
            continue
        world.truth.left_for_staff.add(unknown.id)
        try:
            resolve_movement(services, unknown.id, happened=world.truth.done[unknown.id] > 0, who="Ann")
        except BadRequest:
            continue
        resolved += 1
        world.counts["left for staff"] += 1
    return resolved


def _rule(world: World, step: Step) -> None:
    old = world.truth.rules[-1][1]
    variants = (
        RuleSetup(points_per_unit=Decimal(step.share) / 200, award=old.award, bind_email=old.bind_email),
        RuleSetup(award=Award.INSTANT),
        RuleSetup(award=Award.CLAIM, expires_days=2),
        RuleSetup(award=Award.AUTO, hold_days=1),
    )
    world.add_rule(variants[step.how % len(variants)])


# The app at work.


def _settle(world: World, step: Step) -> None:
    world.work(world.workers, step.mishaps, lambda services: settle_for_a_while(world, services, BATCHES_A_STEP))


def settle_for_a_while(world: World, services: Services, batches: int) -> bool:
    """Settle as the worker's loop does, up to so many batches. Tell whether nothing waited at the end."""
    try:
        for _ in range(batches):
            # The loop would look and find nothing: most looks are like that.
            if not world.has_work() or not (settle_orders(services) or settle_customers(services)):
                return True
    except DATABASE_FAULTS:
        world.counts["steps failed by the database"] += 1
    except AppError as error:
        raise Violation(f"settling raised {error.code}: {error.message}") from error
    return False


def _sweep(world: World, step: Step) -> None:
    world.work(world.workers, step.mishaps, lambda services: sweep_once(world, services))


def sweep_once(world: World, services: Services) -> None:
    """Sweep as the worker's loop does, were it time."""
    try:
        for _ in sweep_orders(services, timedelta()):
            pass
    except DATABASE_FAULTS:
        world.counts["steps failed by the database"] += 1
    except AppError as error:
        raise Violation(f"sweeping raised {error.code}: {error.message}") from error


# The world.


def _wait(world: World, step: Step) -> None:
    world.go_on_until(world.clock.now + timedelta(seconds=step.seconds))


def _redeliver(world: World, step: Step) -> None:
    if world.sent:
        world.deliver(world.sent[step.share % len(world.sent)])


def _revoke(world: World, step: Step) -> None:
    world.saleor.apps.revoke_token(world.app_id)


def _reinstall(world: World, step: Step) -> None:
    if not world.is_away("saleor"):
        world.reinstall()


def _switch(world: World, step: Step) -> None:
    app = world.saleor.apps.installed[world.app_id]
    (world.saleor.apps.deactivate if app.is_active else world.saleor.apps.activate)(app.id)
    world.send_events(())


def _away(service: str) -> Play:
    def play(world: World, step: Step) -> None:
        world.away_until[service] = world.clock.now + timedelta(seconds=step.seconds)

    return play


def _provider_refuses(world: World, step: Step) -> None:
    email = EMAILS[step.email]
    world.coggins.rules.refuse_items(lambda item: str(item.get("email", "")).strip() == email, "This customer is blocked.")


def _provider_relents(world: World, step: Step) -> None:
    world.coggins.rules.clear()


def _lag(world: World, step: Step) -> None:
    world.lag = world.clock.now
    world.lag_until = world.clock.now + timedelta(seconds=min(step.seconds, 900))
    world.restore_lag()


_PLAY: dict[Kind, Play] = {
    Kind.PLACE: _place,
    Kind.CHARGE: _in_shop(_charge),
    Kind.MARK_PAID: _in_shop(_mark_paid),
    Kind.REFUND: _in_shop(_refund),
    Kind.REQUEST_REFUND: _in_shop(_request_refund),
    Kind.REFUND_SUCCEEDED: _in_shop(lambda world, _, order: world.saleor.till.refund_succeeded(order.id)),
    Kind.REFUND_FAILED: _in_shop(lambda world, _, order: world.saleor.till.refund_failed(order.id)),
    Kind.REVERSE_REFUND: _in_shop(_reverse_refund),
    Kind.REPORT_REFUND: _in_shop(_report_refund),
    Kind.CHARGE_BACK: _in_shop(_charge_back),
    Kind.GRANT_REFUND: _in_shop(_grant_refund),
    Kind.CANCEL: _in_shop(_cancel),
    Kind.EXPIRE: _in_shop(_expire),
    Kind.EMAIL: _in_shop(_email),
    Kind.EDIT: _in_shop(_edit),
    Kind.FULFILL: _in_shop(_fulfill),
    Kind.RETURN: _in_shop(_return),
    Kind.NOTE: _in_shop(_note),
    Kind.WIPE: _in_shop(_wipe),
    Kind.DELETE_VARIANT: _in_shop(_delete_variant),
    Kind.VISIT: _visit,
    Kind.TAKE: _take,
    Kind.SPEND: _spend,
    Kind.OTHER: _other,
    Kind.ADJUST: _staff(_adjust),
    Kind.ADJUST_CUSTOMER: _staff(_adjust_customer),
    Kind.WRITE_OFF: _staff(_write_off),
    Kind.LOOK_AGAIN: _staff(_look_again),
    Kind.RESOLVE: _resolve,
    Kind.RULE: _rule,
    Kind.SETTLE: _settle,
    Kind.SWEEP: _sweep,
    Kind.WAIT: _wait,
    Kind.REDELIVER: _redeliver,
    Kind.REVOKE: _revoke,
    Kind.REINSTALL: _reinstall,
    Kind.SWITCH: _switch,
    Kind.SALEOR_AWAY: _away("saleor"),
    Kind.PROVIDER_AWAY: _away("provider"),
    Kind.PROVIDER_REFUSES: _provider_refuses,
    Kind.PROVIDER_RELENTS: _provider_relents,
    Kind.LAG: _lag,
}
