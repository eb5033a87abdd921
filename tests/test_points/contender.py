"""A process of its own that works on a ledger, several requests at once, as soon as it is told to."""

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from uuid import uuid4

from app.points import ledger
from app.points.embedded import EmbeddedProvider
from app.points.provider import Ask, AskKind
from app.sealing import Sealer
from app.store.database import Database
from tests.clock import START

AT_ONCE = 5


def take(database: Database, store_id: int, mark: str) -> bool:
    """Take a claim, for a customer of this request's own."""
    del store_id
    with database.writing() as session:
        claim = ledger.find_claims(session, [mark], lock=True)[mark]
        return ledger.take(session, claim, f"{uuid4().hex}@example.com", START) is not None


def instants(database: Database, store_id: int, emails: str) -> bool:
    """Give all the customers a point, in the order in which they are named, ten times."""
    provider = EmbeddedProvider(database, Sealer(["a secret"]), store_id, "https://points.example")
    for _ in range(10):
        provider.ask(AskKind.INSTANT, [Ask(uuid4(), 1, email) for email in emails.split(",")], call_id=uuid4(), now=START)
    return True


def main(url: str, store_id: str, what: str, *arguments: str) -> None:
    """Print how many requests got what they wanted. `arguments`: one for each request, or one for all."""
    does = {"take": take, "instants": instants}[what]
    with closing(Database(url)) as database, ThreadPoolExecutor(AT_ONCE) as pool:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        running = [pool.submit(does, database, int(store_id), arguments[n % len(arguments)]) for n in range(AT_ONCE)]
        sys.stdout.write(f"{sum(one.result() for one in running)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
