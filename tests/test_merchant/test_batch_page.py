"""Batches in the Dashboard: a file is checked, run, watched and undone; above a limit somebody else decides."""

from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from app.errors import BadRequest
from app.usecases.merchants.batches.see_batch import see_batch
from app.usecases.merchants.batches.start_batch import start_batch
from app.usecases.operating.create_store import create_store
from tests.standins.dashboard import StandInDashboard
from tests.test_merchant.calls import Desk, notified, once_in, seen
from tests.test_merchant.conftest import OpenFrame
from tests.test_merchant.test_orders_page import counted
from tests.test_merchant.test_the_frame import app_in
from tests.test_settling.test_refunds import ADA
from tests.test_staff.batches import EVE, changes_of, finish, made
from tests.test_staff.test_batches import limit

GRACE = "grace@example.com"
QUERIES_MAX = 8
FILE = f"email,change,reason\n{ADA},50,late parcel\n{GRACE},-20,\nnobody,5,\n"


def upload(desk: Desk, text: str = FILE, **form: str) -> requests.Response:
    fields = {"reason": "summer", "once": once_in(desk.get("batches")), **form}
    return desk.post("batches", fields, files={"file": ("changes.csv", text.encode("utf-8-sig"), "text/csv")})


def press(desk: Desk, what: str, **form: str) -> requests.Response:
    return desk.post(f"batches/1/{what}", {"once": once_in(desk.get("batches/1")), **form})


def test_a_file_is_checked_and_changes_nothing(desk: Desk) -> None:
    page = upload(desk)

    assert page.headers["X-Page"] == "batches/1"
    text = seen(page)
    assert "2 customers: gives 50 and takes 20 points. 1 row cannot be used and is left out." in text
    assert f"2 {ADA} +50 gives 50 late parcel" in text
    assert f"3 {GRACE} \N{MINUS SIGN}20 takes nothing; 20 are not there" in text
    assert "Left out Column email: this is no e-mail address." in text
    assert "Batch 1" in seen(desk.get("batches"))
    assert desk.world.balance(ADA).available == 0


def test_a_batch_is_run_and_undone(desk: Desk) -> None:
    upload(desk)

    assert notified(press(desk, "run"))["title"] == "The batch runs"
    running = desk.get("batches/1")
    assert "data-again" in running.text
    assert '<progress max="3" value="1"' in running.text
    finish(desk.world)
    assert desk.world.balance(ADA).available == 50
    assert f"2 {ADA} +50 gave 50" in seen(desk.get("batches/1"))
    assert "data-again" not in desk.get("batches/1").text

    assert notified(press(desk, "undo"))["title"] == "The batch is being undone"
    finish(desk.world)
    assert desk.world.balance(ADA).available == 0
    assert "gave 50; undone" in seen(desk.get("batches/1"))


def test_only_the_rows_that_need_a_look_are_shown_where_they_are_asked_for(desk: Desk) -> None:
    upload(desk)

    text = seen(desk.get("batches/1/problems"))

    assert ADA not in text
    assert GRACE in text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("email,colour\n", "the column &#39;colour&#39; is not known"),
        ("email\n", "lacks change"),
        (f"email,change\n\x00{ADA},5\n", "Left out"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(desk: Desk, text: str, says: str) -> None:
    assert says in upload(desk, text).text


def test_a_file_that_is_no_utf8_is_refused(desk: Desk) -> None:
    form = {"reason": "summer", "once": once_in(desk.get("batches"))}

    answer = desk.post("batches", form, files={"file": ("c.csv", b"email,change\nren\xe9@example.com,5\n", "text/csv")})

    assert answer.status_code == 422
    assert "is not UTF-8" in answer.text


@pytest.mark.parametrize("form", [{"reason": ""}, {"once": ""}])
def test_a_form_that_is_not_complete_makes_no_batch(desk: Desk, form: dict[str, str]) -> None:
    assert upload(desk, **form).status_code == 422
    assert "No batches yet" in seen(desk.get("batches"))


def test_a_form_without_a_file_says_so(desk: Desk) -> None:
    answer = desk.post("batches", {"reason": "summer", "once": once_in(desk.get("batches"))})

    assert answer.status_code == 422
    assert "Choose a CSV file." in answer.text


def test_a_form_that_is_sent_twice_acts_once(desk: Desk) -> None:
    once = once_in(desk.get("batches"))
    assert [upload(desk, once=once).status_code for _ in range(2)] == [200, 200]
    assert "Batch 2" not in seen(desk.get("batches"))

    form = {"once": once_in(desk.get("batches/1"))}
    assert [desk.post("batches/1/run", form).status_code for _ in range(2)] == [200, 200]
    finish(desk.world)

    assert desk.world.balance(ADA).available == 50


def test_those_who_were_chosen_become_a_batch(desk: Desk) -> None:
    asked = desk.post("customers/chosen", {"email": [ADA, GRACE]})

    form = {"email": [ADA, GRACE], "points": "5", "reason": "kind", "once": once_in(asked), "as": "batch"}
    page = desk.post("customers/give", form)

    assert page.headers["X-Page"] == "batches/1"
    assert [(change.email, change.points) for change in changes_of(desk.world, 1)] == [(ADA, 5), (GRACE, 5)]
    assert desk.world.balance(ADA).available == 0


def test_a_discarded_batch_is_not_listed(desk: Desk) -> None:
    upload(desk)

    assert press(desk, "discard").headers["X-Page"] == "batches"

    assert "No batches yet" in seen(desk.get("batches"))
    assert desk.get("batches/1").status_code == 404


def test_above_a_limit_somebody_else_decides_and_the_overview_says_so(desk: Desk) -> None:
    limit(desk.world, change=10)
    batch_id = made(desk.world, (ADA, 50), who=EVE)
    assert "Above the limit" in seen(desk.get("batches/1"))
    assert "Needs approval" not in seen(desk.get("overview"))
    assert not start_batch(desk.world.services, desk.world.store().slug, batch_id, who=EVE)

    assert "Needs approval: 1" in seen(desk.get("overview"))
    assert "Batch 1" in seen(desk.get("approvals"))
    assert press(desk, "approve").status_code == 422
    approved = press(desk, "approve", **{"approve-reason": "fine"})
    finish(desk.world)

    assert notified(approved)["title"] == "Batch approved"
    assert desk.world.balance(ADA).available == 50
    assert "Needs approval" not in seen(desk.get("overview"))


def test_nobody_approves_their_own_batch_in_the_dashboard(desk: Desk) -> None:
    limit(desk.world, change=10)
    upload(desk)
    assert notified(press(desk, "run"))["title"] == "The batch waits for approval"

    page = desk.get("batches/1")

    assert 'action="pages/batches/1/approve"' not in page.text
    assert press(desk, "approve", **{"approve-reason": "fine"}).status_code == 422
    assert desk.world.balance(ADA).available == 0


def test_another_stores_batch_is_not_there(desk: Desk) -> None:
    upload(desk)
    create_store(desk.world.services, "Other")

    with pytest.raises(BadRequest, match="no such batch"):
        see_batch(desk.world.services, "other", 1)
    with pytest.raises(BadRequest, match="no such batch"):
        start_batch(desk.world.services, "other", 1, who=EVE)


@pytest.mark.parametrize(("permissions", "status"), [((), 403), (("MANAGE_APPS",), 403), (("MANAGE_ORDERS",), 200)])
def test_whoever_may_not_change_points_makes_no_batch(desk: Desk, permissions: tuple[str, ...], status: int) -> None:
    form = {"reason": "summer", "once": once_in(desk.get("batches"))}
    answer = Desk(desk.world, permissions).post("batches", form, files={"file": ("c.csv", FILE.encode(), "text/csv")})

    assert answer.status_code == status


def test_a_page_takes_as_few_queries_for_many_rows_as_for_one(desk: Desk) -> None:
    made(desk.world, (ADA, 5))
    made(desk.world, *((f"someone{n}@example.com", 5) for n in range(60)))

    sent = [_queries(desk, path) for path in ("batches/1", "batches/2", "batches/2?after=10", "batches")]

    assert sent[0] == sent[1] == sent[2]
    assert max(sent) <= QUERIES_MAX


def test_a_batch_that_runs_is_shown_without_counting_its_rows(desk: Desk) -> None:
    upload(desk)
    checked = _queries(desk, "batches/1")
    press(desk, "run")

    running = _queries(desk, "batches/1")
    finish(desk.world)

    assert running == _queries(desk, "batches/1") == checked - 1


def _queries(desk: Desk, path: str) -> int:
    with counted(desk.world) as sent:
        assert desk.get(path).status_code == 200
    return len(sent)


def test_a_batch_is_checked_run_watched_and_undone_in_the_dashboard(
    desk: Desk, dashboard: StandInDashboard, frames: OpenFrame, tmp_path: Path
) -> None:
    file = tmp_path / "changes.csv"
    file.write_text(FILE, encoding="utf-8-sig")
    page = frames()
    page.goto(dashboard.page("/customers"))
    frame = app_in(page)
    frame.get_by_role("link", name="Batches").click()

    frame.get_by_label("CSV file").set_input_files(file)
    frame.get_by_label("Reason").fill("summer")
    frame.get_by_role("button", name="Check the file").click()
    expect(frame.get_by_role("heading", level=1)).to_contain_text("Batch 1")
    expect(frame.get_by_text("takes nothing; 20 are not there")).to_be_visible()

    frame.locator("summary", has_text="Run").click()
    frame.get_by_role("button", name="Run batch").click()
    expect(frame.get_by_role("progressbar")).to_be_visible()
    finish(desk.world)
    expect(frame.get_by_text("gave 50")).to_be_visible()
    expect(frame.get_by_role("progressbar")).to_have_count(0)

    frame.locator("summary", has_text="Undo").click()
    frame.get_by_role("button", name="Undo batch").click()
    expect(frame.get_by_role("progressbar")).to_be_visible()
    finish(desk.world)
    expect(frame.get_by_text("gave 50; undone")).to_be_visible()
    assert desk.world.balance(ADA).available == 0
