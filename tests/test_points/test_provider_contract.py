"""What every points provider promises, whoever keeps the points."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.domain.claim import Balance
from app.providers.protocol import Accepted, Ask, AskKind, LocalProvider, Outcome, held
from app.sealing import fingerprint
from tests.clock import START, MovableClock
from tests.test_points.conftest import EMBEDDED, Account, EmbeddedAccount

ADA, BOB = "ada@example.com", "bob@example.com"


def ask(account: Account, kind: AskKind, asks: Sequence[Ask], clock: MovableClock) -> tuple[Outcome, ...]:
    reply = account.provider.ask(kind, asks, call_id=uuid4(), now=clock())
    assert isinstance(reply, tuple), reply
    return reply


def claimed(account: Account, clock: MovableClock, points: int, email: str = "", **options: Any) -> Accepted:
    [outcome] = ask(account, AskKind.CLAIM, [Ask(uuid4(), points, email, **options)], clock)
    assert isinstance(outcome, Accepted), outcome
    return outcome


def move(account: Account, clock: MovableClock, *moves: tuple[str, int]) -> tuple[Outcome, ...]:
    return ask(account, AskKind.INSTANT, [Ask(uuid4(), points, email, may_go_below_zero=True) for email, points in moves], clock)


def balances(account: Account, *emails: str) -> Mapping[str, Balance]:
    found = account.provider.balances(emails)
    assert isinstance(found, Mapping), found
    return {email: held(judged) for email, judged in found.items()}


def available(account: Account, email: str) -> int:
    return balances(account, email)[email].available


def taken(account: Account, outcome: Accepted, email: str) -> None:
    assert outcome.claim_token is not None
    account.take(outcome.claim_token, email)


def test_many_claims_are_answered_in_the_order_in_which_they_were_asked_for(account: Account, clock: MovableClock) -> None:
    asks = [Ask(uuid4(), points, f"customer{points}@example.com") for points in range(1, 101)]

    outcomes = ask(account, AskKind.CLAIM, asks, clock)
    for asked, outcome in zip(asks, outcomes, strict=True):
        assert isinstance(outcome, Accepted)
        taken(account, outcome, asked.email)

    found = balances(account, *(asked.email for asked in asks))
    assert {email: balance.available for email, balance in found.items()} == {asked.email: asked.points for asked in asks}


def test_each_claim_has_a_link_and_a_token_of_its_own(account: Account, clock: MovableClock) -> None:
    outcomes = ask(account, AskKind.CLAIM, [Ask(uuid4(), 5, ADA) for _ in range(20)], clock)

    accepted = [outcome for outcome in outcomes if isinstance(outcome, Accepted)]
    assert len({outcome.claim_url for outcome in accepted}) == 20
    assert len({outcome.claim_token for outcome in accepted}) == 20


def test_a_claims_link_ends_with_its_token(account: Account, clock: MovableClock) -> None:
    outcome = claimed(account, clock, 5, ADA)

    assert outcome.claim_url is not None
    assert outcome.claim_url.endswith(f"/claim/points/{outcome.claim_token}")
    assert outcome.doubt is None


def test_a_claim_moves_no_balance_until_it_is_taken(account: Account, clock: MovableClock) -> None:
    outcome = claimed(account, clock, 400, ADA)
    before = available(account, ADA)

    taken(account, outcome, ADA)

    assert (before, balances(account, ADA)) == (0, {ADA: Balance(400, 0)})


def test_a_claim_without_an_e_mail_goes_to_whoever_takes_it(account: Account, clock: MovableClock) -> None:
    outcome = claimed(account, clock, 7)

    taken(account, outcome, BOB)

    assert available(account, BOB) == 7


def test_a_claim_for_one_customer_is_not_another_customers(account: Account, clock: MovableClock) -> None:
    outcomes = ask(account, AskKind.CLAIM, [Ask(uuid4(), 3, ADA), Ask(uuid4(), 4, BOB)], clock)

    taken(account, outcomes[1], BOB)  # type: ignore[arg-type]  # accepted, or taking it fails

    assert (available(account, ADA), available(account, BOB)) == (0, 4)


def test_customer_type_and_e_mail_reach_the_account(account: Account, clock: MovableClock) -> None:
    claimed(account, clock, 5, f"  {ADA} ", customer_type="Internal")
    claimed(account, clock, 6)

    [first, second] = account.claims()
    assert (first.points, first.email, first.customer_type) == (5, ADA, "Internal")
    assert (second.points, second.email, second.customer_type) == (6, "", None)


def test_the_days_of_a_claim_reach_the_account_and_are_told(account: Account, clock: MovableClock) -> None:
    outcome = claimed(account, clock, 5, ADA, expires_days=30)

    last_day = START.date() + timedelta(days=30)
    assert outcome.expires_on == last_day
    # The embedded ledger keeps the moment at which that day is over.
    assert account.claims()[0].expires_on in {last_day, last_day + timedelta(days=1)}


def test_a_claim_without_days_never_expires(account: Account, clock: MovableClock) -> None:
    outcome = claimed(account, clock, 5, ADA)

    assert (outcome.expires_on, account.claims()[0].expires_on) == (None, None)


def test_many_instants_are_answered_and_move_each_balance(account: Account, clock: MovableClock) -> None:
    moves = [(f"customer{points}@example.com", points) for points in range(1, 21)]

    outcomes = move(account, clock, *moves)

    assert outcomes == (Accepted(),) * 20
    assert [available(account, email) for email, _ in moves] == [points for _, points in moves]


def test_instants_of_one_customer_in_one_array_add_up(account: Account, clock: MovableClock) -> None:
    outcomes = move(account, clock, (ADA, 10), (BOB, 1), (ADA, 20), (ADA.upper(), -5))

    assert outcomes == (Accepted(),) * 4
    assert (available(account, ADA), available(account, BOB)) == (25, 1)


def test_a_debit_takes_from_what_a_claim_brought(account: Account, clock: MovableClock) -> None:
    taken(account, claimed(account, clock, 100, ADA), ADA)

    move(account, clock, (ADA, -30))

    assert available(account, ADA) == 70


def test_a_debit_may_leave_a_debt_where_that_is_allowed(account: Account, clock: MovableClock) -> None:
    outcomes = move(account, clock, (ADA, 3), (ADA, -10))

    assert outcomes == (Accepted(), Accepted())
    assert available(account, ADA) == -7


@pytest.mark.parametrize("spelled", [ADA.upper(), f" {ADA}\t", "Ada@Example.Com"])
def test_an_e_mail_is_one_customer_however_it_is_spelled(account: Account, clock: MovableClock, spelled: str) -> None:
    move(account, clock, (spelled, 8))

    found = balances(account, spelled, ADA)

    assert found == {spelled: Balance(8, 0), ADA: Balance(8, 0)}


def test_an_e_mail_may_hold_anything_that_an_address_may(account: Account, clock: MovableClock) -> None:
    odd = "o'brien/x+points%20&?#=;@bücher.example"

    move(account, clock, (odd, 9))

    assert available(account, odd) == 9


def test_an_unknown_customer_has_no_entry_or_nothing(account: Account, clock: MovableClock) -> None:
    move(account, clock, (ADA, 5))

    found = balances(account, ADA, "nobody@example.com")

    assert found[ADA] == Balance(5, 0)
    assert found.get("nobody@example.com", Balance(0, 0)) == Balance(0, 0)


def test_nothing_asked_is_nothing_done(account: Account, clock: MovableClock) -> None:
    assert ask(account, AskKind.CLAIM, [], clock) == ()
    assert ask(account, AskKind.INSTANT, [], clock) == ()
    assert balances(account) == {}
    assert account.provider.seen_claims([], now=clock()) == {}
    assert account.claims() == []


def test_the_longest_array_of_each_kind_goes_through(account: Account, clock: MovableClock) -> None:
    for kind in (AskKind.CLAIM, AskKind.INSTANT):
        asks = [Ask(uuid4(), 1, ADA) for _ in range(account.provider.array_max(kind))]

        outcomes = ask(account, kind, asks, clock)

        assert len(outcomes) == len(asks)
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)


def test_the_greatest_amount_goes_through(account: Account, clock: MovableClock) -> None:
    outcome = claimed(account, clock, 2**31 - 1, ADA)
    taken(account, outcome, ADA)
    move(account, clock, (ADA, 2**31 - 1))

    assert available(account, ADA) == 2 * (2**31 - 1)


def test_only_the_embedded_account_is_local_and_shows_claims(account: Account) -> None:
    is_embedded = isinstance(account, EmbeddedAccount)

    assert (isinstance(account.provider, LocalProvider), account.provider.sees_claims) == (is_embedded, is_embedded)


@pytest.mark.parametrize("account", EMBEDDED, indirect=True)
@pytest.mark.parametrize("kind", [AskKind.CLAIM, AskKind.INSTANT])
def test_asking_twice_under_one_id_is_asking_once_at_a_local_account(
    account: Account, clock: MovableClock, kind: AskKind
) -> None:
    asks = [Ask(uuid4(), 5, ADA), Ask(uuid4(), 6, BOB)]

    first, again = (ask(account, kind, asks, clock) for _ in range(2))

    assert again == first
    assert (len(account.claims()), available(account, ADA)) == ((2, 0) if kind is AskKind.CLAIM else (0, 5))


def test_a_claim_is_seen_where_the_account_sees_claims_and_not_elsewhere(account: Account, clock: MovableClock) -> None:
    outcome = claimed(account, clock, 5, ADA)

    seen = account.provider.seen_claims([fingerprint(outcome.claim_token or "")], now=clock())

    assert len(seen) == (1 if account.provider.sees_claims else 0)


def test_what_is_asked_and_answered_shows_neither_address_nor_link_when_printed(account: Account, clock: MovableClock) -> None:
    asked = Ask(uuid4(), 5, ADA)

    [outcome] = ask(account, AskKind.CLAIM, [asked], clock)

    assert isinstance(outcome, Accepted)
    assert outcome.claim_token is not None
    assert outcome.claim_token not in repr(outcome)
    assert ADA not in repr(asked)
