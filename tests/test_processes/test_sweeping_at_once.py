"""With a sweep an hour, an app that comes back finds what happened meanwhile all the same, at once."""

from sqlmodel import Session, select

from app.db.engine import Database
from app.db.tables import StoreRow
from tests.demo.scene import Scene
from tests.standins.saleor import StandInSaleor
from tests.test_processes.conftest import Start
from tests.waiting import wait_until

AN_HOUR = "3600"


def _store(session: Session) -> StoreRow:
    return session.exec(select(StoreRow)).one()


def _installed(start: Start, saleor: StandInSaleor) -> Scene:
    app = start(SWEEP_SECONDS=AN_HOUR).wait_until_ready()
    assert saleor.install(f"{app.url}/api/manifest").ok
    scene = Scene(saleor, app, Database(f"sqlite:///{app.folder / 'saleor-points.sqlite3'}"))
    _wait_for_a_sweep(scene)
    return scene


def _wait_for_a_sweep(scene: Scene) -> None:
    def has_swept() -> bool:
        with scene.database.reading() as session:
            return _store(session).sweep_ended_at is not None

    wait_until(has_swept, what="the first sweep")


def _app_id(scene: Scene) -> str:
    with scene.database.reading() as session:
        return _store(session).app_id or ""


def _wait_for_points(scene: Scene, order_id: str) -> None:
    wait_until(lambda: scene.metadata(order_id).get("points_amount") == "60", what="the order's points")


def test_an_app_that_is_switched_on_again(start: Start, live_saleor: StandInSaleor) -> None:
    scene = _installed(start, live_saleor)
    live_saleor.apps.deactivate(_app_id(scene))
    order_id = live_saleor.shop.place_paid_order("60")

    live_saleor.apps.activate(_app_id(scene))

    _wait_for_points(scene, order_id)


def test_an_app_that_is_installed_again(start: Start, live_saleor: StandInSaleor) -> None:
    scene = _installed(start, live_saleor)
    live_saleor.apps.uninstall(_app_id(scene))
    order_id = live_saleor.shop.place_paid_order("60")

    assert live_saleor.install(f"{scene.app.url}/api/manifest").ok

    _wait_for_points(scene, order_id)
