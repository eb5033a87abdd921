"""Step 6: write on the order what the shopper's mails may say, where it differs from what stands there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from app.db.books import position_of
from app.db.queue import keep_lease
from app.db.tables import ClaimRow
from app.domain.claim import LIVE, ClaimState
from app.domain.earning import Because
from app.domain.order_link import order_link
from app.domain.settlement import Position
from app.domain.status import HASH_OF_NOTHING, POINTS_SPENT, PointsStatus, metadata_hash, points_amount, points_status
from app.domain.store import ClaimLink
from app.errors import AppError
from app.http.side_by_side import side_by_side
from app.saleor.order_calls import AT_ONCE, METADATA_MAX
from app.usecases.services import Services
from app.usecases.settling.batch import Batch, Standing
from app.usecases.settling.claims import is_past


@dataclass(frozen=True, slots=True)
class Words:
    """What one order's metadata should say: its status, the hash of it all, and what to write where the order has other words."""

    status: PointsStatus
    metadata_hash: str
    to_write: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Telling:
    """What orders say, by id; Saleor's refusals, by id; and since when the orders were surely ours. None: nothing was told."""

    words: Mapping[int, Words] = field(default_factory=dict)
    refusals: Mapping[int, str] = field(default_factory=dict)
    since: datetime | None = None


def tell_orders(services: Services, batch: Batch, standings: Mapping[int, Standing]) -> Telling:
    """Write the metadata of all orders in hand that say something else than they should.

    Saleor keeps what comes last: a worker that was stopped, and lost an order to another, must not say older things of it.
    Where it was stopped in the middle of saying them, the order is looked at again (`rest_orders`). Whatever else lands late,
    a call that timed out or that of a worker that was killed, moves the order's updatedAt: the sweep compares what stands there
    with the hash of what should.
    """
    words = {id_: said for id_, standing in standings.items() if (said := _words(services, batch, standing)) is not None}
    differing = [id_ for id_, said in words.items() if said.to_write is not None]
    if not differing:
        return Telling(words)
    since = services.clock()
    # That a lease was prolonged may be lost with the machine's power.
    with services.database.writing(durable=False) as session:
        kept = keep_lease(session, batch.lease_token, differing, since)
    changes = [(id_, words[id_].to_write or {}) for id_ in differing if id_ in kept]
    requests = [changes[start : start + METADATA_MAX] for start in range(0, len(changes), METADATA_MAX)]
    answers = side_by_side(lambda request: _write(services, batch, request), requests, at_once=AT_ONCE)
    answered = [pair for request, said in zip(requests, answers, strict=True) for pair in zip(request, said, strict=True)]
    return Telling(words, {id_: refusal for (id_, _), refusal in answered if refusal is not None}, since)


def _write(services: Services, batch: Batch, request: Sequence[tuple[int, Mapping[str, str]]]) -> list[str | None]:
    changes = [(batch.orders[order_id].saleor_order_id, wanted) for order_id, wanted in request]
    batch.keep()
    try:
        return services.saleor.orders.write_metadata(batch.store.saleor_api_url or "", batch.token, changes)
    except AppError as error:
        return [error.message for _ in request]


def _words(services: Services, batch: Batch, standing: Standing) -> Words | None:
    """Choose what is to stand on an order. None where it could not be read.

    What stands there is never believed, only compared: a shopper can plant metadata through a checkout. An order that never
    had points, was not paid with points, and says nothing of points, is left alone.
    """
    if standing.order is None or standing.due is None:
        return None
    position = _as_told(batch, standing, services.clock())
    status = points_status(standing.due, position, was_ever_granted=standing.books.was_ever_granted)
    stands = standing.order.metadata
    concerns_points = stands or standing.books.was_ever_granted or standing.order.points_spent > 0
    if status is PointsStatus.NONE and not concerns_points:
        return Words(status, HASH_OF_NOTHING)
    if _is_of_other_books(services, standing):
        return Words(status, metadata_hash(stands))
    wanted = _wanted(services, batch, standing, status, position)
    should_be = metadata_hash(wanted)
    return Words(status, should_be, wanted if metadata_hash(stands) != should_be else None)


def _is_of_other_books(services: Services, standing: Standing) -> bool:
    """True if an order from before the installation has a link of this app that these books know nothing of.

    Example: the app was installed anew, with an empty database. The order's points are in the database before, which may come
    back. A link to another place can be a shopper's own, so it is overwritten as ever.
    """
    if standing.order is None or standing.due is None or standing.due.because is not Because.BEFORE_START:
        return False
    url = standing.order.metadata.get("points_claim_url", "")
    return not standing.books.was_ever_granted and url.startswith(f"{services.claim_url_base}/")


def _as_told(batch: Batch, standing: Standing, now: datetime) -> Position:
    """Give what the order's movements come to. A claim past its day waits no more, taken or not."""
    position = position_of(standing.books, batch.accounts.showing_claims)
    past = {claim.id for claim in standing.books.claims.values() if is_past(batch, claim, now)}
    grants = (replace(grant, claim=ClaimState.EXPIRED) if grant.id in past else grant for grant in position.grants)
    return replace(position, grants=tuple(grants))


def _wanted(services: Services, batch: Batch, standing: Standing, status: PointsStatus, position: Position) -> dict[str, str]:
    live = [standing.books.claims[grant.id] for grant in position.grants if grant.claim in LIVE and grant.points > 0]
    newest = max(live, key=lambda claim: claim.created_at, default=None)
    return {
        "points_status": status.value,
        "points_amount": str(points_amount(standing.due, position) if standing.due is not None else 0),
        "points_claim_url": "" if status is PointsStatus.NONE else _link(services, batch, standing, newest),
        "points_expires_on": newest.expires_on.isoformat() if newest is not None and newest.expires_on is not None else "",
        POINTS_SPENT: str(standing.order.points_spent or "") if standing.order is not None else "",
    }


def _link(services: Services, batch: Batch, standing: Standing, claim: ClaimRow | None) -> str:
    if claim is not None and batch.store.claim_link == ClaimLink.DIRECT:
        return services.sealer.open(claim.url_sealed)
    return order_link(services.claim_url_base, batch.store.slug, standing.row.saleor_order_id)
