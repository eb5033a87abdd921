"""`saleor-points batches`: what each row would do, then the batch run, shown and undone."""

from pathlib import Path

import pytest

from tests.test_staff.batches import finish
from tests.test_staff.command_line import typed
from tests.test_staff.test_batches import limit
from tests.test_staff.test_decisions import slug
from tests.world import SECRET_KEY, World

ADA, GRACE = "ada@example.com", "grace@example.com"
FILE = f"email,change,reason\n{ADA},50,late parcel\n{GRACE},-20,\nnobody,5,\n{ADA},50,\n"


@pytest.fixture
def world(embedded_world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("DATABASE_URL", embedded_world.settings.database_url)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("PUBLIC_URL", embedded_world.url)
    return embedded_world


def command(world: World, *words: str) -> str:
    said = typed("batches", *words, "--store", slug(world))
    assert said.exception is None, said.output
    return said.output


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "changes.csv"
    path.write_text(FILE, encoding="utf-8-sig")
    return str(path)


def run(world: World, file: str, *options: str) -> str:
    return command(world, "run", file, "--reason", "summer", "--who", "Eve", *options)


def test_a_dry_run_says_what_each_row_would_do_and_writes_nothing(world: World, file: str) -> None:
    said = run(world, file, "--dry-run")

    assert said.splitlines() == [
        f"line 2: {ADA} gives 50",
        f"line 3: {GRACE} takes nothing; 20 are not there",
        "line 4: Column email: this is no e-mail address.",
        "line 5: This customer stands in line 2, too.",
        "4 rows, 2 of them cannot be used: +50 points together. Nothing was changed.",
    ]
    assert command(world, "list") == "There are no batches.\n"


def test_a_batch_is_run_shown_and_undone(world: World, file: str) -> None:
    said = run(world, file)
    finish(world)
    assert "line 5: This customer stands in line 2, too." in said
    assert "Batch 1: 2 customers, +50 and -20 points; 2 rows left out." in said
    assert world.balance(ADA).available == 50

    shown = command(world, "show", "1")
    assert "Batch 1, done: 1 of 4 rows done, 3 not. summer (Eve)" in shown
    assert f"line 2: {ADA}: gave 50" in shown
    assert f"line 3: {GRACE}: The balance holds nothing to take back." in shown

    assert "The worker undoes it." in command(world, "undo", "1", "--who", "Bob", "--yes")
    finish(world)
    assert world.balance(ADA).available == 0
    assert f"line 2: {ADA}: gave 50; undone" in command(world, "show", "1")
    assert "undone" in command(world, "list")


def test_a_batch_above_a_limit_is_approved_by_somebody_else(world: World, file: str) -> None:
    limit(world, change=10)

    assert "Above a limit of this store" in run(world, file)
    assert "Approved." in command(world, "approve", "1", "--reason", "fine", "--who", "Bob")
    finish(world)

    assert world.balance(ADA).available == 50


def test_a_batch_above_a_limit_may_be_refused(world: World, file: str) -> None:
    limit(world, change=10)
    run(world, file)

    assert command(world, "refuse", "1", "--reason", "no", "--who", "Bob") == "Refused.\n"
    finish(world)

    assert world.balance(ADA).available == 0


def test_only_the_problems_are_shown_where_they_are_asked_for(world: World, file: str) -> None:
    run(world, file)
    finish(world)

    shown = command(world, "show", "1", "--problems")

    assert f"line 2: {ADA}" not in shown
    assert "line 3" in shown
