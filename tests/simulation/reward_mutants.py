"""Ways to break rewards on purpose: the simulation must notice each."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col

from app.db import stored_rewards
from app.db.tables import RedemptionRow, RedemptionUseRow
from app.saleor.code_parsing import Card
from app.usecases.moving.causes import Ended
from app.usecases.rewards import code_asking, look_after_redemptions, redeem, redemption_batch, refund_rewards, reward_cause
from app.usecases.rewards.code_asking import make_code
from app.usecases.rewards.code_uses import uses_of_card
from app.usecases.rewards.redemption_batch import RedemptionBatch, TakenRedemption
from app.usecases.services import Services
from tests.simulation.mutant import Mutant
from tests.simulation.rig import Rig
from tests.simulation.steps import Fate, How, Kind, Mishap, RewardSetup, Step


def _make_the_code_first(_rig: Rig) -> Any:
    """Ask Saleor for the code before the points are taken."""
    take = redeem._debit_to_send

    def first(run: Any, reference: UUID) -> Any:
        services: Services = run.services
        with services.database.writing() as session:
            is_it = col(RedemptionRow.reference) == reference
            session.execute(update(RedemptionRow).where(is_it).values(look_at=services.clock()))
        batch = _batch_of_unpaid(services, reference)
        if batch is not None:
            make_code(services, batch, batch.redemptions[0])
        return take(run, reference)

    return patch.object(redeem, "_debit_to_send", first)


def _batch_of_unpaid(services: Services, reference: UUID) -> RedemptionBatch | None:
    with patch.object(redemption_batch, "_is_waiting", lambda _now: (col(RedemptionRow.look_at).is_not(None),)):
        return redemption_batch.take_redemptions(services, only=reference)


def _give_back_twice(_rig: Rig) -> Any:
    """Forget once of each return that the account has given it back."""
    returned, seen = reward_cause._returned, set[UUID | None]()

    def forgetting(session: Session, redemption: RedemptionRow, one: Ended, now: datetime) -> None:
        if one.movement.target_id in seen:
            returned(session, redemption, one, now)
        seen.add(one.movement.target_id)

    return patch.object(reward_cause, "_returned", forgetting)


def _credit_what_an_order_took(_rig: Rig) -> Any:
    """Believe the balance of a withdrawn card, and not the orders: what was still on it when it was blocked comes back."""

    def unused(_services: Services, _batch: RedemptionBatch, _one: TakenRedemption) -> dict[str, int]:
        return {}

    return patch.object(look_after_redemptions, "empty", unused)


def _decide_at_once(_rig: Rig) -> Any:
    """Give the points back without waiting for checkouts that are being completed."""
    return patch.object(look_after_redemptions, "BLOCKED_FOR", timedelta())


def _forget_what_was_put_back(_rig: Rig) -> Any:
    """Count what an order took from a card, and not what a refund put back onto it."""

    def took(card: Card) -> dict[str, int]:
        return dict(uses_of_card(replace(card, put_back=())))

    return patch.object(code_asking, "uses_of_card", took)


def _give_a_share_twice(_rig: Rig) -> Any:
    """Forget what came back before when more of an order is refunded."""
    owed = refund_rewards._owed

    def all_again(session: Session, redemption: RedemptionRow, use: RedemptionUseRow) -> tuple[int, int]:
        points, steps = owed(session, redemption, use)
        return (points if steps == 0 or points <= 0 else min(2 * points, redemption.points - redemption.refunded_points)), steps

    return patch.object(refund_rewards, "_owed", all_again)


def _forget_the_moves(_rig: Rig) -> Any:
    """Count for a reward's limit what was taken at the address of today, and not what was taken before a move to it."""
    return patch.object(stored_rewards, "periods_of", lambda *_: ())


def _look_for_no_code(_rig: Rig) -> Any:
    """Take a refusal of a code for the end, although an earlier request may have made it."""
    return patch.object(look_after_redemptions, "exists", lambda *_: None)


_RICH = tuple(Step(Kind.OTHER, email=email, how=1) for email in range(2))
_CARD, _VOUCHER = Step(Kind.REDEEM), Step(Kind.REDEEM, how=5)
_USE = Step(Kind.USE_CODE, share=800)
_BUY = Step(Kind.CHECK_OUT, fates=(Fate(),))
_BACK, _SETTLE = Step(Kind.WITHDRAW), Step(Kind.SETTLE)
_REFUND, _CANCEL = (Step(kind, order=-1, fates=(Fate(),)) for kind in (Kind.REFUND, Kind.CANCEL))
_REWARDS = RewardSetup()


def _wait(seconds: int) -> Step:
    return Step(Kind.WAIT, seconds=seconds)


def _bought_while(*steps: Step) -> Step:
    """Let a checkout be completed, and these things happen after Saleor has looked at its code and before it takes it."""
    return replace(_BUY, mishaps=(Mishap(0, How.MEANWHILE_BEFORE, 0, steps),))


def _mutants(name: str, provider: str, breaking: Any, steps: Sequence[Step], seed: int | None) -> Mutant:
    return Mutant(name, provider, breaking, (*_RICH, *steps), seed, rewards=_REWARDS)


REWARD_MUTANTS = (
    _mutants("a code is made before its points are taken", "coggins", _make_the_code_first, (_CARD,), 0),
    _mutants(
        "points of a reward are given back twice",
        "coggins",
        _give_back_twice,
        (_CARD, _BACK, _SETTLE, _wait(700), _SETTLE, _wait(700), _SETTLE),
        0,
    ),
    _mutants(
        "points come back of what an order took",
        "embedded",
        _credit_what_an_order_took,
        (_CARD, _USE, _BUY, _BACK, _SETTLE, _wait(700), _SETTLE),
        0,
    ),
    _mutants(
        "it is decided at once whether an order took a code",
        "embedded",
        _decide_at_once,
        (_CARD, _USE, _bought_while(_BACK, _SETTLE)),
        56,
    ),
    _mutants(
        "what was put back onto a card is forgotten",
        "embedded",
        _forget_what_was_put_back,
        (_CARD, _USE, _BUY, Step(Kind.PUT_BACK, share=500), _BACK, _SETTLE, _wait(700), _SETTLE),
        132,
    ),
    _mutants(
        "the share of a refund is given twice",
        "coggins",
        _give_a_share_twice,
        (_CARD, _USE, _BUY, _SETTLE, *2 * (replace(_REFUND, share=200), _SETTLE, _wait(700), _SETTLE)),
        None,
    ),
    _mutants(
        "what a card got back comes back as points, too",
        "embedded",
        _forget_what_was_put_back,
        (_CARD, _USE, _BUY, Step(Kind.PUT_BACK, share=500), _SETTLE, _CANCEL, _SETTLE, _SETTLE),
        None,
    ),
    replace(
        _mutants(
            "the limit of a reward begins anew after a move",
            "embedded",
            _forget_the_moves,
            (_CARD, _SETTLE, Step(Kind.MOVE), _SETTLE, replace(_CARD, email=1)),
            None,
        ),
        rewards=replace(_REWARDS, limit_each=1),
    ),
    _mutants(
        "a refusal of a code that was made is believed",
        "embedded",
        _look_for_no_code,
        (
            replace(_VOUCHER, mishaps=(Mishap(3, How.TIMEOUT_AFTER),)),
            *(Step(Kind.CHANGE_VOUCHER, how=1), _wait(700), _SETTLE),
        ),
        58,
    ),
)
