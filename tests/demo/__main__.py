"""`make demo`: starts a Saleor and the app, tells the story, and says whether every number came out right."""

import argparse
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.demo.scene import Scene, open_scene
from tests.demo.shop.server import DemoShop
from tests.demo.shop.setting_up import let_points_pay
from tests.demo.story import BEN, Story
from tests.demo.telling import Teller

LOG_LINES = 30


def main() -> int:
    """Tell the story, and give the exit status."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave it all running afterwards, to click through")
    options = parser.parse_args()
    # Whoever ends the demo must not leave its app behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    teller = Teller()
    teller.say("Saleor Points, the whole story: a stand-in for Saleor and the real app, over HTTP. No configuration is needed.")
    with tempfile.TemporaryDirectory(prefix="saleor-points-demo-") as folder:
        play(Path(folder), teller, keep=options.keep)
    return teller.exit_status


def play(folder: Path, teller: Teller, *, tell: Callable[[Story], None] = Story.tell, keep: bool = False) -> None:
    """Tell the story with a fresh Saleor and a fresh app. What goes wrong is told, with the end of the app's log."""
    started = time.monotonic()
    try:
        with open_scene(folder) as scene:
            story = Story(scene, teller)
            tell(story)
            teller.say(_verdict(teller, time.monotonic() - started))
            if keep:
                _keep(scene, story, teller)
    except KeyboardInterrupt:
        teller.fail("stopped before its end")
    except Exception as error:  # noqa: BLE001 - whatever went wrong belongs into what is told
        teller.fail(f"{type(error).__name__}: {error}")
    if teller.wrong:
        _tell_log(folder / "app.log", teller)
        teller.say(_verdict(teller, time.monotonic() - started))


def _keep(scene: Scene, story: Story, teller: Teller) -> None:
    gateway = let_points_pay(scene.saleor, scene.app.url, points_per_unit="10")
    with DemoShop(scene.saleor, gateway) as shop:
        teller.say(f"\nA shop that takes points, 10 for 1.00. Sign in as {BEN}, who has {scene.balance(BEN)}:  {shop.url}/")
        _tell_where(scene, story, teller)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


def _tell_where(scene: Scene, story: Story, teller: Teller) -> None:
    fresh = scene.saleor.shop.place_paid_order("25.00", email="you@example.com")
    scene.settle()
    teller.say("\nAll of it keeps running. To click through:\n")
    teller.say(f"    claim 25 points        {scene.metadata(fresh)['points_claim_url']}")
    for order_id in story.orders:
        order = scene.saleor.book[order_id]
        teller.say(f"    order #{order.number}, {order.email:<17}{scene.metadata(order_id)['points_claim_url']}")
    teller.say(f"    the app                {scene.app.url}/")
    teller.say(f"    its manifest           {scene.app.url}/api/manifest")
    teller.say(f"    is it ready?           {scene.app.url}/readyz")
    token = next(iter(scene.saleor.apps.installed.values())).token
    query = '{"query": "{ orders(first: 20) { edges { node { number metadata { key value } } } } }"}'
    teller.say(f"    the orders in Saleor   curl -s {scene.saleor.api_url} -H 'Authorization: Bearer {token}' \\")
    teller.say(f"                             -H 'Content-Type: application/json' -d '{query}'")
    teller.say(f"    the app's log          {scene.app.log_path}")
    teller.say("\nCtrl-C ends it and removes its data.")


def _tell_log(path: Path, teller: Teller) -> None:
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    teller.say(f"\nThe last lines of the app's log ({len(lines)} in all):")
    for line in lines[-LOG_LINES:]:
        teller.say(f"    {line}")


def _verdict(teller: Teller, seconds: float) -> str:
    if not teller.wrong:
        return f"\nAll {teller.checks} checks came out right, in {seconds:.0f} seconds."
    return "\n".join(["\nNot right:", *(f"  - {wrong}" for wrong in teller.wrong)])


if __name__ == "__main__":
    sys.exit(main())
