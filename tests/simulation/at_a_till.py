"""What happens at tills: customers pay with points through the Points API, bring goods back, and answers are lost."""

from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlmodel import col

from app.db.tables import ApiKeyRow, OrderRow
from app.sealing import fingerprint
from app.usecases.api.find_caller import Caller
from app.usecases.api.idempotency import IdempotentRequest
from app.usecases.api.items import SpendState
from app.usecases.api.spend_points import NewSpend, give_back_points, spend_points
from app.usecases.services import Services
from tests.simulation.drawing import EMAILS
from tests.simulation.rig import API_KEYS
from tests.simulation.steps import Step
from tests.simulation.world import TillSpend, Violation, World

_OWED = select(func.coalesce(func.sum(OrderRow.shortfall), 0)).where(
    col(OrderRow.store_id) == bindparam("store_id"), col(OrderRow.email_key) == bindparam("email"), col(OrderRow.shortfall) > 0
)


def spend_at_a_till(world: World, step: Step) -> None:
    """Pay with a share of what is there; where nothing is drawn, with one point more than there is."""
    email = EMAILS[step.email]
    purse = world.purses.current(world.shop(step.shop).store_id)
    if not email or purse in API_KEYS:
        return
    available = world.purses.available(purse, email)
    points = available + 1 if step.how == 0 else available * step.share // 1000
    if points <= 0:
        return
    key = f"spend {len(world.played)}"
    [(owed,)] = world.rig.ground.look(_OWED, store_id=int(purse), email=email.casefold())

    def spend(services: Services) -> None:
        once = IdempotentRequest(key, f"{email} {points}")
        spent = spend_points(services, till_of(world, int(purse)), NewSpend(email, points), once=once)
        if isinstance(spent, SpendState) != (points <= available - owed):
            raise Violation(f"a till was answered {spent} for {points} points of {available}, of which {owed} are owed")
        if isinstance(spent, SpendState):
            world.counts["spends"] += 1
            world.truth.by_others[purse, email.casefold()] -= points
            world.truth.at_tills.append(TillSpend(UUID(spent.id), purse, email.casefold(), points))

    world.as_staff(spend)
    if step.how % 3 == 1:
        # Its answer was lost, and the till asks again.
        world.as_staff(
            lambda services: spend_points(
                services,
                till_of(world, int(purse)),
                NewSpend(email, points),
                once=IdempotentRequest(key, f"{email} {points}"),
            )
        )


def give_back_at_a_till(world: World, step: Step) -> None:
    """Give back a share of the newest spend of a store, of which something is left; now and then more than that."""
    purse = world.purses.current(world.shop(step.shop).store_id)
    spent = next((one for one in reversed(world.truth.at_tills) if one.purse == purse and one.left > 0), None)
    if spent is None:
        return
    points = spent.left + 1 if step.how == 0 else max(1, spent.left * step.share // 1000)
    key = f"give back {len(world.played)}"

    def give_back(services: Services) -> object:
        once = IdempotentRequest(key, f"{spent.id} {points}")
        return give_back_points(services, till_of(world, int(purse)), spent.id, points, once=once)

    def first(services: Services) -> None:
        is_done = isinstance(give_back(services), SpendState)
        if is_done != (points <= spent.left):
            raise Violation(f"{points} points were given back of {spent.left}: {is_done}")
        if is_done:
            world.counts["points given back at tills"] += points
            spent.given_back += points
            world.truth.by_others[purse, spent.holder] += points

    world.as_staff(first)
    if step.how % 3 == 1:
        world.as_staff(give_back)


def till_of(world: World, store_id: int) -> Caller:
    """Give the caller that a till is. Its key is made at its first call."""
    mark = fingerprint(f"till of {store_id}")
    with world.rig.database.writing() as session:
        key = session.scalars(select(ApiKeyRow).where(col(ApiKeyRow.key_mark) == mark)).first()
        if key is None:
            key = ApiKeyRow(store_id=store_id, key_mark=mark, name="till", created_at=world.clock.now)
            session.add(key)
            session.flush()
        return Caller(key.id or 0, store_id, "UTC", None, frozenset(), may_go_below_zero=False)
