"""Look up balances at an account over the network, a few at once. The lease of what is in hand is kept meanwhile."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from app.http.side_by_side import side_by_side
from app.providers.coggins.evidence import LOOK_UPS_AT_ONCE
from app.providers.protocol import Judged, NotSent, PointsProvider
from app.usecases.moving.engine_run import Run


@dataclass(frozen=True, slots=True)
class Look:
    """What a look-up of one customer found, and when it began."""

    began_at: datetime
    found: Judged | NotSent


# What was found of customers, by account and e-mail. One that was not asked for is not in it.
Looks = Mapping[tuple[int, str], Look]


def balances_before_call(run: Run, provider: PointsProvider, emails: Sequence[str]) -> Mapping[str, Judged] | NotSent:
    """Look up all customers of a call. NotSent as soon as one of them could not be looked up."""
    found: dict[str, Judged] = {}
    for some in _parts(emails):
        run.keep()
        answer = provider.balances(some)
        if isinstance(answer, NotSent):
            return answer
        found.update(answer)
    return found


def look_up_each(run: Run, customers: Collection[tuple[int, str]]) -> Looks:
    """Look up customers, each given by account and e-mail. What goes wrong with one does not matter to the others.

    An account that answers none of several is not asked for the rest.
    """
    looks: dict[tuple[int, str], Look] = {}
    for account_id in sorted({account_id for account_id, _ in customers}):
        provider = run.accounts.providers[account_id]
        for some in _parts(sorted({email for of_account, email in customers if of_account == account_id})):
            run.keep()
            began_at = run.services.clock()
            found = side_by_side(partial(_one, provider), some, at_once=LOOK_UPS_AT_ONCE)
            looks.update({(account_id, email): Look(began_at, one) for email, one in zip(some, found, strict=True)})
            if all(isinstance(one, NotSent) for one in found):
                break
    return looks


def _one(provider: PointsProvider, email: str) -> Judged | NotSent:
    found = provider.balances([email])
    return found if isinstance(found, NotSent) else found[email]


def _parts(emails: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(emails), LOOK_UPS_AT_ONCE):
        yield emails[start : start + LOOK_UPS_AT_ONCE]
