"""`saleor-points import` and `export`: what a spreadsheet writes is read, and what is wrong is named before anything counts."""

from pathlib import Path

import pytest

from tests.test_staff.command_line import typed
from tests.world import SECRET_KEY, World

ADA, GRACE = "ada@example.com", "grace@example.com"


@pytest.fixture
def world(embedded_world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("DATABASE_URL", embedded_world.settings.database_url)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("PUBLIC_URL", embedded_world.url)
    return embedded_world


def brought_in(world: World, folder: Path, text: str, *options: str) -> str:
    file = folder / "balances.csv"
    file.write_text(text, encoding="utf-8")
    said = typed("import", str(file), "--store", world.store().slug, *options)
    return said.output + (f"{said.exception}" if said.exception is not None else "")


def test_an_export_begins_with_a_mark_and_is_read_back(world: World, tmp_path: Path) -> None:
    brought_in(world, tmp_path, "email,available\nrené@example.com,5\n'+tag3@example.com,16\n")
    exported = typed("export", "balances", "--store", world.store().slug).stdout

    said = brought_in(world, tmp_path, exported)

    assert exported.startswith("\ufeffemail,available")
    assert "2 rows: 0 were in already, 0 customers were new, balances were moved by +0" in said


def test_an_address_that_begins_with_an_apostrophe_comes_back_as_itself(world: World, tmp_path: Path) -> None:
    brought_in(world, tmp_path, "email,available\n''+tag3@example.com,16\n+tag3@example.com,4\n")
    exported = typed("export", "balances", "--store", world.store().slug).stdout

    said = brought_in(world, tmp_path, exported)

    assert "balances were moved by +0" in said
    assert world.balance("'+tag3@example.com").available == 16
    assert world.balance("+tag3@example.com").available == 4


@pytest.mark.parametrize(
    "email",
    [
        "ada@@example.com", "ada@example..com", "mailto:ada@example.com", '"ada@example.com,"', "ada@example.com.",
        ".ada@example.com",        "ada..b@example.com", "ada@-example.com", "<ada@example.com>", "ada@example.com;",
        "ada b@example.com", "ada@localhost",
    ],
)  # fmt: skip
def test_a_malformed_address_is_refused(world: World, tmp_path: Path, email: str) -> None:
    said = brought_in(world, tmp_path, f"email,available\n{email},5\n")

    assert "line 2, column email: is no e-mail address" in said


@pytest.mark.parametrize("email", ["o'hara@example.com", "änna@straße.de", "a.b+c@shop.test", "user@xn--mnchen-3ya.de"])
def test_an_address_that_mail_reaches_is_taken(world: World, tmp_path: Path, email: str) -> None:
    assert "1 rows" in brought_in(world, tmp_path, f"email,available\n{email},5\n")
    assert world.balance(email).available == 5


@pytest.mark.parametrize(
    "text",
    [
        f"sep=;\nemail;available\n{ADA};5\n",
        f"email,available\n,\n{ADA},5\n,\n\n",
        f"email,available,\n{ADA},5,\n,,\n",
        f"\ufeffsep=,\r\nemail,available,,\r\n{ADA},5,,\r\n",
    ],
)
def test_what_a_spreadsheet_adds_does_no_harm(world: World, tmp_path: Path, text: str) -> None:
    assert "1 rows" in brought_in(world, tmp_path, text)
    assert world.balance(ADA).available == 5


def test_a_line_keeps_its_number_behind_a_separator(world: World, tmp_path: Path) -> None:
    assert "line 3, column email" in brought_in(world, tmp_path, "sep=;\nemail;available\nnobody;5\n")


CHANGES = f"email,change,reference\n{ADA},50,summer-1\n{GRACE},7,summer-2\n{ADA},-20,summer-3\n"


def test_changes_add_to_balances_once(world: World, tmp_path: Path) -> None:
    brought_in(world, tmp_path, f"email,available\n{ADA},100\n")

    looked = brought_in(world, tmp_path, CHANGES, "--dry-run")
    between = world.balance(ADA).available
    first = brought_in(world, tmp_path, CHANGES)
    second = brought_in(world, tmp_path, CHANGES)

    assert "3 rows: 0 would be in already, 1 customers would be new, balances would be moved by +37" in looked
    assert between == 100
    assert "3 rows: 0 were in already, 1 customers were new, balances were moved by +37" in first
    assert "3 rows: 3 were in already, 0 customers were new, balances were moved by +0" in second
    assert (world.balance(ADA).available, world.balance(GRACE).available) == (130, 7)
    assert "Everything adds up" in typed("verify").output


def test_a_change_that_takes_more_than_is_there_is_refused_and_said(world: World, tmp_path: Path) -> None:
    said = brought_in(world, tmp_path, f"email,change,reference\n{ADA},5,a\n{ADA},-9,b\n")

    assert "1 rows were refused" in said
    assert world.balance(ADA).available == 5


def test_a_store_that_lets_balances_fall_below_zero_takes_it(world: World, tmp_path: Path) -> None:
    world.change_store(debt_policy="negative")

    brought_in(world, tmp_path, f"email,change,reference\n{ADA},5,a\n{ADA},-9,b\n")

    assert world.balance(ADA).available == -4


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f"email,change,reference\n{ADA},5,a\n{ADA},5,a\n", "column reference: stands in line 2, too"),
        (f"email,change,reference\n{ADA},5,\n", "column reference"),
        (f"email,change\n{ADA},5\n", "lacks reference"),
        (f"email,change,available,reference\n{ADA},5,5,a\n", "'available' is not known"),
    ],
)
def test_a_file_of_changes_that_is_not_clear_is_refused(world: World, tmp_path: Path, text: str, fault: str) -> None:
    assert fault in brought_in(world, tmp_path, text)
