"""What the client of the Coggins API reads from a look-up of balances."""

import pytest
import responses

from app.domain.claim import Balance
from app.providers.coggins.http import CogginsProvider
from app.providers.protocol import Absent, NotSent
from tests.standins import faults
from tests.standins.coggins import StandInCoggins
from tests.standins.faults import Fault
from tests.test_points.coggins_calls import ADA, BOB, lookup_answered


def test_balances_are_looked_up_one_by_one_under_the_names_they_were_asked_by(
    coggins: StandInCoggins, client: CogginsProvider
) -> None:
    coggins.adjust(ADA, 500)
    coggins.spend(ADA, 120)

    found = client.balances([f" {ADA.upper()} ", BOB])

    assert found == {f" {ADA.upper()} ": Balance(380, 120), BOB: Absent.NOBODY}
    assert coggins.counts["lookup"] == 2


@pytest.mark.parametrize(
    "body",
    [
        b'{"AvailablePoints": 9906, "UsedPoints": 5120}',
        b'\xef\xbb\xbf{"UsedPoints": 5120, "AvailablePoints": 9906, "More": 1}',
        b'{"AvailablePoints": "9906", "UsedPoints": " 5120 "}',
        b'{"AvailablePoints": 9906.0, "UsedPoints": 5.12e3}',
    ],
)
def test_a_balance_is_read_however_its_numbers_are_written(wire: responses.RequestsMock, body: bytes) -> None:
    assert lookup_answered(wire, body=body) == {ADA: Balance(9906, 5120)}


@pytest.mark.parametrize(
    "body",
    [
        "{ “AvailablePoints”: 9906 “UsedPoints”: 5120 }".encode(),
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"AvailablePoints": 9906}',
        b'{"AvailablePoints": true, "UsedPoints": false}',
        b'{"AvailablePoints": 9906.5, "UsedPoints": 0}',
        b'{"AvailablePoints": "many", "UsedPoints": 0}',
        b'{"AvailablePoints": null, "UsedPoints": null}',
        b'{"AvailablePoints": NaN, "UsedPoints": Infinity}',
    ],
)
def test_a_look_up_that_cannot_be_understood_is_no_balance_of_nothing(wire: responses.RequestsMock, body: bytes) -> None:
    assert lookup_answered(wire, body=body) == NotSent("The points provider's look-up of a balance cannot be understood.")


def test_a_look_up_that_says_no_is_told_in_its_words(wire: responses.RequestsMock) -> None:
    reply = lookup_answered(wire, json={"success": False, "message": "Closed for today."})

    assert reply == NotSent("The points provider said: Closed for today.")


def test_a_customer_whom_nobody_knows_is_nobody(wire: responses.RequestsMock) -> None:
    assert lookup_answered(wire, status=404, json={"message": "No such customer."}) == {ADA: Absent.NOBODY}


def test_a_404_that_is_a_web_page_is_not_a_missing_customer(wire: responses.RequestsMock) -> None:
    reply = lookup_answered(wire, status=404, body=b"<html>Not Found</html>", content_type="text/html")

    assert isinstance(reply, NotSent)
    assert reply.is_accounts_fault


@pytest.mark.parametrize(
    "fault", [faults.status(500), faults.status(429), faults.status(401), faults.cut(), faults.html(), faults.redirect()]
)
def test_a_look_up_that_fails_tells_nothing_of_the_others(coggins: StandInCoggins, client: CogginsProvider, fault: Fault) -> None:
    coggins.adjust(ADA, 5)
    coggins.faults.once(fault)

    assert isinstance(client.balances([ADA, BOB]), NotSent)


def test_a_look_up_that_hangs_ends_at_the_deadline(coggins: StandInCoggins) -> None:
    coggins.faults.once(faults.hang())

    assert isinstance(CogginsProvider(coggins.url, coggins.key, total_seconds=0.2).balances([ADA]), NotSent)
