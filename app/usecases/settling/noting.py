"""After step 6, where the merchant wants it: a sentence in the order's history for each change of its points.

A note moves the order's updatedAt and is told as ORDER_UPDATED. Nothing that we look at differs, so it wakes nothing. A note that
Saleor does not take is not tried again: it says what the books hold anyway.
"""

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

import structlog

from app.domain.settlement import MovementKind
from app.errors import AppError
from app.http.side_by_side import side_by_side
from app.saleor.order_calls import AT_ONCE
from app.usecases.services import Services
from app.usecases.settling.batch import Batch, Moved

log = structlog.get_logger()


def note_orders(services: Services, batch: Batch, moved: Moved, ran_out: Collection[UUID]) -> None:
    """Write one note for each order whose points changed while this batch was in hand.

    `ran_out` are claims whose time is over.
    """
    if not batch.store.order_notes:
        return
    texts = _texts(moved, ran_out)
    notes = [(batch.orders[order_id].saleor_order_id, text) for order_id, text in texts.items() if order_id in batch.orders]
    side_by_side(lambda note: _write(services, batch, *note), notes, at_once=AT_ONCE)


def _texts(moved: Moved, ran_out: Collection[UUID]) -> dict[int, str]:
    """Say what changed at each order, in a sentence for each kind of change."""
    sums: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for movement in moved.accepted:
        if movement.order_id is not None:
            sums[movement.order_id][_RAN_OUT if movement.target_id in ran_out else movement.kind] += movement.points
    texts = {
        order_id: [_SENTENCES[kind].format(points=abs(points)) for kind, points in by_kind.items()]
        for order_id, by_kind in sums.items()
    }
    for order_id, points in moved.taken.items():
        texts.setdefault(order_id, []).insert(0, f"{points} points were claimed.")
    return {order_id: " ".join(sentences) for order_id, sentences in texts.items()}


_RAN_OUT = "ran_out"
_SENTENCES = {
    _RAN_OUT: "{points} points ran out: nobody claimed them in time.",
    MovementKind.CLAIM: "{points} points wait to be claimed by the order's link.",
    MovementKind.CREDIT: "{points} points were added to the customer's balance.",
    MovementKind.DEBIT: "{points} points were taken back from the customer's balance.",
    MovementKind.VOID: "{points} points that nobody had claimed were withdrawn.",
    MovementKind.WRITE_OFF: "{points} points that could not be taken back were written off.",
}


def _write(services: Services, batch: Batch, saleor_order_id: str, text: str) -> None:
    batch.keep()
    try:
        services.saleor.orders.add_note(batch.store.saleor_api_url or "", batch.token, saleor_order_id, f"Points: {text}")
    except AppError as error:
        log.warning("note not written", store=batch.store.slug, code=error.code)
