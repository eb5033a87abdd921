"""The stand-ins, started and stopped around each test."""

from collections.abc import Iterator

import pytest

from tests.standins.coggins import StandInCoggins
from tests.standins.saleor import StandInSaleor
from tests.test_standins.paying import Paying, PayingApp
from tests.test_standins.recording import Clock, Installed, RecordingApp


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app() -> Iterator[RecordingApp]:
    recording = RecordingApp()
    recording.server.start()
    yield recording
    recording.server.stop()


@pytest.fixture
def saleor(clock: Clock) -> Iterator[StandInSaleor]:
    with StandInSaleor(clock) as running:
        yield running


@pytest.fixture
def installed(saleor: StandInSaleor, app: RecordingApp) -> Installed:
    result = saleor.install(app.manifest_url)
    assert result.app_id is not None
    assert result.token is not None
    return Installed(saleor, app, result.app_id, result.token)


@pytest.fixture
def coggins(clock: Clock) -> Iterator[StandInCoggins]:
    with StandInCoggins(clock) as running:
        yield running


@pytest.fixture
def paying(saleor: StandInSaleor) -> Iterator[Paying]:
    app = PayingApp()
    app.server.start()
    result = saleor.install(app.manifest_url)
    assert result.app_id is not None
    assert result.token is not None
    yield Paying(saleor, app, Installed(saleor, app, result.app_id, result.token))
    app.server.stop()
