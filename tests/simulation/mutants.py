"""The test of the test: the app is broken on purpose, one way at a time, and the simulation must notice.

Each way has a short history that the whole app survives and the broken one does not; and a seed whose drawn history does the
same. Where drawing has changed and it shows nothing any more, the first seeds are looked through for another. Two of the ways
are shown by one drawn history in five to fifteen thousand: `--search` finds the next.
"""

import argparse
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from unittest.mock import patch
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, select

from app.db import queue as waiting
from app.db import totals
from app.db.tables import MovementRow, OrderRow, TotalChangeRow
from app.domain import order_value
from app.domain.arithmetic_versions import FIRST, changed
from app.domain.earning import Award, points_due, with_remembered
from app.domain.gone import Changes, Gone, NewlyGone, newly_gone
from app.domain.order import Order
from app.ledger import spending
from app.providers.coggins import evidence
from app.usecases.api import spend_points
from app.usecases.moving import balances, recording, sending
from app.usecases.moving.accounts import Accounts
from app.usecases.moving.engine_run import Run
from app.usecases.operating import housekeeping
from app.usecases.settling import counting_gone, deciding, order_cause, plan_orders, reading, settle_orders, sweep_orders
from app.usecases.settling import resting as resting_step
from app.usecases.settling.batch import Standing
from tests.simulation.drawing import draw
from tests.simulation.many import open_rig
from tests.simulation.mutant import Mutant, all_of
from tests.simulation.payment_mutants import PAYMENT_MUTANTS
from tests.simulation.playing import play
from tests.simulation.reward_mutants import REWARD_MUTANTS
from tests.simulation.rig import Rig
from tests.simulation.staff_mutants import STAFF_MUTANTS
from tests.simulation.steps import CARD_IN_WHOLE, Fate, History, How, Kind, Mishap, RuleSetup, Step

SEARCHED = 60


def _ask_again_blindly(_rig: Rig) -> Any:
    """Ask for an INSTANT whose answer was lost again, without looking."""

    def at_once(run: Run, movement: MovementRow, *_looks: Any) -> None:
        recording.take_back_to_planned(run, [movement], was_sent=True)

    return patch.object(sending, "find_out", at_once)


def _ignore_the_lease(_rig: Rig) -> Any:
    """Write whether or not order and movement are still ours: no compare-and-set on the lease's token, nor on the state."""

    def keep(_session: Session, _token: str, order_ids: Collection[int], _now: datetime) -> set[int]:
        return set(order_ids)

    def ours(_session: Session, _run: Run, movements: Sequence[MovementRow], _now: datetime) -> set[UUID]:
        return {movement.id for movement in movements}

    return all_of(
        patch.object(plan_orders, "keep_lease", keep),
        patch.object(order_cause, "keep_lease", keep),
        patch.object(recording, "_ours", ours),
    )


def _ignore_wakes(_rig: Rig) -> Any:
    """Let an order rest although it was woken meanwhile: no compare-and-set on its wakes."""

    def rest(session: Session, token: str, rests: Sequence[dict[str, Any]]) -> None:
        wakes: dict[int | None, int] = dict(session.exec(select(OrderRow.id, OrderRow.wakes)).all())
        waiting.rest(session, token, [{**one, "of_wakes": wakes[one["of_order"]]} for one in rests])

    return patch.object(resting_step, "rest", rest)


def _believe_that_nobody_is_there(_rig: Rig) -> Any:
    """Take every 404 about a customer for what it says."""
    return all_of(
        patch.object(evidence, "_known_among", lambda *_: set()),
        patch.object(balances, "contradicts", lambda *_, **__: False),
    )


def _lease_for_a_second(_rig: Rig) -> Any:
    return patch.object(waiting, "LEASE", timedelta(seconds=1))


def _believe_the_charge_status(rig: Rig) -> Any:
    """Take chargeStatus for what was paid: an edit leaves it stale, a granted refund makes it lie."""

    def believing(order: Order, *args: Any, **options: Any) -> Any:
        world = rig.effects.world
        status = world.order(order.id).charge_status if world is not None else "NONE"
        paid = order.total if status in {"FULL", "OVERCHARGED"} else order.charged
        return points_due(replace(order, charged=paid, transactions=()), *args, **options)

    return patch.object(deciding, "points_due", believing)


def _subtract_refunded(_rig: Rig) -> Any:
    """Subtract totalRefunded from totalCharged, which is net of it already."""

    def kept(order: Order) -> Decimal:
        return order.charged - order.refunded

    return patch.object(Order, "money_kept", property(kept))


def _forget_what_was_told(_rig: Rig) -> Any:
    """Believe a read that is older than what we were told: it comes from a replica that lags."""
    accept = reading._accept

    def forgetting(standing: Standing, order: Order | None, now: datetime, *, was_answered: bool) -> Standing:
        standing.row.told_at = None
        return accept(standing, order, now, was_answered=was_answered)

    return patch.object(reading, "_accept", forgetting)


def _leave_it_off(_rig: Rig) -> Any:
    """Never ask whether an app that was switched off is on again."""
    return patch.object(sweep_orders, "_is_on_again", lambda *_: False)


def _give_the_account_up(_rig: Rig) -> Any:
    """Ask an account whose key was refused no more: not within a year."""

    def for_a_year(accounts: Accounts, account_id: int, now: datetime) -> datetime | None:
        return now + timedelta(days=400) if accounts.rows[account_id].failures else None

    return patch.object(Accounts, "paused_until", for_a_year)


def _earn_twice(_rig: Rig) -> Any:
    """Count what staff recorded as paid for goods that replace others."""
    return patch.object(order_value, "_recorded_by_staff", lambda _order: Fraction(0))


def _count_no_cards(_rig: Rig) -> Any:
    """Count nothing of what gift cards paid."""
    return patch.object(Order, "card_paid", property(lambda _order: Decimal(0)))


def _forget_the_card(_rig: Rig) -> Any:
    """Believe an edited order, which tells no more what gift cards paid."""

    def from_now(order: Order, before: Order | None) -> Order:
        return with_remembered(order, replace(before, card=None) if before is not None else None)

    return patch.object(deciding, "with_remembered", from_now)


def _place_at_creation(_rig: Rig) -> Any:
    """Take an order for placed when staff began its draft."""
    return patch.object(deciding, "placed_at", lambda order, _version: order.created_at)


def _lose_changes_of_totals(_rig: Rig) -> Any:
    """Add no more than one change to the running totals, and take all of them for added."""

    def fold(session: Session) -> int:
        folded = totals.fold_changes(session, limit=1)
        session.execute(delete(TotalChangeRow))
        return folded

    return patch.object(housekeeping, "fold_changes", fold)


def _wait_in_silence(_rig: Rig) -> Any:
    """Let an order wait for another of its customer without a word."""
    return patch.object(settle_orders, "why_busy", lambda *_: {})


def _forget_the_move(_rig: Rig) -> Any:
    """Take back from whoever had the points first, wherever they were moved since."""
    return patch.object(deciding, "held_now", lambda position, _moves: (position, False))


def _answer_a_till_twice(_rig: Rig) -> Any:
    """Do what a till asks again anew."""
    return patch.object(spend_points, "done_before", lambda *_: None)


def _give_back_to_the_old_address(_rig: Rig) -> Any:
    """Give points back to the address that paid, wherever its customer was moved since."""
    return patch.object(spend_points, "_holder", spending.payer_of)


def _spend_what_is_owed(_rig: Rig) -> Any:
    """Let a customer spend what a refund is about to take back."""
    return patch.object(spend_points, "points_owed", lambda *_: 0)


def _never_look_at_the_day(_rig: Rig) -> Any:
    """Let nobody look at an order on the day on which its claim runs out."""
    return patch.object(settle_orders, "with_claim_looks", lambda _batch, standing, _now: standing)


def _grant_what_ran_out(_rig: Rig) -> Any:
    """Count what ran out with a claim as granted still: it is due again when something is taken off it."""

    def found(changes: Changes, points: int, *, ran_out: Mapping[UUID, int], counted: Collection[int]) -> NewlyGone:
        del ran_out
        return newly_gone(changes, points, ran_out={}, counted=counted)

    return patch.object(counting_gone, "newly_gone", found)


def _count_with_signs(_rig: Rig) -> Any:
    """Add up what staff gave and took, with signs, as the first arithmetic did."""
    return patch.object(counting_gone, "changed", lambda due, changes, _version: changed(due, changes, FIRST))


def _take_what_was_asked(_rig: Rig) -> Any:
    """Count a taking at what staff asked for, whatever was there."""
    return patch.object(Changes, "taking", lambda _self, asked, _points: Gone(asked))


_PLACE = Step(Kind.PLACE, share=800, fates=(Fate(),))
_REFUND = Step(Kind.REFUND, share=400, fates=(Fate(),))
_SETTLE = Step(Kind.SETTLE)


def _settle(at: int, how: How, seconds: int = 0, *meanwhile: Step) -> Step:
    """Settle, with a mishap at 0 the lease, 1 the read, 2 the plan, and at Coggins 3 the balance, 4 sending, 5 the call."""
    return Step(Kind.SETTLE, mishaps=(Mishap(at, how, seconds, meanwhile),))


def _wait(seconds: int) -> Step:
    return Step(Kind.WAIT, seconds=seconds)


MUTANTS = (
    Mutant(
        "an unknown INSTANT is asked for again blindly",
        "coggins",
        _ask_again_blindly,
        (_PLACE, _settle(5, How.TIMEOUT_AFTER)),
        14,
        RuleSetup(award=Award.INSTANT),
    ),
    Mutant(
        "the lease is not compared and set",
        "coggins",
        _ignore_the_lease,
        # Another worker took the order over, and its call's answer was lost: the movement is open, and not ours.
        (_PLACE, _settle(2, How.MEANWHILE_AFTER, 61, _settle(5, How.TIMEOUT_AFTER))),
        4190,
        RuleSetup(award=Award.INSTANT),
    ),
    Mutant(
        "the wakes are not compared and set",
        "embedded",
        _ignore_wakes,
        (_PLACE, _SETTLE, _REFUND, _settle(2, How.MEANWHILE_AFTER, 1, Step(Kind.ADJUST, share=500))),
        70,
    ),
    Mutant("the lease is too short", "embedded", _lease_for_a_second, (_PLACE, _settle(1, How.MEANWHILE_AFTER, 15, _SETTLE)), 4),
    Mutant(
        "chargeStatus is believed",
        "embedded",
        _believe_the_charge_status,
        (replace(_PLACE, how=3), Step(Kind.EDIT, share=1000, fates=(Fate(),)), _SETTLE),
        5,
    ),
    Mutant("totalRefunded is subtracted", "embedded", _subtract_refunded, (_PLACE, _REFUND, _SETTLE), 4),
    Mutant(
        "an exchange earns twice",
        "embedded",
        _earn_twice,
        (_PLACE, _SETTLE, Step(Kind.EXCHANGE, fates=(Fate(),)), _SETTLE),
        8,
    ),
    Mutant("gift cards do not count", "embedded", _count_no_cards, (replace(_PLACE, how=4), _SETTLE), 0),
    *(
        Mutant(
            f"an edit takes away what a gift card paid, {provider}",
            provider,
            _forget_the_card,
            (replace(_PLACE, how=CARD_IN_WHOLE), _SETTLE, Step(Kind.EDIT, share=900, fates=(Fate(),)), _SETTLE),
            8,
        )
        for provider in ("embedded", "coggins")
    ),
    Mutant(
        "a draft counts as placed when it was begun",
        "embedded",
        _place_at_creation,
        (
            *(Step(Kind.DRAFT, share=800), _wait(100), Step(Kind.RULE, share=900), _wait(100)),
            *(Step(Kind.PLACE_DRAFT, how=1, fates=(Fate(), Fate(), Fate())), _SETTLE),
        ),
        15,
    ),
    *(
        Mutant(
            f"a refund forgets that the customer was moved, {provider}",
            provider,
            _forget_the_move,
            (_PLACE, _SETTLE, Step(Kind.MOVE), _SETTLE, replace(_REFUND, share=1000), _SETTLE),
            seed,
            RuleSetup(award=Award.INSTANT),
        )
        for provider, seed in (("embedded", 52), ("coggins", 53))
    ),
    Mutant(
        "an order waits for another without a word",
        "coggins",
        _wait_in_silence,
        # The answer to the first credit is lost, and others changed the balance meanwhile: only staff can tell.
        (
            *(_PLACE, _settle(5, How.TIMEOUT_AFTER), Step(Kind.SPEND, share=300), _wait(130), _SETTLE, _wait(601), _SETTLE),
            *(_PLACE, _SETTLE),
        ),
        None,
        RuleSetup(award=Award.INSTANT),
    ),
    Mutant(
        "a till that asks again is served again",
        "embedded",
        _answer_a_till_twice,
        (_PLACE, _SETTLE, Step(Kind.TILL_SPEND, how=1, share=300)),
        None,
        RuleSetup(award=Award.INSTANT),
    ),
    Mutant(
        "points are given back to the old address",
        "embedded",
        _give_back_to_the_old_address,
        (_PLACE, _SETTLE, Step(Kind.TILL_SPEND, how=2, share=300), Step(Kind.MOVE), _SETTLE, Step(Kind.TILL_RETURN, how=2)),
        None,
        RuleSetup(award=Award.INSTANT),
    ),
    Mutant(
        "what a refund takes back can be spent",
        "embedded",
        _spend_what_is_owed,
        (
            *(_PLACE, _SETTLE, Step(Kind.TILL_SPEND, how=2, share=1000), replace(_REFUND, share=1000), _SETTLE),
            *(Step(Kind.ADJUST_CUSTOMER, share=100), Step(Kind.TILL_SPEND, how=2, share=1000)),
        ),
        None,
        RuleSetup(award=Award.INSTANT),
    ),
    Mutant(
        "nobody looks at an order when its claim runs out",
        "coggins",
        _never_look_at_the_day,
        (_PLACE, _SETTLE, _wait(4 * 86_400)),
        23,
        RuleSetup(award=Award.CLAIM, expires_days=2),
    ),
    *(
        Mutant(
            f"what ran out is granted still, {provider}",
            provider,
            _grant_what_ran_out,
            (_PLACE, _SETTLE, _wait(4 * 86_400), _SETTLE, _REFUND, _SETTLE),
            23,
            RuleSetup(award=Award.CLAIM, expires_days=2),
        )
        for provider in ("embedded", "coggins")
    ),
    Mutant(
        "a withdrawal and a refund count twice",
        "embedded",
        _count_with_signs,
        (_PLACE, _SETTLE, Step(Kind.ADJUST, how=3), _SETTLE, _REFUND, _SETTLE, Step(Kind.ADJUST, share=200), _SETTLE),
        27,
    ),
    Mutant(
        "a taking counts at what was asked for",
        "embedded",
        _take_what_was_asked,
        (_PLACE, _SETTLE, *(Step(Kind.ADJUST, how=1, share=1000) for _ in range(3)), _SETTLE),
        80,
    ),
    Mutant(
        "changes of running totals are lost",
        "embedded",
        _lose_changes_of_totals,
        (_PLACE, _SETTLE, _REFUND, _SETTLE),
        1,
    ),
    Mutant(
        "told_at is forgotten",
        "embedded",
        _forget_what_was_told,
        # Told of a refund by the sweep, whose cursor is past it by then, and answered by a replica that has not seen it yet.
        (_PLACE, _SETTLE, _wait(1000), _REFUND, _wait(300), _PLACE, Step(Kind.SWEEP), _settle(1, How.STALE, 700)),
        None,
    ),
    Mutant(
        "a switched-off app is never asked for",
        "embedded",
        _leave_it_off,
        (_PLACE, Step(Kind.SWITCH, fates=(Fate(),)), _wait(1)),
        15,
    ),
    Mutant(
        "an account whose key was refused is given up",
        "coggins",
        _give_the_account_up,
        (_PLACE, Step(Kind.KEY_REVOKED), _SETTLE),
        None,
    ),
    Mutant(
        "a server that knows nobody is believed",
        "coggins",
        _believe_that_nobody_is_there,
        # The credit happens, its answer is lost, and the key is answered with 404 until after both looks.
        (
            *(_PLACE, _settle(5, How.TIMEOUT_AFTER), Step(Kind.KEY_REVOKED, how=2)),
            *(_wait(130), _SETTLE, _wait(601), _SETTLE, Step(Kind.KEY_MENDED), _wait(400), _SETTLE),
        ),
        533,
        RuleSetup(award=Award.INSTANT),
    ),
    *PAYMENT_MUTANTS,
    *REWARD_MUTANTS,
    *STAFF_MUTANTS,
)


def noticed(rig: Rig, mutant: Mutant, histories: Iterable[History]) -> tuple[int, str] | None:
    """Play histories with the app broken; give the first that goes wrong, and how, and that goes well with the app whole."""
    for history in histories:
        with mutant.breaking(rig):
            outcome = play(rig, history)
        if outcome.wrongs and not play(rig, history).wrongs:
            return history.seed, outcome.wrongs[0]
    return None


def _shown(rig: Rig, mutant: Mutant, wanted: int) -> bool:
    searched = wanted or SEARCHED
    known = () if mutant.seed is None else (mutant.seed,)
    made = noticed(rig, mutant, [mutant.history])
    print(f"{mutant.name}\n  made for it: {made[1] if made else 'NOT NOTICED'}", flush=True)
    # For one without a seed only who searches looks.
    drawn = noticed(rig, mutant, map(draw, (*known, *range(searched if known else wanted))))
    if drawn is not None:
        print(f"  drawn, seed {drawn[0]}: {drawn[1]}", flush=True)
    elif known:
        print(f"  drawn, the first {searched} seeds: NOT NOTICED", flush=True)
    return made is not None and (drawn is not None or not known)


def main() -> int:
    """Break the app in each way; 1 where it was not noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--search", type=int, default=0, help="look through so many seeds, also for those that none is known of")
    parser.add_argument("--only", default="", help="only those whose name holds this")
    parser.add_argument("--provider", choices=("embedded", "coggins", "both"), default="both")
    given = parser.parse_args()
    missed = 0
    for provider in ("embedded", "coggins") if given.provider == "both" else (given.provider,):
        with open_rig(provider, "sqlite") as rig:
            chosen = [mutant for mutant in MUTANTS if mutant.provider == provider and given.only in mutant.name]
            missed += sum(not _shown(rig, mutant, given.search) for mutant in chosen)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
