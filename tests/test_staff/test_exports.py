"""Every CSV export begins with a byte order mark, so that a spreadsheet reads `rené@…`; and no export is missing here."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import app
from app.usecases.operating.export_ledger import EXPORTS
from app.web import create_app
from tests.test_merchant.calls import Desk
from tests.test_settling.test_refunds import paid_order
from tests.waiting import STORY_SECONDS
from tests.world import SECRET_KEY, World

MARK = b"\xef\xbb\xbf"
RENE = "rené@example.com"
IN_DASHBOARD = {"orders.csv": "number,placed_at", "customers.csv": "email,balance"}
ON_COMMAND_LINE = ("balances", "claims", "entries", "lots", "spends")
# The one place in the web, and the one on the command line, where CSV is written.
WRITERS = {"web/merchant/lists.py", "cli/books.py"}


@pytest.mark.parametrize("file", IN_DASHBOARD)
def test_an_export_of_the_dashboard_begins_with_the_mark(embedded_world: World, file: str) -> None:
    paid_order(embedded_world, email=RENE)

    answer = Desk(embedded_world).get(file)

    assert answer.status_code == 200
    assert answer.content.startswith(MARK + IN_DASHBOARD[file].encode())
    assert not answer.content.startswith(2 * MARK)


@pytest.mark.parametrize("what", ON_COMMAND_LINE)
def test_an_export_of_the_command_line_begins_with_the_mark(embedded_world: World, what: str) -> None:
    embedded_world.claim(paid_order(embedded_world, email=RENE), RENE)
    environment = {"DATABASE_URL": embedded_world.settings.database_url, "SECRET_KEY": SECRET_KEY, "PYTHONIOENCODING": "utf-8"}

    done = subprocess.run(
        [sys.executable, "-m", "app", "export", what, "--store", embedded_world.store().slug],
        capture_output=True,
        check=True,
        timeout=STORY_SECONDS,
        env=environment,
    )

    assert re.match(rb"\xef\xbb\xbf[a-z_]+,", done.stdout)
    assert what in {"lots", "spends"} or RENE.encode() in done.stdout


def test_no_export_is_missing_here(embedded_world: World) -> None:
    rules = create_app(embedded_world.services, embedded_world.settings).url_map.iter_rules()
    served = {rule.rule.rsplit("/", 1)[-1] for rule in rules if ".csv" in rule.rule}

    assert served == set(IN_DASHBOARD)
    assert set(EXPORTS) == set(ON_COMMAND_LINE)


def test_csv_is_written_in_two_places_only() -> None:
    root = Path(app.__file__).parent
    writes = re.compile(r"csv\.(writer|DictWriter)|text/csv|import (writer|DictWriter)")
    found = {str(path.relative_to(root)) for path in root.rglob("*.py") if writes.search(path.read_text(encoding="utf-8"))}

    assert found == WRITERS
