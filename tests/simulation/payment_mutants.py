"""Ways to break payments by points on purpose: the simulation must notice each."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

from sqlmodel import Session

from app.db import spend_values
from app.db.tables import SpendReturnRow, SpendRow
from app.domain import spend_steps
from app.domain.booked_payment import BookedPayment
from app.domain.earning import Award
from app.domain.payment_request import PaymentRequest, PaymentSource, Shopper
from app.domain.spend_steps import Tell
from app.domain.spending import Payable, SpendRefusal, as_amount
from app.ledger import entries
from app.saleor.payment_parsing import ActionRequest
from app.usecases.moving.causes import Ended
from app.usecases.moving.engine_run import Run
from app.usecases.services import Services
from app.usecases.spending import charge, look_after_spends, refund, spend_cause
from app.usecases.spending.giving_back import credit
from app.usecases.spending.spend_batch import SpendBatch
from app.usecases.spending.what_is_payable import payable_of
from tests.simulation.mutant import Mutant
from tests.simulation.rig import Rig
from tests.simulation.steps import Fate, How, Kind, Mishap, RuleSetup, SpendSetup, Step


def _answer_a_repeat_anew(_rig: Rig) -> Any:
    """Answer a repeated call with another reference: Saleor counts each."""
    again = charge._again

    def anew(spend: SpendRow, now: datetime) -> charge.Charged | charge.NotCharged:
        answer = again(spend, now)
        return replace(answer, reference=uuid4()) if isinstance(answer, charge.Charged) else answer

    return patch.object(charge, "_again", anew)


def _credit_before_reporting(_rig: Rig) -> Any:
    """Give the points back before Saleor is told that they go back."""
    carry_out = look_after_spends._carry_out

    def at_once(session: Session, run: Run, row: SpendRow, step: Any, now: datetime) -> Tell | None:
        following = carry_out(session, run, row, step, now)
        if following is not None and following.told is not None:
            credit(session, run, row, session.get_one(SpendReturnRow, following.told.id), now)
        return following

    return patch.object(look_after_spends, "_carry_out", at_once)


def _believe_a_replica(rig: Rig) -> Any:
    """Decide on what a replica shows, which may lag."""
    report = look_after_spends._report

    def lagging(services: Services, batch: SpendBatch, steps: Mapping[int, Tell]) -> dict[int, Any]:
        answers = report(services, batch, steps)
        world = rig.effects.world
        shop = world.shops[(batch.store.id or 0) - 1] if world is not None else None
        if shop is None or shop.lag is None:
            return answers
        return {
            spend_id: _as_of(answer, shop.lag, shop.saleor.payments[answer.transaction_id].events)
            if isinstance(answer, BookedPayment)
            else answer
            for spend_id, answer in answers.items()
        }

    return patch.object(look_after_spends, "_report", lagging)


def _as_of(booked: BookedPayment, moment: datetime, events: Sequence[Any]) -> BookedPayment:
    known = {event.id for event in events if event.created_at <= moment}
    return replace(booked, events=tuple(event for event in booked.events if event.id in known))


def _forget_what_saleor_has_not_booked(_rig: Rig) -> Any:
    """Let two payments pay more than is due: Saleor books a payment after it was answered."""

    def as_saleor_has_it(session: Session, store_id: int, source: PaymentSource) -> Payable:
        nothing = as_amount(0, source.currency)
        return replace(payable_of(session, store_id, source), unbooked=nothing, paid_by_points=nothing)

    return patch.object(charge, "payable_of", as_saleor_has_it)


def _give_back_more_than_was_paid(_rig: Rig) -> Any:
    """Say that a request was done for which nothing is left. Saleor caps nothing."""

    def done(request: ActionRequest, refusal: str) -> refund.Refunded:
        if refusal != refund.NOTHING_LEFT:
            return refund.Refunded(reference=f"{uuid4()}", refusal=refusal)
        return refund.Refunded(reference=f"{uuid4()}", amount=f"{request.amount}")

    return patch.object(refund, "_refused", done)


def _take_the_newest_request(_rig: Rig) -> Any:
    """Take the newest request for the one that a delivery is for."""

    def newest(request: ActionRequest, returns: Collection[SpendReturnRow]) -> str | None:
        found = next((event for event in request.booked.events if refund._is_open(event)), None)
        is_taken = found is None or found.id in {row.request_event_id for row in returns}
        return None if is_taken or found is None else found.id

    return patch.object(refund, "_own_event", newest)


def _trust_the_checkouts_user(_rig: Rig) -> Any:
    """Let whoever knows a checkout's id pay with the points of the customer whose it is."""

    def owner(asked: PaymentRequest) -> Shopper | SpendRefusal:
        return asked.source.user or SpendRefusal.NOT_YOURS

    return patch.object(charge, "payer_of", owner)


def _give_back_twice(_rig: Rig) -> Any:
    """Forget once of each return that the account has given it back."""
    returned, seen = spend_cause._returned, set[UUID | None]()

    def forgetting(session: Session, spend: SpendRow, one: Ended, now: datetime) -> None:
        if one.movement.target_id in seen:
            returned(session, spend, one, now)
        seen.add(one.movement.target_id)

    return patch.object(spend_cause, "_returned", forgetting)


def _leave_the_shortfall(_rig: Rig) -> Any:
    """Let points come back to a customer who owes some, and look at no order."""
    return patch.object(entries, "wake_debtors", lambda *_: None)


def _take_all_of_it_again(_rig: Rig) -> Any:
    """Take a whole refund back where Saleor reversed a part of it."""
    undone = spend_steps._undone

    def whole(*args: Any) -> Any:
        step = undone(*args)
        return replace(step, keeps_units=0) if isinstance(step, spend_steps.Cancel) else step

    return patch.object(spend_steps, "_undone", whole)


def _tell_the_rest_too(_rig: Rig) -> Any:
    """Report what is left of a refund that was reversed in part as a refund of its own."""

    def by_its_own_name(row: SpendReturnRow, _whole: SpendReturnRow | None) -> spend_steps.KnownReturn:
        return spend_values_as_known(row, None)

    spend_values_as_known = spend_values._as_known
    return patch.object(spend_values, "_as_known", by_its_own_name)


_RICH = tuple(Step(Kind.OTHER, email=email, how=1) for email in range(2))
# 50.50 of 101.00.
_PAY = Step(Kind.PAY, order=2, share=800, fates=(Fate(),))
_PAY_ALL = replace(_PAY, order=1)
_COMPLETE = Step(Kind.COMPLETE, fates=(Fate(),))
_REFUND = Step(Kind.REFUND_POINTS, how=0)
_SEND = Step(Kind.SEND_REQUESTS, fates=(Fate(),))
_SETTLE = Step(Kind.SETTLE)
_REVERSE_A_PART = Step(Kind.REVERSE_POINTS, how=4, share=400, fates=(Fate(),))
_POINTS_PAY = SpendSetup()


def _wait(seconds: int) -> Step:
    return Step(Kind.WAIT, seconds=seconds)


_REVERSED_IN_PART = (*_RICH, _PAY, _COMPLETE, _wait(200), _SETTLE, _REFUND, _SEND, _wait(200), _SETTLE, _REVERSE_A_PART, _SETTLE)


def _completed_at(effect: int) -> Step:
    """Let a worker give back what was left, and the shopper complete the checkout just before Saleor is told."""
    return Step(Kind.SETTLE, mishaps=(Mishap(effect, How.MEANWHILE_BEFORE, 1, (_COMPLETE,)),))


PAYMENT_MUTANTS = (
    Mutant(
        "a repeated payment has a reference of its own",
        "embedded",
        _answer_a_repeat_anew,
        (*_RICH, _PAY, Step(Kind.PAY_AGAIN)),
        172,
        spend_rule=_POINTS_PAY,
    ),
    Mutant(
        "points are given back before Saleor is told",
        "embedded",
        _credit_before_reporting,
        (*_RICH, _PAY, _wait(200), _SETTLE, _wait(90_000), _completed_at(3)),
        None,
        spend_rule=_POINTS_PAY,
    ),
    Mutant(
        "a replica that lags decides about a payment",
        "embedded",
        _believe_a_replica,
        (*_RICH, Step(Kind.LAG, seconds=900), _wait(1), _PAY, _wait(200), _SETTLE),
        None,
        spend_rule=_POINTS_PAY,
    ),
    Mutant(
        "two payments pay more than is due",
        "embedded",
        _forget_what_saleor_has_not_booked,
        (*_RICH, replace(_PAY, how=1), Step(Kind.PAY_MORE, share=801)),
        None,
        spend_rule=_POINTS_PAY,
    ),
    Mutant(
        "more is given back than was paid",
        "embedded",
        _give_back_more_than_was_paid,
        (*_RICH, _PAY, _COMPLETE, replace(_REFUND, how=7, share=1000), _SEND),
        172,
        spend_rule=_POINTS_PAY,
    ),
    Mutant(
        "the newest request is taken for one's own",
        "embedded",
        _take_the_newest_request,
        (*_RICH, _PAY, _COMPLETE, replace(_REFUND, how=7, share=300), replace(_SEND, how=5)),
        None,
        spend_rule=_POINTS_PAY,
    ),
    Mutant(
        "the checkout's user is trusted",
        "embedded",
        _trust_the_checkouts_user,
        (*_RICH, replace(_PAY, how=3)),
        None,
        spend_rule=_POINTS_PAY,
    ),
    Mutant(
        "points of a payment are given back twice",
        "coggins",
        _give_back_twice,
        (*_RICH, _PAY, _COMPLETE, _REFUND, _SEND, _SETTLE, _wait(900), _SETTLE),
        238,
        spend_rule=_POINTS_PAY,
    ),
    Mutant(
        "what is owed is left while points come back",
        "embedded",
        _leave_the_shortfall,
        (
            *(Step(Kind.PLACE, share=800, fates=(Fate(),)), _SETTLE, _PAY_ALL, _COMPLETE),
            *(Step(Kind.REFUND, share=1000, fates=(Fate(),)), _SETTLE, _REFUND, _SEND),
        ),
        None,
        RuleSetup(award=Award.INSTANT),
        spend_rule=_POINTS_PAY,
    ),
    Mutant(
        "all of a refund is taken back that was reversed in part",
        "embedded",
        _take_all_of_it_again,
        _REVERSED_IN_PART,
        None,
        spend_rule=_POINTS_PAY,
    ),
    Mutant(
        "what is left of a refund is reported once more",
        "embedded",
        _tell_the_rest_too,
        (*_REVERSED_IN_PART, _wait(200), _SETTLE),
        None,
        spend_rule=_POINTS_PAY,
    ),
)
