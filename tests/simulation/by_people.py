"""What people do: shoppers, other clients of the same points, and staff."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

from sqlmodel import col, select

from app.db.tables import ClaimRow, OrderRow
from app.domain.claim import ClaimState
from app.domain.earning import Award
from app.domain.order_link import order_link
from app.domain.store import AccountKind
from app.errors import BadRequest
from app.usecases.merchants.adjust_points import FormOutcome, adjust_customer, adjust_order, look_again, write_off
from app.usecases.merchants.change_provider import change_provider
from app.usecases.merchants.move_customer import move_customer
from app.usecases.merchants.void_claim import void_claim
from app.usecases.moving.resolve_movement import resolve_movement, unknown_movements
from app.usecases.operating.rotate_secrets import rotate_secrets
from app.usecases.services import Services
from tests.simulation.at_a_till import give_back_at_a_till, spend_at_a_till
from tests.simulation.drawing import EMAILS
from tests.simulation.in_shop import chosen
from tests.simulation.limits import ANN, MOVER, expect, is_above, note_asked
from tests.simulation.rig import API_KEYS, APP_URL, PROVIDER_URL, SECRETS
from tests.simulation.steps import Kind, RuleSetup, Step
from tests.simulation.world import Play, World

# Nobody knows yet what happened, so nobody can say it: looking comes first.
STAFF_LOOK_AFTER = timedelta(minutes=11)
# No amount of ours looks like what other clients do.
OTHERS_STRANGE_POINTS = 100_003
SECRET_SEALED, SECRET_GONE = 2, 3
WITHDRAWS = 3
_CLAIM_URL = re.compile(re.escape(PROVIDER_URL) + "/claim/points/[0-9a-f]{32}")


def _visit(world: World, step: Step) -> None:
    order = chosen(world, step)
    if order is None:
        return
    link = (order.metadata or {}).get("points_claim_url", "") if step.how < 4 else ""
    _open_link(world, step, order.id, link or order_link(APP_URL, world.homes[order.id].slug, order.id))


def _open_link(world: World, step: Step, order_id: str, link: str) -> None:
    """Follow a link as far as the claim that it leads to, and remember that one."""
    found = _claim_behind(world, step, link) if "/orders/" in link else link
    if found is None:
        return
    seen = world.truth.links.setdefault(order_id, [])
    if found not in seen:
        seen.append(found)
        world.counts["links seen"] += 1


def _claim_behind(world: World, step: Step, link: str) -> str | None:
    """Give the address of the claim that an order link leads to; where claims cannot be withdrawn, after a button is pressed."""
    # What goes wrong waits for the button, more often than not.
    answer = world.call_web("GET", link, {}, None, step.mishaps if step.how == 0 else ())
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
    for link in world.truth.links.get(order.id, ())[-1:]:
        if link.startswith(APP_URL):
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            world.call_web("POST", link, headers, f"email={email}".encode(), step.mishaps)
        else:
            _take_at_coggins(world, link.rsplit("/", 1)[1], email)


def _take_at_coggins(world: World, token: str, email: str) -> None:
    for key, claim in world.purses.claims():
        if claim.token.replace("-", "") == token:
            with suppress(ValueError):  # It is taken already, or has run out.
                world.coggins.take(token, None if claim.email else email, key=key)


def _purse(world: World, step: Step) -> str:
    return world.purses.current(world.shop(step.shop).store_id)


def _spend(world: World, step: Step) -> None:
    name, email = _purse(world, step), EMAILS[step.email]
    points = world.purses.available(name, email) * step.share // 1000
    if email and points > 0:
        world.purses.spend(name, email, points)


def _other(world: World, step: Step) -> None:
    if EMAILS[step.email]:
        points = OTHERS_STRANGE_POINTS if step.how % 2 else -OTHERS_STRANGE_POINTS
        world.purses.change(_purse(world, step), EMAILS[step.email], points)


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


def _slug(world: World, row: OrderRow) -> str:
    return world.homes[row.saleor_order_id].slug


def _adjust(world: World, step: Step, services: Services, row: OrderRow) -> None:
    """Give to an order, take from it, or withdraw its link: all of it also before anybody looked at what came before."""
    if step.how % 4 == WITHDRAWS:
        _withdraw(world, services, row)
        return
    points = step.share // 20 + 1
    points = -points if step.how % 2 else points
    outcome = adjust_order(services, _slug(world, row), row.number or "", points=points, reason="Because.", who=ANN)
    should_wait = is_above(world, row.store_id, abs(points), abs(points))
    expect(f"a change of {points} points of an order", waits=outcome is FormOutcome.WAITS, should_wait=should_wait)
    if should_wait:
        note_asked(world, row.store_id, points, row.saleor_order_id)
    else:
        world.truth.staff[row.saleor_order_id].append(points)


def _withdraw(world: World, services: Services, row: OrderRow) -> None:
    is_open = (ClaimRow.order_id == row.id, ClaimRow.state == ClaimState.OPEN, col(ClaimRow.points) > 0)
    with world.rig.database.reading() as session:
        claim_id = session.exec(select(ClaimRow.id).where(*is_open).order_by(col(ClaimRow.created_at))).first()
    if claim_id is not None:
        points = void_claim(services, row.store_id, claim_id, reason="Because.", who=ANN)
        world.truth.staff[row.saleor_order_id].append(-points)
        world.counts["links withdrawn"] += 1


def _adjust_customer(world: World, step: Step, services: Services, row: OrderRow) -> None:
    points = -(step.share // 20 + 1) if step.how % 2 else step.share // 20 + 1
    shop = world.shop(step.shop)
    adjusted = adjust_customer(services, shop.slug, EMAILS[step.email], points=points, reason="Because.", who=ANN)
    # It was no change where it was refused: another one of this customer was under way.
    should_wait = is_above(world, shop.store_id, abs(points), abs(points))
    waits = adjusted is not None and adjusted.waits_for_approval
    expect(f"a change of {points} points of a customer", waits=waits, should_wait=should_wait)
    if should_wait:
        note_asked(world, shop.store_id, points)


def _move(world: World, step: Step) -> None:
    """Move a customer. What the ledger of a store then holds is another customer's, as if others had moved it."""
    shop, from_email = world.shop(step.shop), EMAILS[step.email]
    to_email = EMAILS[(step.email + 1 + step.how % 2) % 3]
    if not from_email or from_email == to_email:
        return
    # Nothing else happens at the very moment of a move.
    world.go_on_until(world.clock.now + timedelta(seconds=1))
    purse = world.purses.current(shop.store_id)
    available = world.purses.available(purse, from_email)

    def move(services: Services) -> None:
        with suppress(BadRequest):
            move_customer(services, shop.slug, from_email, to_email, reason="A new address.", who=MOVER)
            world.counts["moves"] += 1
            if purse not in API_KEYS:
                world.truth.by_others[purse, from_email.casefold()] -= available
                world.truth.by_others[purse, to_email.casefold()] += available
                for spent in world.truth.at_tills:
                    if (spent.purse, spent.holder) == (purse, from_email.casefold()):
                        spent.holder = to_email.casefold()

    world.as_staff(move)
    world.go_on_until(world.clock.now + timedelta(seconds=1))


def _write_off(world: World, step: Step, services: Services, row: OrderRow) -> None:
    written_off = write_off(services, _slug(world, row), row.number or "", who=ANN)
    should_wait = is_above(world, row.store_id, row.shortfall, row.shortfall)
    expect(f"a write-off of {row.shortfall}", waits=written_off.outcome is FormOutcome.WAITS, should_wait=should_wait)
    if should_wait:
        note_asked(world, row.store_id)
    else:
        world.counts["write-offs"] += 1


def _look_again(world: World, step: Step, services: Services, row: OrderRow) -> None:
    look_again(services, _slug(world, row), row.number or "")


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
            resolve_movement(services, unknown.id, happened=world.truth.done[unknown.id] > 0, who=ANN)
        except BadRequest:
            continue
        resolved += 1
        world.counts["left for staff"] += 1
    return resolved


def _rule(world: World, step: Step) -> None:
    shop = world.shop(step.shop)
    old = shop.rules[-1][1]
    variants = (
        RuleSetup(points_per_unit=Decimal(step.share) / 200, award=old.award, bind_email=old.bind_email),
        RuleSetup(award=Award.INSTANT),
        RuleSetup(award=Award.CLAIM, expires_days=2),
        RuleSetup(award=Award.AUTO, hold_days=1),
    )
    world.add_rule(shop, variants[step.how % len(variants)])


def _provider(world: World, step: Step) -> None:
    shop = world.shop(step.shop)
    keys = (None, *API_KEYS)
    key = keys[step.how % len(keys)]

    def change(services: Services) -> None:
        if key is None:
            change_provider(services, shop.slug, shop.store_id, kind=AccountKind.EMBEDDED)
        else:
            change_provider(services, shop.slug, shop.store_id, kind=AccountKind.COGGINS, url=PROVIDER_URL, key=key)

    world.as_staff(change)


def _secret(world: World, step: Step) -> None:
    """Renew SECRET_KEY: start everything with both, seal all anew, and start everything without the old one."""
    if world.rig.effects.running:
        return
    world.secrets = min(world.secrets + 1, SECRET_GONE)
    if world.secrets == SECRET_SEALED:
        world.as_staff(lambda services: list(rotate_secrets(services)))
    else:
        world.rig.restart(SECRETS[min(world.secrets, len(SECRETS) - 1)])


BY_PEOPLE: dict[Kind, Play] = {
    Kind.VISIT: _visit,
    Kind.TAKE: _take,
    Kind.SPEND: _spend,
    Kind.TILL_SPEND: spend_at_a_till,
    Kind.TILL_RETURN: give_back_at_a_till,
    Kind.OTHER: _other,
    Kind.ADJUST: _staff(_adjust),
    Kind.ADJUST_CUSTOMER: _staff(_adjust_customer),
    Kind.MOVE: _move,
    Kind.WRITE_OFF: _staff(_write_off),
    Kind.LOOK_AGAIN: _staff(_look_again),
    Kind.RESOLVE: _resolve,
    Kind.RULE: _rule,
    Kind.PROVIDER: _provider,
    Kind.SECRET: _secret,
}
