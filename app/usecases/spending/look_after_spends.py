"""Look after spends: confirm what Saleor booked, and give back what it did not book, what was left, cancelled, or too much."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from uuid import uuid4

import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from app.db.spend_values import older_gives_back, open_spends, returns_of
from app.db.tables import SpendReturnRow, SpendRow
from app.domain import retry
from app.domain.booked_payment import BookedPayment, EventKind
from app.domain.settlement import CauseKind
from app.domain.spend_steps import (
    OVERCHARGED_FOR,
    STUCK_LOOK,
    Cancel,
    Credit,
    GiveBack,
    KnownReturn,
    NotBooked,
    OpenSpend,
    OtherAmount,
    Rest,
    Step,
    Tell,
    first_step,
    next_step,
)
from app.domain.spending import ReturnReason, SpendStage, as_amount
from app.errors import AppError, SaleorRefused
from app.http.side_by_side import side_by_side
from app.logs import innermost_place
from app.saleor.payment_calls import REPORTS_MAX, Report, ReportRefusal
from app.usecases.moving.engine_run import Run, open_accounts
from app.usecases.services import Services
from app.usecases.spending.giving_back import credit, write_return
from app.usecases.spending.spend_batch import SpendBatch, held_spends, release, take_spends
from app.usecases.spending.spend_cause import end_if_returned
from app.usecases.spending.taking_again import cancel, take_again

log = structlog.get_logger()

# Each round reports at most one event of a spend: at most a look, a return, and its reversal or a second look come together.
ROUNDS_MAX = 6
AT_ONCE = 3
MISSING = "Saleor no longer shows this payment, although it had recorded it. Check the payment in Saleor."
NOT_ALLOWED = "Saleor no longer lets the app handle payments. Grant the permission again in Settings, under Paying with points."
OTHER_AMOUNT = "Saleor recorded this refund with another amount. Check the payment in Saleor."
REFUSED = "Saleor refused the app's report about this payment."
DEFECT = "Saleor Points failed at this payment; the log says where. It is tried again."
CREDIT_LOOK = timedelta(minutes=10)
_WHY_REFUSED = {
    ReportRefusal.NOT_ALLOWED: ("permission", NOT_ALLOWED),
    ReportRefusal.OTHER_AMOUNT: ("other_amount", OTHER_AMOUNT),
    ReportRefusal.OTHER: ("refused", REFUSED),
}
Answer = BookedPayment | ReportRefusal


def look_after_spends(services: Services) -> bool:
    """Go on with a batch of one store's spends, and tell whether there were any.

    Saleor's own answer to a report decides, never a query: a replica that lags would show a charge as not booked.
    """
    batch = take_spends(services)
    if batch is None:
        return False
    steps: dict[int, Tell] = {spend_id: first_step(spend) for spend_id, spend in batch.spends.items()}
    try:
        for _ in range(ROUNDS_MAX):
            if not steps:
                break
            steps = _round(services, batch, steps)
    except AppError as error:
        log.warning("spends wait", store=batch.store.slug, reason=error.code)
        _put_back(services, batch, failed=error)
        return True
    _put_back(services, batch)
    log.info("spends looked after", store=batch.store.slug, spends=len(batch.spends))
    return True


def _round(services: Services, batch: SpendBatch, steps: Mapping[int, Tell]) -> dict[int, Tell]:
    """Report one event of each spend, and write what the answers mean. Gives what is to be reported next.

    What may give points back has a transaction of its own: customers are locked by id, and spends of many before them.
    """
    answers = _report(services, batch, steps)
    singles = [spend_id for spend_id in steps if _may_credit(batch.spends[spend_id], steps[spend_id], answers[spend_id])]
    together = [spend_id for spend_id in steps if spend_id not in singles]
    following: dict[int, Tell] = {}
    for ids in ([together] if together else []) + [[spend_id] for spend_id in singles]:
        following |= _write_safely(services, batch, ids, answers)
    return following


def _write_safely(services: Services, batch: SpendBatch, ids: Sequence[int], answers: Mapping[int, Answer]) -> dict[int, Tell]:
    """Write what answers mean. A defect at one payment holds up no others: it is put off for a day, and a person sees it."""
    try:
        return _write_all(services, batch, ids, answers)
    except (IntegrityError, LookupError, RuntimeError, ValueError) as error:
        if len(ids) == 1:
            log.error("defect", spend_id=ids[0], kind=type(error).__name__, where=innermost_place(error))  # noqa: TRY400 - an error's text may hold an e-mail
            _put_off(services, batch, ids[0])
            return {}
    following: dict[int, Tell] = {}
    for spend_id in ids:
        following |= _write_safely(services, batch, [spend_id], answers)
    return following


def _put_off(services: Services, batch: SpendBatch, spend_id: int) -> None:
    now = services.clock()
    with services.database.writing() as session:
        for row in held_spends(session, batch.lease_token, [spend_id], now):
            _stay(session, row, "refused", DEFECT, now)


def _may_credit(spend: OpenSpend, step: Tell, answer: Answer) -> bool:
    is_charged = isinstance(answer, BookedPayment) and answer.holds(EventKind.CHARGE_SUCCESS, str(spend.reference))
    return step.told is not None or not is_charged


def _write_all(services: Services, batch: SpendBatch, ids: Sequence[int], answers: Mapping[int, Answer]) -> dict[int, Tell]:
    now = services.clock()
    following: dict[int, Tell] = {}
    with services.database.writing() as session:
        run = Run(services, open_accounts(services, session, batch.store), services.causes[CauseKind.SPEND])
        rows = held_spends(session, batch.lease_token, ids, now)
        spends = open_spends(session, rows)
        returns = returns_of(session, list(spends))
        for row in rows:
            known = {one.id or 0: one for one in returns.get(row.id or 0, ())}
            step = _write(session, run, row, spends[row.id or 0], known, answers[row.id or 0], now)
            if step is not None:
                following[row.id or 0] = step
    return following


def _report(services: Services, batch: SpendBatch, steps: Mapping[int, Tell]) -> dict[int, Answer]:
    """Report four events in a request, a few requests side by side."""
    ids = list(steps)
    groups = [ids[start : start + REPORTS_MAX] for start in range(0, len(ids), REPORTS_MAX)]

    def ask(group: Sequence[int]) -> list[Answer]:
        reports = [_as_report(batch, spend_id, steps[spend_id]) for spend_id in group]
        return services.saleor.payments.report(batch.store.saleor_api_url or "", batch.token, reports)

    answers = side_by_side(ask, groups, at_once=AT_ONCE)
    return dict(zip(ids, chain.from_iterable(answers), strict=True))


def _as_report(batch: SpendBatch, spend_id: int, step: Tell) -> Report:
    spend, transaction_id = batch.spends[spend_id], batch.transactions[spend_id]
    if step.told is None:
        return Report(transaction_id, EventKind.INFO, str(uuid4()), message="Saleor Points has looked at this payment.")
    amount = as_amount(step.told.amount_units, spend.currency)
    return Report(transaction_id, step.kind, str(step.told.reference), amount)


def _write(
    session: Session,
    run: Run,
    row: SpendRow,
    spend: OpenSpend,
    returns: Mapping[int, SpendReturnRow],
    answer: Answer,
    now: datetime,
) -> Tell | None:
    """Write what an answer means, step by step. Gives what is to be reported next; None where nothing is."""
    if answer is ReportRefusal.NOT_FOUND:
        # A transaction that Saleor does not have was not charged.
        answer = BookedPayment(row.saleor_transaction_id, ())
    if isinstance(answer, ReportRefusal):
        _stay(session, row, *_WHY_REFUSED[answer], now)
        return None
    if answer.order is not None:
        row.saleor_order_id = answer.order.id
    step: Step = next_step(spend, answer, now)
    while isinstance(step, Credit | Cancel):
        back = returns[step.told.id]
        if isinstance(step, Cancel):
            if not cancel(session, row, back, now, keeps_units=step.keeps_units):
                release(session, row, None)
                return None
            returns = {one.id or 0: one for one in returns_of(session, [row.id or 0])[row.id or 0]}
        else:
            back.reported_at = back.reported_at or now
            credit(session, run, row, back, now)
            if back.credited_at is None:
                # An account elsewhere has to answer first.
                release(session, row, now + CREDIT_LOOK)
                return None
        session.flush()
        session.refresh(row)
        spend = open_spends(session, [row])[row.id or 0]
        step = next_step(spend, answer, now)
    return _carry_out(session, run, row, step, now)


def _carry_out(session: Session, run: Run, row: SpendRow, step: Step, now: datetime) -> Tell | None:
    if isinstance(step, Tell):
        return step
    row.problem_code = row.problem = None
    row.failures = 0
    if isinstance(step, NotBooked):
        back = write_return(session, row, ReturnReason.NOT_BOOKED, row.amount_units - row.returned_units, now)
        credit(session, run, row, back, now)
        release(session, row, None if back.credited_at is not None else now + CREDIT_LOOK)
        return None
    row.confirmed_at = row.confirmed_at or now
    if isinstance(step, GiveBack):
        _note_stage(row, _booked_stage(row))
        if step.why is ReturnReason.OVERCHARGED and older_gives_back(session, row, since=now - OVERCHARGED_FOR):
            # Both answers show the same money, and it goes back once.
            release(session, row, now + OVERCHARGED_FOR)
            return None
        back = write_return(session, row, step.why, step.units, now)
        return Tell(EventKind.REFUND_SUCCESS, _known(back))
    if isinstance(step, Rest):
        _note_stage(row, step.stage if step.stage is not SpendStage.RETURNED else _booked_stage(row))
        row.overcharged_since = step.overcharged_since
        session.flush()
        end_if_returned(session, row, now)
        looks = (step.until, take_again(session, run, row, now))
        release(session, row, min((look for look in looks if look is not None), default=None))
        return None
    _stay(session, row, *(("other_amount", OTHER_AMOUNT) if isinstance(step, OtherAmount) else ("missing", MISSING)), now)
    return None


def _note_stage(row: SpendRow, stage: SpendStage) -> None:
    if row.stage != SpendStage.RETURNED:
        row.stage = stage


def _booked_stage(row: SpendRow) -> SpendStage:
    return SpendStage.ON_ORDER if row.saleor_order_id is not None else SpendStage.CONFIRMED


def _known(back: SpendReturnRow) -> KnownReturn:
    return KnownReturn(back.id or 0, back.reference, ReturnReason(back.why), back.amount_units)


def _stay(session: Session, row: SpendRow, code: str, sentence: str, now: datetime) -> None:
    """Leave a spend as it is, with the reason, and look again tomorrow: a person has to do something meanwhile."""
    if row.stage == SpendStage.CHECKING:
        row.stage = SpendStage.TAKEN
    row.problem_code, row.problem = code, sentence
    release(session, row, now + STUCK_LOOK)


def _put_back(services: Services, batch: SpendBatch, *, failed: AppError | None = None) -> None:
    """Release what is still held: Saleor did not answer, or there was more to do than one batch does."""
    now = services.clock()
    with services.database.writing() as session:
        for row in held_spends(session, batch.lease_token, list(batch.spends), now):
            if row.stage == SpendStage.CHECKING:
                row.stage = SpendStage.TAKEN
            if isinstance(failed, SaleorRefused):
                row.problem_code, row.problem = _WHY_REFUSED[ReportRefusal.NOT_ALLOWED]
                release(session, row, now + retry.BACKOFF_LONGEST)
                continue
            row.failures += 1 if failed is not None else 0
            release(session, row, now + retry.backoff(row.failures) if failed is not None else now)
