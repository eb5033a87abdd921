"""How each step is played on a world. What makes no sense as things stand is passed over."""

from datetime import timedelta

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.errors import AppError
from app.usecases.merchants.batches.run_batches import run_batches
from app.usecases.merchants.continue_moves import continue_moves
from app.usecases.moving.learn_account import learn_account
from app.usecases.moving.move_waiting import move_waiting
from app.usecases.rewards.look_after_redemptions import look_after_redemptions
from app.usecases.rewards.refund_rewards import refund_rewards
from app.usecases.services import Services
from app.usecases.settling.settle_orders import settle_orders
from app.usecases.settling.sweep_orders import sweep_orders
from app.usecases.spending.look_after_spends import look_after_spends
from tests.simulation.at_a_checkout import AT_A_CHECKOUT
from tests.simulation.by_people import BY_PEOPLE
from tests.simulation.drawing import EMAILS
from tests.simulation.in_batches import IN_BATCHES
from tests.simulation.in_shop import IN_SHOP
from tests.simulation.rig import API_KEYS
from tests.simulation.steps import Kind, Step
from tests.simulation.undone_payments import UNDONE_PAYMENTS
from tests.simulation.with_codes import WITH_CODES
from tests.simulation.world import Play, Violation, World

BATCHES_A_STEP = 3
# Of batches of changes by staff.
PIECES_A_STEP = 2
# How a provider says that it knows no such key. A look-up answered with 404 could mean the customer.
KEY_REFUSALS = (401, 403, 404)
DATABASE_FAULTS = (OperationalError, InterfaceError, PoolTimeout)


def act_on(world: World, step: Step) -> None:
    """Play one step."""
    world.counts[step.kind.name] += 1
    world.played.append(step)
    _PLAY[step.kind](world, step)


# The app at work.


def _settle(world: World, step: Step) -> None:
    world.work(world.workers, step.mishaps, lambda services: settle_for_a_while(world, services, BATCHES_A_STEP))


def settle_for_a_while(world: World, services: Services, batches: int) -> bool:
    """Settle as the worker's loop does, up to so many batches. Tell whether nothing waited at the end."""
    try:
        for _ in range(batches):
            # The loop would look and find nothing: most looks are like that.
            if not world.has_work() or not _work_once(services):
                return True
    except DATABASE_FAULTS:
        world.counts["steps failed by the database"] += 1
    except AppError as error:
        raise Violation(f"settling raised {error.code}: {error.message}") from error
    return False


def _work_once(services: Services) -> bool:
    first = (settle_orders, move_waiting, continue_moves, look_after_spends)
    then = (refund_rewards, look_after_redemptions, run_batches)
    return any(step(services) for step in (*first, *then))


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


def _learn(world: World, step: Step) -> None:
    world.work(world.workers, step.mishaps, lambda services: _learn_once(world, services))


def _learn_once(world: World, services: Services) -> None:
    try:
        learn_account(services)
    except DATABASE_FAULTS:
        world.counts["steps failed by the database"] += 1


def _run_batches(world: World, step: Step) -> None:
    world.work(world.workers, step.mishaps, lambda services: _run_pieces(world, services))


def _run_pieces(world: World, services: Services) -> None:
    try:
        for _ in range(PIECES_A_STEP):
            run_batches(services)
    except DATABASE_FAULTS:
        world.counts["steps failed by the database"] += 1


# The world.


def _wait(world: World, step: Step) -> None:
    world.go_on_until(world.clock.now + timedelta(seconds=step.seconds))


def _redeliver(world: World, step: Step) -> None:
    if not world.sent:
        return
    delivery = world.sent[step.share % len(world.sent)]
    if step.how < 6 or delivery.parcel is None or len(world.shops) == 1:
        world.deliver(delivery)
        return
    # Signed by one shop, and sent under the name of another.
    apis = [shop.saleor.api_url for shop in world.shops if shop.saleor.api_url != delivery.parcel.headers["Saleor-Api-Url"]]
    forged = {**delivery.parcel.headers, "Saleor-Api-Url": apis[0]}
    answer = world.call_web("POST", delivery.webhook.target_url, forged, delivery.parcel.body)
    if answer is not None and answer.status_code < 400:
        raise Violation("a delivery of one shop was taken under the name of another")


def _revoke(world: World, step: Step) -> None:
    shop = world.shop(step.shop)
    shop.saleor.apps.revoke_token(shop.app_id)


def _reinstall(world: World, step: Step) -> None:
    shop = world.shop(step.shop)
    if not world.is_away(shop.service):
        world.reinstall(shop)


def _switch(world: World, step: Step) -> None:
    shop = world.shop(step.shop)
    apps = shop.saleor.apps
    (apps.deactivate if apps.installed[shop.app_id].is_active else apps.activate)(shop.app_id)
    world.send_events(step.fates)


def _saleor_away(world: World, step: Step) -> None:
    world.away_until[world.shop(step.shop).service] = world.clock.now + timedelta(seconds=step.seconds)


def _provider_away(world: World, step: Step) -> None:
    world.away_until["provider"] = world.clock.now + timedelta(seconds=step.seconds)


def _provider_refuses(world: World, step: Step) -> None:
    email = EMAILS[step.email]
    world.coggins.rules.refuse_items(lambda item: str(item.get("email", "")).strip() == email, "This customer is blocked.")


def _provider_relents(world: World, step: Step) -> None:
    world.coggins.rules.clear()


def _key_revoked(world: World, step: Step) -> None:
    key = world.purses.current(world.shop(step.shop).store_id)
    if key in API_KEYS:
        world.coggins.revoke_key(key, KEY_REFUSALS[step.how % len(KEY_REFUSALS)])


def _key_mended(world: World, step: Step) -> None:
    world.mend_keys()


def _lag(world: World, step: Step) -> None:
    shop, now = world.shop(step.shop), world.clock.now
    shop.lag, shop.lag_until = now, now + timedelta(seconds=min(step.seconds, 900))
    shop.restore_lag(now)


_PLAY: dict[Kind, Play] = {
    **IN_SHOP,
    **BY_PEOPLE,
    **AT_A_CHECKOUT,
    **UNDONE_PAYMENTS,
    **WITH_CODES,
    **IN_BATCHES,
    Kind.SETTLE: _settle,
    Kind.SWEEP: _sweep,
    Kind.LEARN: _learn,
    Kind.RUN_BATCHES: _run_batches,
    Kind.WAIT: _wait,
    Kind.REDELIVER: _redeliver,
    Kind.REVOKE: _revoke,
    Kind.REINSTALL: _reinstall,
    Kind.SWITCH: _switch,
    Kind.SALEOR_AWAY: _saleor_away,
    Kind.PROVIDER_AWAY: _provider_away,
    Kind.PROVIDER_REFUSES: _provider_refuses,
    Kind.KEY_REVOKED: _key_revoked,
    Kind.KEY_MENDED: _key_mended,
    Kind.PROVIDER_RELENTS: _provider_relents,
    Kind.LAG: _lag,
}
