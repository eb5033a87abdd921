"""Many requests in several processes, as several machines would send them: nothing is lost, doubled or blocked."""

import subprocess
import sys

from app.domain.claim import Balance
from app.providers.embedded import EmbeddedProvider
from tests.test_points.ledger_calls import balance, balances_are_sums_of_entries, customers_of, entries_of, mark_of, new_claim
from tests.waiting import STORY_SECONDS

PROCESSES = 4


def contend(provider: EmbeddedProvider, what: str, *arguments: list[str]) -> int:
    """Let four processes of five requests begin at once; `arguments` are those of each process. Gives how many got it."""
    url = provider.database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.test_points.contender", url, str(provider.store_id), what]
    asked = [" ".join(of_one) for of_one in arguments]
    done = subprocess.run([*command, *asked], capture_output=True, text=True, timeout=STORY_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_of_twenty_requests_in_several_processes_that_take_one_claim_one_gets_its_points_once(provider: EmbeddedProvider) -> None:
    claim = new_claim(provider, 5, "")

    assert contend(provider, "take", *([mark_of(claim)] for _ in range(PROCESSES))) == 1

    assert [entry.amount for entry in entries_of(provider.database)] == [5]
    assert sum(customer.available for customer in customers_of(provider.database)) == 5


def test_arrays_of_several_processes_add_up_whatever_the_order_in_which_they_name_their_customers(
    provider: EmbeddedProvider,
) -> None:
    emails = [f"customer{number}@example.com" for number in range(6)]
    orders = [",".join([*emails[turn:], *emails[:turn]]) for turn in range(5)]

    done = contend(provider, "instants", *([orders[(n + k) % 5] for k in range(5)] for n in range(PROCESSES)))

    assert done == 20
    assert [balance(provider, email) for email in emails] == [Balance(200, 0)] * 6
    assert balances_are_sums_of_entries(provider.database)
