"""Processes of their own that work on a ledger, several requests at once in each, and begin as one."""

import multiprocessing
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from uuid import uuid4

from app.db.engine import Database
from app.ledger import entries as ledger
from app.providers.embedded import EmbeddedProvider
from app.providers.protocol import Ask, AskKind
from app.sealing import Sealer
from tests.clock import START
from tests.waiting import PATIENCE_SECONDS

AT_ONCE = 5


def take(database: Database, store_id: int, mark: str) -> bool:
    """Take a claim, for a customer of this request's own."""
    del store_id
    with database.writing() as session:
        claim = ledger.find_claims(session, [mark], lock=True)[mark]
        return ledger.take(session, claim, f"{uuid4().hex}@example.com", START) is not None


def instants(database: Database, store_id: int, emails: str) -> bool:
    """Give all the customers a point, in the order in which they are named, ten times."""
    provider = EmbeddedProvider(database, Sealer(["a secret"]), store_id, "https://points.example", clock=lambda: START)
    for _ in range(10):
        provider.ask(AskKind.INSTANT, [Ask(uuid4(), 1, email) for email in emails.split(",")], call_id=uuid4(), now=START)
    return True


def main(url: str, store_id: str, what: str, *of_processes: str) -> None:
    """Print how many requests got what they wanted. `of_processes`: for each, what its requests ask, one for each or for all."""
    does = {"take": take, "instants": instants}[what]
    # Forked, so that they share what took a second to load. Nothing is open yet that they must not share.
    fork = multiprocessing.get_context("fork")
    together, told = fork.Barrier(len(of_processes)), fork.SimpleQueue()

    def contend(asked: list[str]) -> None:
        with closing(Database(url)) as database, ThreadPoolExecutor(AT_ONCE) as pool:
            together.wait(PATIENCE_SECONDS)
            running = [pool.submit(does, database, int(store_id), asked[n % len(asked)]) for n in range(AT_ONCE)]
            told.put(sum(one.result() for one in running))

    processes = [fork.Process(target=contend, args=(asked.split(),)) for asked in of_processes]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        sys.exit(1)
    print(sum(told.get() for _ in processes))


if __name__ == "__main__":
    main(*sys.argv[1:])
