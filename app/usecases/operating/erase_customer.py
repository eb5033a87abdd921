"""Erase a customer: no row names the person any more, and every sum stays as it is.

In place of the address there stands a made-up one, the same in all rows of the person. So whatever was theirs still belongs
together, to nobody: a later refund takes back from that balance what the order had brought, as ever. Their orders are marked:
what Saleor goes on telling of them is read without the address, and they get no new points.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import structlog

from app.db.approval_requests import forget_requests, held_requests, refuse_gifts
from app.db.batch_changes import changes_in_batches, forget_in_batches
from app.db.form_tokens import FormToken, is_first
from app.db.keys import keys_in, same_person
from app.db.known_customers import forget_known
from app.db.lanes import lane_under
from app.db.logbook import write_log
from app.db.mails_of_customer import forget_mails
from app.db.people import Person, forget_in_lists
from app.db.queue import LEASE_LONGEST
from app.db.stores import accounts_of
from app.db.tables import AccountRow, ClaimRow, MovementRow, PointsClaimRow
from app.db.tables.points_claim import PointsClaimState
from app.db.waking import wake
from app.domain.claim import ClaimState
from app.domain.email import made_up_address
from app.domain.how_many import how_many
from app.domain.moments import holds
from app.domain.redemptions import LEFT, SETTLED
from app.domain.settlement import INSTANT_KINDS, MovementState
from app.errors import BadRequest
from app.logs import blotted
from app.providers.embedded import state_of
from app.sealing import fingerprint
from app.usecases.operating.show_customer import find_named_store, known_person
from app.usecases.services import Services

log = structlog.get_logger()

# Tells whether an address is the person's.
Theirs = Callable[[str | None], bool]


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased: how many rows named the person, and the points that now belong to nobody."""

    orders: int
    movements: int
    claims: int
    withdrawn: int
    entries_kept: int
    points_left: int


NOBODY_ERASED = Erased(orders=0, movements=0, claims=0, withdrawn=0, entries_kept=0, points_left=0)


def erase_customer(
    services: Services,
    slug: str,
    email: str,
    *,
    who: str | None = None,
    once: FormToken | None = None,
    only_if_deleted: bool = False,
) -> Erased:
    """Erase a customer of a store, all in one transaction. On SQLite no byte of the address stays in the files after it.

    The store's log says that somebody was erased, and not who. `only_if_deleted`: nobody is erased whom Saleor has not deleted,
    or whom somebody kept.

    Raises BadRequest when nothing is known of the customer, or while the app is at work on what is theirs.
    """
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return NOBODY_ERASED
        store = find_named_store(session, slug)
        # Before all else: whoever approves a request, or works on a batch, locks that first, too.
        requests = held_requests(session, store.id or 0, email)
        in_batches = changes_in_batches(session, store.id or 0, email, lock=True)
        person = known_person(session, store, email, lock=True)
        if only_if_deleted and not any(deletion.kept_at is None for deletion in person.deletions):
            return NOBODY_ERASED
        _require_rest(person, services)
        nobody = made_up_address(uuid4().hex)
        forget_requests(requests, nobody, who or "erasure", now)
        refuse_gifts(session, person.orders, who or "erasure", now)
        forget_in_batches(in_batches, nobody)
        accounts = accounts_of(session, store.id or 0)
        is_theirs = same_person(session, email)
        withdrawn = _erase_claims(services, person, is_theirs, nobody)
        _erase_rows(person, is_theirs, nobody, accounts)
        forget_in_lists(session, store.id or 0, is_theirs, nobody)
        for row in (*person.deletions, *person.sign_in_codes, *person.wallet_sessions):
            session.delete(row)
        for order in person.orders:
            order.email = order.email_key = nobody
            order.read_facts = order.refused_step = None
            order.problem = blotted(order.problem) if order.problem is not None else None
            order.erased_at = now
        forget_mails(session, store.id or 0, keys_in(session, email))
        forget_known(session, store.id or 0, keys_in(session, email))
        for order in person.orders:
            wake(session, order.id or 0, now)
        orders, changes = how_many(len(person.orders), "order"), how_many(len(person.movements), "change")
        said = f"A customer was erased: the address is gone from {orders} and {changes}."
        write_log(session, store.id or 0, "erased", said, now=now, made_by=who)
    if not services.database.empty_wal():
        log.warning("the database's WAL was in use: erased text stays in it until it is next emptied", store=slug)
    log.info("customer erased", store=slug, orders=len(person.orders), movements=len(person.movements))
    return Erased(
        orders=len(person.orders),
        movements=len(person.movements),
        claims=len(person.points_claims),
        withdrawn=withdrawn,
        entries_kept=len(person.entries),
        points_left=person.customer.available if person.customer is not None else 0,
    )


def _require_rest(person: Person, services: Services) -> None:
    now = services.clock()
    if any(holds(order.lease_until, now, longest=LEASE_LONGEST) for order in person.orders):
        raise BadRequest("An order of this customer is being settled. Nothing was erased; try again in a minute.")
    for movement in person.movements:
        is_unknown = movement.state == MovementState.UNKNOWN and movement.kind in INSTANT_KINDS
        if movement.state == MovementState.SENDING or is_unknown:
            raise BadRequest(
                "Whether points of this customer were moved is not known yet, and only the address can tell. Nothing was erased;"
                " try again later, or decide it: saleor-points movements list --unknown"
            )


def _erase_claims(services: Services, person: Person, is_theirs: Theirs, nobody: str) -> int:
    """Take address and link from the claims, and withdraw those that wait and belong to no order: nobody else would."""
    now = services.clock()
    of_orders = {claim.token_mark: claim for claim in person.claims}
    withdrawn = 0
    for claim in person.points_claims:
        mine = of_orders.get(claim.token_mark)
        if mine is None and state_of(claim, now) is ClaimState.OPEN:
            claim.state, claim.amount = PointsClaimState.VOID, 0
            withdrawn += 1
        _forget_link(services, claim)
        if is_theirs(claim.email):
            claim.email = claim.email_key = nobody
        if mine is not None:
            mine.token_mark = claim.token_mark
    marks = {claim.token_mark for claim in person.points_claims}
    for mine in person.claims:
        if mine.token_mark not in marks:
            mine.token_mark = fingerprint(uuid4().hex)
        mine.url_sealed = services.sealer.seal("")
    return withdrawn


def _forget_link(services: Services, claim: PointsClaimRow) -> None:
    token = uuid4().hex
    claim.token_mark, claim.token_sealed = fingerprint(token), services.sealer.seal_short(token)


def _erase_rows(person: Person, is_theirs: Theirs, nobody: str, accounts: dict[int, AccountRow]) -> None:
    if person.customer is not None:
        person.customer.email = person.customer.email_key = nobody
        person.customer.customer_type = None
    _erase_spends(person, nobody)
    rows: list[MovementRow | ClaimRow] = [*person.movements, *person.claims]
    for row in rows:
        if is_theirs(row.email):
            row.email, row.lane = nobody, lane_under(accounts[row.account_id].lane_mark, nobody)
    for claim in person.claims:
        if is_theirs(claim.taken_by):
            claim.taken_by = nobody
    for movement in person.movements:
        movement.reason = blotted(movement.reason) if movement.reason is not None else None
    for adjustment in person.adjustments:
        if is_theirs(adjustment.email_key):
            adjustment.email_key = nobody


def _erase_spends(person: Person, nobody: str) -> None:
    for spent in person.spends:
        # A till may have written anything: a name, too.
        spent.reference = ""
    for paid in person.payments:
        paid.email = paid.email_key = nobody
    for redemption in person.redemptions:
        redemption.email = redemption.email_key = nobody
        if redemption.problem_code in {SETTLED, LEFT}:
            # Staff may have written anything: a name, too.
            redemption.problem = None
        redemption.because = None
