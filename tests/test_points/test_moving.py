"""`saleor-points import` and `export`: how a shop moves in and out."""

import csv
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest

from app.db.tables import PointsCustomerRow
from app.db.tables.points_entry import EntryKind
from app.domain.bounds import POINTS_MAX
from app.domain.claim import Balance
from app.providers.embedded import EmbeddedProvider
from app.providers.protocol import Ask, AskKind
from tests.clock import MovableClock
from tests.test_points.conftest import SECRET, new_provider, new_store
from tests.test_points.ledger_calls import (
    ADA,
    BOB,
    asked,
    balances_are_sums_of_entries,
    customers_of,
    entries_of,
    instant,
    new_claim,
    take,
)
from tests.test_staff.command_line import typed


def use(provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the commands work on the provider's database."""
    monkeypatch.setenv("DATABASE_URL", provider.database.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("SECRET_KEY", SECRET)


@pytest.fixture
def shop(provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch) -> EmbeddedProvider:
    use(provider, monkeypatch)
    return provider


def written(tmp_path: Path, *lines: str, encoding: str = "utf-8") -> str:
    path = tmp_path / "balances.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    return str(path)


def balances(shop: EmbeddedProvider) -> dict[str, tuple[int, int]]:
    return {customer.email: (customer.available, customer.used) for customer in customers_of(shop.database)}


def exported(what: str) -> list[dict[str, str]]:
    said = typed("export", what, "--store", "shop")
    assert said.exit_code == 0, said.output
    return list(csv.DictReader(StringIO(said.stdout.removeprefix("\ufeff"))))


def test_balances_are_set_by_entries_and_the_same_file_again_changes_nothing(shop: EmbeddedProvider, tmp_path: Path) -> None:
    instant(shop, 30, BOB)
    path = written(tmp_path, "email,available,used,customer_type", f" {ADA.upper()} ,100,20,VIP", f"{BOB},10,,")

    said = typed("import", path, "--store", "shop")
    assert said.exit_code == 0, said.output
    assert "2 rows: 0 were in already, 1 customers were new, balances were moved by +80 points." in said.output
    assert balances(shop) == {ADA.upper(): (100, 20), BOB: (10, 0)}
    assert [(entry.kind, entry.amount, entry.used) for entry in entries_of(shop.database)][1:] == [
        (EntryKind.IMPORT, 100, 20),
        (EntryKind.IMPORT, -20, 0),
    ]

    instant(shop, 7)
    again = typed("import", path, "--store", "shop")
    assert "2 rows: 2 were in already, 0 customers were new, balances were moved by +0 points." in again.output
    assert balances(shop) == {ADA.upper(): (107, 20), BOB: (10, 0)}
    assert balances_are_sums_of_entries(shop.database)


def test_a_row_with_other_numbers_sets_the_balance_anew_and_back(shop: EmbeddedProvider, tmp_path: Path) -> None:
    for available in (100, 120, 100):
        typed("import", written(tmp_path, "email,available", f"{ADA},{available}"), "--store", "shop")
        instant(shop, 1)

    assert balances(shop) == {ADA: (101, 0)}
    assert typed("verify").exit_code == 0


def test_a_dry_run_says_what_would_happen_and_does_nothing(shop: EmbeddedProvider, tmp_path: Path) -> None:
    said = typed("import", written(tmp_path, "email,available", f"{ADA},5", f"{BOB},-3"), "--store", "shop", "--dry-run")

    assert "2 rows: 0 would be in already, 2 customers would be new, balances would be moved by +2 points." in said.output
    assert customers_of(shop.database) == []


@pytest.mark.parametrize(
    ("lines", "sentences"),
    [
        (["email,available", f"{ADA},5", f"{BOB},1.5"], ["line 3, column available: must be a whole number from -2147483647"]),
        (["email,available", f"{ADA},{POINTS_MAX + 1}"], ["line 2, column available"]),
        (["email,available", f"{ADA},"], ["line 2, column available"]),
        (["email,available", f"{ADA},٣"], ["line 2, column available"]),
        (["email,available,used", f"{ADA},5,-1"], ["line 2, column used: must be a whole number from 0"]),
        (["email,available", "nobody,5", f"{ADA},x"], ["line 2, column email: is no e-mail address", "line 3, column available"]),
        (["email,available", f"{ADA},5", f'" {ADA.upper()}",6'], ["line 3, column email: stands in line 2, too"]),
        (["email,available", f"{ADA}"], ["line 2, column available: the row has 1 cells, and the header 2"]),
        (["email,available", f"{ADA},5,6"], ["line 2, column available: the row has 3 cells"]),
        (["email,available,customer_type", f"{ADA},5,{'x' * 129}"], ["line 2, column customer_type"]),
        (["email,points", f"{ADA},5"], ["line 1: the column 'points' is not known"]),
        (["email,email,available", f"{ADA},{ADA},5"], ["line 1: the column 'email'"]),
        (["email", ADA], ["line 1: names the columns, and lacks available"]),
        ([""], ["line 1: names the columns, and lacks email and available"]),
        (["email,available", f'{ADA},"5'], ["after line 1: is no CSV"]),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_imported(
    shop: EmbeddedProvider, tmp_path: Path, lines: list[str], sentences: list[str]
) -> None:
    said = typed("import", written(tmp_path, *lines), "--store", "shop")

    assert said.exit_code != 0
    assert all(sentence in str(said.exception) for sentence in sentences), said.exception
    assert ADA not in str(said.exception)
    assert customers_of(shop.database) == []


def test_a_file_that_is_not_utf_8_says_so(shop: EmbeddedProvider, tmp_path: Path) -> None:
    path = written(tmp_path, "email,available", "zoë@example.com,5", encoding="latin-1")

    assert "is not UTF-8" in str(typed("import", path, "--store", "shop").exception)


def test_what_spreadsheets_write_is_read(shop: EmbeddedProvider, tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeffEMAIL;Available;Used", f"{ADA};5;2", "", encoding="utf-8")

    typed("import", path, "--store", "shop")

    assert balances(shop) == {ADA: (5, 2)}


def test_an_import_of_many_batches_counts_each_row(shop: EmbeddedProvider, tmp_path: Path) -> None:
    rows = [f"customer{number}@example.com,{number}" for number in range(2100)]

    said = typed("import", written(tmp_path, "email,available", *rows), "--store", "shop")

    assert "2100 rows: 0 were in already, 2100 customers were new" in said.output
    assert sum(available for available, _ in balances(shop).values()) == sum(range(2100))


def test_an_import_that_breaks_off_says_what_is_in(
    embedded_sqlite: EmbeddedProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(embedded_sqlite, monkeypatch)
    rows = [f"customer{number}@example.com,{number}" for number in range(1500)]
    with embedded_sqlite.database.writing() as session:
        session.connection().exec_driver_sql(
            "CREATE TRIGGER breaks_off BEFORE INSERT ON points_customer WHEN NEW.email_key = 'customer1200@example.com'"
            " BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )

    said = typed("import", written(tmp_path, "email,available", *rows), "--store", "shop")

    assert said.exit_code != 0
    assert "Stopped: 1000 of 1500 rows are in. Run it again" in said.stderr
    assert len(customers_of(embedded_sqlite.database)) == 1000


def test_a_stores_balances_move_to_another_store(shop: EmbeddedProvider, clock: MovableClock, tmp_path: Path) -> None:
    instant(shop, 30, BOB)
    instant(shop, -5, "=cmd@example.com", may_go_below_zero=True)
    other = new_provider(shop.database, new_store(shop.database, clock, "other"))

    path = tmp_path / "moved.csv"
    path.write_text(typed("export", "balances", "--store", "shop").stdout)
    typed("import", str(path), "--store", "other")

    assert other.balances([BOB, "=cmd@example.com"]) == {BOB: Balance(30, 0), "=cmd@example.com": Balance(-5, 0)}


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r"])
def test_a_text_that_a_spreadsheet_would_run_is_neutralised(shop: EmbeddedProvider, begins: str) -> None:
    hostile = f"{begins}HYPERLINK(1)@example.com"
    with shop.database.writing() as session:
        session.add(PointsCustomerRow(store_id=shop.store_id, email=hostile, email_key=hostile, created_at=MovableClock().now))

    [row] = exported("balances")
    assert row["email"] == f"'{hostile}"
    assert row["available"] == "0"


def test_claims_are_exported_without_their_links_and_entries_with_the_balance_after_them(shop: EmbeddedProvider) -> None:
    taken, waiting = new_claim(shop, 5), new_claim(shop, 6, "", expires_days=1)
    take(shop, taken)
    asked(shop, AskKind.INSTANT, [Ask(uuid4(), -2, ADA)])

    claims, entries = exported("claims"), exported("entries")

    # By the machine's clock, the second is over.
    assert [(claim["state"], claim["amount"], claim["email"], claim["taken_by"]) for claim in claims] == [
        ("taken", "5", ADA, ADA),
        ("expired", "6", "", ""),
    ]
    assert str(taken.claim_token) not in str(claims)
    assert str(waiting.claim_token) not in str(claims)
    assert [(entry["kind"], entry["amount"], entry["available_after"]) for entry in entries] == [
        ("claim", "5", "5"),
        ("instant", "-2", "3"),
    ]


@pytest.mark.parametrize("words", [("export", "balances"), ("import", __file__)])
def test_an_unknown_store_is_an_error(shop: EmbeddedProvider, words: tuple[str, ...]) -> None:
    said = typed(*words, "--store", "nowhere")

    assert said.exit_code != 0
