"""What must be true of every history once the world is quiet. Each function gives the sentences of what is not."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from sqlmodel import col, select

from app.db.tables import (
    AccountRow,
    ClaimRow,
    CustomerMoveRow,
    MovementRow,
    OrderRow,
    PointsClaimRow,
    PointsCustomerRow,
    PointsEntryRow,
    StoreRow,
)
from app.db.tables.customer_move import UNDER_WAY
from app.domain.order_link import order_link
from app.domain.settlement import INSTANT_KINDS, MovementKind, MovementState
from app.sealing import fingerprint
from app.usecases.operating.total_audits import differing_totals
from tests.simulation import codes_for_points, paid_by_points
from tests.simulation.codes_for_points import Rewards
from tests.simulation.expected import most_ever_earned, points_expected
from tests.simulation.gone import gone_of, wrong_gone
from tests.simulation.paid_by_points import NOTHING_TAKEN, Payments, is_taken_again
from tests.simulation.rig import API_KEYS, APP_URL
from tests.simulation.world import World
from tests.standins.coggins import Claim

OPEN = frozenset({MovementState.PLANNED, MovementState.SENDING})
STILL_WAITING = frozenset(
    {"defect", "metadata", "account", "unreadable", "claim_unknown", "unknown", "for_staff", "gone", "in_transit", "waits"}
)
Wrongs = Iterator[str]
# A ledger and the folded e-mail of a customer there.
Purse = tuple[str, str]


class Books:
    """Everything that the app has written down, read once."""

    def __init__(self, world: World) -> None:
        with world.rig.database.reading() as session:
            self.orders = list(session.exec(select(OrderRow).order_by(col(OrderRow.id))))
            self.movements = list(session.exec(select(MovementRow).order_by(col(MovementRow.planned_at))))
            self.claims = list(session.exec(select(ClaimRow)))
            self.accounts = list(session.exec(select(AccountRow)))
            self.stores = list(session.exec(select(StoreRow)))
            self.entries = list(session.exec(select(PointsEntryRow)))
            self.customers = list(session.exec(select(PointsCustomerRow)))
            self.moves = list(session.exec(select(CustomerMoveRow).order_by(col(CustomerMoveRow.moved_at))))
            self.points_claims = list(session.exec(select(PointsClaimRow)))
            self.payments = Payments(session)
            self.rewards = Rewards(session)
        self.accepted = [movement for movement in self.movements if movement.state == MovementState.ACCEPTED]
        named = world.purses.named
        self.purses = {account.id or 0: named(account.kind, account.lane_mark, account.store_id) for account in self.accounts}

    def purse(self, of: MovementRow | ClaimRow) -> str:
        """Name the ledger where a movement was asked for, or a claim lies."""
        return self.purses[of.account_id]

    def is_at_coggins(self, of: MovementRow | ClaimRow) -> bool:
        return self.purse(of) in API_KEYS

    def of(self, order: OrderRow) -> list[MovementRow]:
        return [movement for movement in self.accepted if movement.order_id == order.id]


def wrongs(world: World, books: Books) -> list[str]:
    """List what is wrong with a world that has come to rest."""
    found = [f"{check.__name__.replace('_', ' ')}: {wrong}" for check in CHECKS for wrong in check(world, books)]
    of_payments = paid_by_points.CHECKS
    found += [f"{check.__name__.replace('_', ' ')}: {wrong}" for check in of_payments for wrong in check(world, books.payments)]
    of_rewards = codes_for_points.CHECKS
    found += [f"{check.__name__.replace('_', ' ')}: {wrong}" for check in of_rewards for wrong in check(world, books.rewards)]
    _count(world, books)
    return found


def every_order_is_known_and_its_points_due_are_right(world: World, books: Books) -> Wrongs:
    known = {order.saleor_order_id: order for order in books.orders}
    for number, order_id in enumerate(world.orders, start=1):
        expected = points_expected(world, order_id)
        row = known.get(order_id)
        if row is None:
            yield f"order {number} is not known"
        elif max(row.due, 0) not in expected:
            yield f"order {number}: due is {row.due}, and should be {sorted(expected)} ({row.because})"


def every_order_is_its_own_shops(world: World, books: Books) -> Wrongs:
    for order in books.orders:
        home = world.homes.get(order.saleor_order_id)
        if home is None or home.store_id != order.store_id:
            yield f"order {order.number} of store {order.store_id} is not that shop's"
    stores = {order.id: order.store_id for order in books.orders}
    accounts = {account.id: account.store_id for account in books.accounts}
    for movement in books.movements:
        of_order = stores.get(movement.order_id, movement.store_id)
        if not of_order == movement.store_id == accounts[movement.account_id]:
            yield f"{_named(books, movement)} is booked on another store"


def granted_is_the_sum_of_the_accepted_movements(world: World, books: Books) -> Wrongs:
    for order in books.orders:
        added = sum(movement.points for movement in books.of(order))
        if order.granted != added:
            yield f"order {order.number}: granted is {order.granted}, and the movements add up to {added}"


def granted_is_due_or_the_difference_is_on_record_and_right(world: World, books: Books) -> Wrongs:
    for order in books.orders:
        due = max(order.due, 0)
        if order.granted == due:
            if order.shortfall:
                yield f"order {order.number}: a shortfall of {order.shortfall} where nothing is missing"
        elif order.granted > due:
            yield from _wrong_shortfall(world, books, order, order.granted - due)
        elif order.problem_code != "no_email":
            yield f"order {order.number}: due is {due}, granted {order.granted}, and {order.problem_code} is no reason"
        elif (world.order(order.saleor_order_id).email or "").strip():
            yield f"order {order.number}: it has an e-mail, and is said to have none"


def _is_refused_rightly(world: World, books: Books, order: OrderRow) -> bool:
    """Tell whether the provider refuses a debt that the store wants all at once: staff are told, and can only write it off."""
    asked = [movement for movement in books.movements if movement.order_id == order.id]
    if (
        order.problem_code != "refused"
        or not asked
        or (world.setup.debt_policy, world.setup.below_zero) != ("negative", "refuse")
    ):
        return False
    last = asked[-1]
    is_no = last.state == MovementState.REJECTED and books.is_at_coggins(last)
    return is_no and world.purses.available(books.purse(last), last.email) < -last.points


def _wrong_shortfall(world: World, books: Books, order: OrderRow, missing: int) -> Wrongs:
    if _is_refused_rightly(world, books, order):
        return
    if order.shortfall != missing:
        yield f"order {order.number}: {missing} are missing, and a shortfall of {order.shortfall} is on record"
    claims = [claim for claim in books.claims if claim.order_id == order.id and claim.points > 0]
    if order.problem_code == "shown_not_taken":
        yield from _wrong_wait(world, books, order, claims)
    elif order.problem_code == "nothing_there":
        for purse, email in {(purse, email) for purse, email, left in _left_of(books, order) if left > 0}:
            available = world.purses.available(purse, email) if email else 0
            if available > 0:
                yield f"order {order.number}: nothing is said to be there, and {email} has {available}"
    elif order.problem_code == "taker_unknown":
        if not any(not claim.email and claim.state in {"shown", "taken"} for claim in claims):
            yield f"order {order.number}: the taker is said to be unknown, and there is none"
    else:
        yield f"order {order.number}: {missing} are missing, and {order.problem_code} is no reason"


def _wrong_wait(world: World, books: Books, order: OrderRow, claims: list[ClaimRow]) -> Wrongs:
    shown = [claim for claim in claims if claim.state == "shown"]
    if not shown:
        yield f"order {order.number}: it waits for a shown claim, and has none"
    for claim in shown:
        is_told = bool(claim.email) and not _is_disturbed(world, books, claim)
        if is_told and _is_taken(world, claim) and not _could_be_hidden(books, claim):
            yield f"order {order.number}: it waits for a claim that was taken long ago"


def _is_disturbed(world: World, books: Books, claim: ClaimRow) -> bool:
    return (books.purse(claim), claim.email.strip().casefold()) in world.truth.disturbed


def _could_be_hidden(books: Books, claim: ClaimRow) -> bool:
    """Tell whether another claim of the customer may have brought what this one brought: in doubt, it was not taken."""
    return any(other.lane == claim.lane and other.id != claim.id and other.shown_at is not None for other in books.claims)


def _left_of(books: Books, order: OrderRow) -> Iterator[tuple[str, str, int]]:
    """Give what each grant of an order brought and was not taken back yet, with the customer who has it now."""
    grants = [
        (movement.id, movement.points, books.purse(movement), movement.email, movement.ended_at)
        for movement in books.of(order)
        if movement.kind == MovementKind.CREDIT and movement.target_id is None
    ]
    grants += [
        (claim.id, claim.points, books.purse(claim), claim.taken_by or claim.email, claim.taken_at)
        for claim in books.claims
        if claim.order_id == order.id and claim.state == "taken"
    ]
    for grant_id, points, purse, email, at in grants:
        debits = {m.id: m.points for m in books.of(order) if m.kind == MovementKind.DEBIT and m.target_id == grant_id}
        back = sum(m.points for m in books.of(order) if m.kind == MovementKind.CREDIT and m.target_id in debits)
        yield purse, moved_to(books, purse, email, at), points + sum(debits.values()) + back


def moved_to(books: Books, purse: str, email: str, at: datetime | None, *, until: datetime | None = None) -> str:
    """Say who has what somebody had at a moment: the moves of that ledger, in the order in which they happened.

    It is who has it now, or had it at a later moment.
    """
    for move in books.moves:
        is_between = (
            move.moved_at is not None and at is not None and at <= move.moved_at and (until is None or move.moved_at < until)
        )
        if is_between and books.purses[move.account_id] == purse and _same(move.from_email, email):
            email = move.to_email
    return email


def _same(one: str | None, other: str | None) -> bool:
    return (one or "").strip().casefold() == (other or "").strip().casefold()


def _is_taken(world: World, claim: ClaimRow) -> bool:
    return any(_mark(one) == claim.token_mark and one.taken_by for _, one in world.purses.claims())


def _mark(claim: Claim) -> str:
    return fingerprint(claim.token.replace("-", ""))


def the_providers_own_books_equal_the_accepted_movements(world: World, books: Books) -> Wrongs:
    ours: Counter[Purse] = Counter()
    for movement in books.accepted:
        if movement.kind in INSTANT_KINDS:
            ours[books.purse(movement), movement.email.strip().casefold()] += movement.points
    have = {(f"{customer.store_id}", customer.email_key): customer.available for customer in books.customers}
    for key in API_KEYS:
        have |= {(key, email): one.available + one.used for email, one in world.coggins.books(key).balances.items()}
    claimed: Counter[Purse] = Counter()
    names = {customer.id: (f"{customer.store_id}", customer.email_key) for customer in books.customers}
    for claim in books.points_claims:
        if claim.state == "taken":
            claimed[names[claim.customer_id]] += claim.amount
    for key, taken in world.purses.claims():
        if taken.taken_by:
            claimed[key, taken.taken_by] += taken.amount
    for purse in sorted({*ours, *have, *claimed}):
        by_others = world.truth.by_others[purse]
        should = ours[purse] + claimed[purse] + by_others
        if have.get(purse, 0) != should:
            name = f"{purse[1]} at {'Coggins' if purse[0] in API_KEYS else f'store {purse[0]}'}"
            yield (
                f"{name} has {have.get(purse, 0)} and should have {should}: INSTANTs {ours[purse]}, claims {claimed[purse]}, "
                f"others {by_others}"
            )


def what_is_used_is_what_was_paid(world: World, books: Books) -> Wrongs:
    used = {(f"{customer.store_id}", customer.email_key): customer.used for customer in books.customers}
    paid: Counter[Purse] = Counter()
    for spent in world.truth.at_tills:
        paid[spent.purse, spent.holder] += spent.left
    for spend in books.payments.spends:
        ledger = books.purses[spend.account_id]
        if ledger not in API_KEYS:
            holder = moved_to(books, ledger, spend.email, spend.taken_at).strip().casefold()
            paid[ledger, holder] += paid_by_points.used_by_payments(books.payments, spend)
    for taken in books.rewards.taken:
        ledger = books.purses[taken.account_id]
        if ledger not in API_KEYS:
            holder = moved_to(books, ledger, taken.email, taken.taken_at).strip().casefold()
            paid[ledger, holder] += codes_for_points.used_by_rewards(books.rewards, taken)
    for purse in sorted({*used, *paid}):
        if used.get(purse, 0) != paid[purse]:
            yield f"{purse[1]} at store {purse[0]} used {used.get(purse, 0)} points, and paid {paid[purse]}"


def every_claim_that_was_taken_is_in_our_books_once(world: World, books: Books) -> Wrongs:
    ours = {claim.token_mark: claim for claim in books.claims}
    taken = {claim.token_mark: claim.amount for claim in books.points_claims if claim.state == "taken"}
    taken |= {_mark(one): one.amount for _, one in world.purses.claims() if one.taken_by}
    for mark, amount in taken.items():
        claim = ours.get(mark)
        if claim is None:
            yield f"a claim of {amount} was taken that no order knows"
        elif claim.points != amount or claim.state not in {"taken", "shown"}:
            yield f"a claim of {amount} was taken that stands with {claim.points}, {claim.state}, in our books"
    granted: Counter[int] = Counter()
    for claim in books.claims:
        granted[claim.order_id] += claim.points
    for order in books.orders:
        kinds = {MovementKind.CLAIM, MovementKind.VOID}
        moved = sum(movement.points for movement in books.of(order) if movement.kind in kinds)
        if granted[order.id or 0] != moved:
            yield f"order {order.number}: its claims hold {granted[order.id or 0]}, and their movements add up to {moved}"


def what_is_gone_ran_out_or_was_taken_by_staff(world: World, books: Books) -> Wrongs:
    yield from wrong_gone(world)
    for order in books.orders:
        rows = gone_of(world, order.saleor_order_id)
        of_points, of_gifts = sum(row.of_points for row in rows), sum(row.of_gifts for row in rows)
        gifts = sum(points for points in world.truth.staff[order.saleor_order_id] if points > 0)
        if rows and of_points > most_ever_earned(world, order.saleor_order_id):
            yield f"order {order.number}: {of_points} are gone, and it never earned as much"
        if of_gifts > gifts:
            yield f"order {order.number}: {of_gifts} of the staff's gifts are gone, and they gave {gifts}"


def no_instant_happened_twice(world: World, books: Books) -> Wrongs:
    for movement in books.movements:
        if not books.is_at_coggins(movement):
            continue
        times = world.truth.done[movement.id]
        is_staffs = movement.is_for_staff or movement.id in world.truth.left_for_staff
        should = 1 if movement.state == MovementState.ACCEPTED and movement.kind in INSTANT_KINDS else 0
        if times != should and not (is_staffs and times > 0 and should == 1):
            yield f"{_named(books, movement)} happened {times} times, and stands as {movement.state}"


def _named(books: Books, movement: MovementRow) -> str:
    numbers = {order.id: order.number for order in books.orders}
    whose = f"order {numbers[movement.order_id]}" if movement.order_id else "a customer"
    return f"the {movement.kind} of {movement.points} for {whose}"


def nobody_is_debited_what_nobody_had_taken(world: World, books: Books) -> Wrongs:
    claims = {claim.id: claim for claim in books.claims}
    by_id = {movement.id: movement for movement in books.accepted}
    debited: Counter[UUID] = Counter()
    for movement in books.accepted:
        if movement.order_id is None or movement.target_id is None:
            continue
        if movement.kind == MovementKind.DEBIT:
            debited[movement.target_id] -= movement.points
        elif movement.kind == MovementKind.CREDIT:
            debited[by_id[movement.target_id].target_id or movement.target_id] -= movement.points
    for target, points in debited.items():
        if target in claims:
            yield from _wrong_debit(world, books, claims[target], points)
        elif points > by_id[target].points:
            yield f"{points} were debited of a credit of {by_id[target].points}"


def _wrong_debit(world: World, books: Books, claim: ClaimRow, points: int) -> Wrongs:
    if points > claim.points:
        yield f"{points} were debited of a claim of {claim.points}"
    if points and claim.state != "taken":
        yield f"{points} were debited of a claim that stands as {claim.state}"
    is_certain = books.is_at_coggins(claim) and not _is_disturbed(world, books, claim)
    if points and is_certain and not _is_taken(world, claim):
        yield f"{points} were debited of a claim of {claim.points} that nobody took"


def no_link_leads_to_a_claim_that_the_provider_does_not_know(world: World, books: Books) -> Wrongs:
    marks = {claim.token_mark: claim for claim in books.claims}
    shown = [(order_id, link) for order_id, links in world.truth.links.items() for link in links]
    for order_id in world.orders:
        answer = world.call_web("GET", order_link(APP_URL, world.homes[order_id].slug, order_id), {}, None)
        if answer is not None and answer.status_code == 303:
            shown.append((order_id, answer.headers["Location"]))
        elif answer is not None and answer.status_code != 200:
            yield f"an order link answers {answer.status_code}"
    for order_id, link in shown:
        token = link.rsplit("/", 1)[1]
        claim = marks.get(fingerprint(token))
        if claim is None:
            yield f"a link led to a claim that no order knows ({order_id})"
        elif not _provider_knows(world, books, token):
            yield "a link led to a claim that the provider does not know"
        elif books.is_at_coggins(claim):
            yield from _wrong_withdrawal(world, books, claim)


def _wrong_withdrawal(world: World, books: Books, claim: ClaimRow) -> Wrongs:
    """What a shopper has seen at Coggins can be taken until its last day is over: only then may it count for nothing."""
    [last_day] = [one.expires_on for _, one in world.purses.claims() if _mark(one) == claim.token_mark]
    for movement in books.accepted:
        is_withdrawal = movement.kind == MovementKind.VOID and movement.target_id == claim.id
        if is_withdrawal and (last_day is None or movement.ended_at is None or movement.ended_at.date() <= last_day):
            yield "a shopper saw a claim that was withdrawn while it could still be taken"


def _provider_knows(world: World, books: Books, token: str) -> bool:
    mark = fingerprint(token)
    return any(claim.token_mark == mark for claim in books.points_claims) or any(
        _mark(one) == mark for _, one in world.purses.claims()
    )


def the_ledgers_sums_verify(world: World, books: Books) -> Wrongs:
    sums: defaultdict[int, int] = defaultdict(int)
    for entry in books.entries:
        sums[entry.customer_id] += entry.amount
    for customer in books.customers:
        if sums[customer.id or 0] != customer.available:
            yield f"{customer.email}: the entries add up to {sums[customer.id or 0]}, the balance says {customer.available}"
    posted = Counter(entry.request_id for entry in books.entries if entry.request_id is not None)
    here = [m for m in books.accepted if m.kind in INSTANT_KINDS and not books.is_at_coggins(m)]
    # What a payment took stands under the payment's name, and what came back to the same ledger stands beside it. What was taken
    # again stands under its own.
    taken = {spend.id: spend for spend in books.payments.spends if books.purses[spend.account_id] not in API_KEYS}
    instants = {
        m.id: m.points for m in here if m.cause_kind not in {"spend", "reward"} or _is_elsewhere(books, m) or is_taken_again(m)
    }
    instants |= {spend.reference: -spend.points for spend in taken.values() if spend.stage not in NOTHING_TAKEN}
    rewards = [one for one in books.rewards.taken if books.purses[one.account_id] not in API_KEYS]
    instants |= {one.reference: -one.points for one in rewards if one.stage not in NOTHING_TAKEN}
    amounts = {entry.request_id: entry.amount for entry in books.entries}
    for movement_id, points in instants.items():
        if posted[movement_id] != 1 or amounts[movement_id] != points:
            yield f"an accepted INSTANT of {points} stands {posted[movement_id]} times in the ledger"
    at_tills = {spent.id for spent in world.truth.at_tills}
    for request_id in posted:
        if request_id not in instants and request_id not in at_tills:
            yield "an entry of the ledger belongs to no accepted movement"


def _is_elsewhere(books: Books, movement: MovementRow) -> bool:
    """Tell whether points of a payment, or of a reward, came back to another account than they were taken from."""
    causes = books.payments.spends if movement.cause_kind == "spend" else books.rewards.taken
    return next(one.account_id for one in causes if one.id == movement.cause_id) != movement.account_id


def no_balance_is_below_zero_unless_the_store_wants_it(world: World, books: Books) -> Wrongs:
    for customer in books.customers:
        if customer.available < 0 and world.setup.debt_policy != "negative":
            yield f"{customer.email} has {customer.available}"


def running_totals_are_what_the_rows_add_up_to(world: World, books: Books) -> Wrongs:
    for store in books.stores:
        with world.rig.database.reading() as session:
            _, found = differing_totals(session, store.id or 0)
        yield from found


def nothing_waits_that_could_be_done(world: World, books: Books) -> Wrongs:
    now = world.clock.now
    for movement in books.movements:
        if movement.state in OPEN:
            yield f"{_named(books, movement)} is still {movement.state}"
        if movement.state == MovementState.UNKNOWN and movement.kind in INSTANT_KINDS:
            yield f"{_named(books, movement)} is still unknown, although staff have said what became of it"
    for order in books.orders:
        if order.look_at is not None and order.look_at <= now:
            yield f"order {order.number} waits"
        if order.lease_token is not None:
            yield f"order {order.number} is still in somebody's hands"
        if order.problem_code in STILL_WAITING:
            yield f"order {order.number} still has the problem {order.problem_code}: {order.problem}"
    for move in books.moves:
        if move.state in UNDER_WAY:
            yield f"a move of {move.points} points is still {move.state}: {move.problem}"
    yield from _still_paused(world, books)


def _still_paused(world: World, books: Books) -> Wrongs:
    for account in books.accounts:
        if account.problem and account.paused_until and account.paused_until > world.clock.now:
            yield f"the account is still paused: {account.problem}"
    for store in books.stores:
        if store.state != "active" or store.problem:
            yield f"the store is {store.state}: {store.problem}"


def the_order_says_what_is_true(world: World, books: Books) -> Wrongs:
    for order in books.orders:
        metadata = world.order(order.saleor_order_id).metadata or {}
        if "points_amount" not in metadata and not books.of(order):
            continue
        over = sum(claim.points for claim in books.claims if claim.order_id == order.id and _is_over(world, books, claim))
        amount = max(min(order.due, order.granted) - over, 0)
        if metadata.get("points_amount") != str(amount):
            yield f"order {order.number} says {metadata.get('points_amount')} points, and should say {amount}"
        if over and metadata.get("points_status") == "ready" and not _has_open_claim(world, books, order):
            yield f"order {order.number} is said to be ready, and its claim can be taken no more"
        if metadata.get("points_status") != order.status:
            yield f"order {order.number} says {metadata.get('points_status')}, and is {order.status}"


def _is_over(world: World, books: Books, claim: ClaimRow) -> bool:
    """Tell whether the provider lets nobody take a claim any more that, as far as we know, nobody took."""
    if claim.state == "taken" or claim.expires_on is None:
        return False
    # Our stores keep UTC. A link that was shown may be taken until its day is over everywhere.
    hours = 36 if claim.shown_at is not None else 24
    return world.clock.now >= datetime.combine(claim.expires_on, time(), tzinfo=UTC) + timedelta(hours=hours)


def _has_open_claim(world: World, books: Books, order: OrderRow) -> bool:
    mine = (claim for claim in books.claims if claim.order_id == order.id and claim.points > 0)
    return any(claim.state in {"open", "shown"} and not _is_over(world, books, claim) for claim in mine)


Check = Callable[[World, Books], Wrongs]
CHECKS: tuple[Check, ...] = (
    no_instant_happened_twice,
    every_order_is_known_and_its_points_due_are_right,
    every_order_is_its_own_shops,
    granted_is_the_sum_of_the_accepted_movements,
    granted_is_due_or_the_difference_is_on_record_and_right,
    the_providers_own_books_equal_the_accepted_movements,
    what_is_used_is_what_was_paid,
    every_claim_that_was_taken_is_in_our_books_once,
    nobody_is_debited_what_nobody_had_taken,
    no_link_leads_to_a_claim_that_the_provider_does_not_know,
    the_ledgers_sums_verify,
    no_balance_is_below_zero_unless_the_store_wants_it,
    running_totals_are_what_the_rows_add_up_to,
    nothing_waits_that_could_be_done,
    the_order_says_what_is_true,
    what_is_gone_ran_out_or_was_taken_by_staff,
)


def _count(world: World, books: Books) -> None:
    for movement in books.movements:
        world.counts[f"movements {movement.state}"] += 1
    world.counts["claims taken"] += sum(claim.state == "taken" for claim in books.points_claims)
    world.counts["claims taken"] += sum(claim.taken_by is not None for _, claim in world.purses.claims())
    world.counts["claims known as taken"] += sum(claim.state == "taken" for claim in books.claims)
    world.counts["shortfalls"] += sum(1 for order in books.orders if order.shortfall)
