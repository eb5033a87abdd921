"""How a shop looks: what may be set, what is refused in plain words, and what becomes of a logo."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from app.__main__ import cli
from app.bootstrap import build_services
from app.db.tables import StoreRow
from app.domain.brand import Brand
from app.errors import BadRequest
from app.settings import load_settings
from app.usecases.merchants.change_brand import change_brand, show_brand, show_logo
from app.usecases.merchants.read_logo import LOGO_BYTES_MAX, LOGO_SIZE_MAX, read_logo
from app.usecases.services import Services
from tests.clock import MovableClock
from tests.world import SECRET_KEY

SHOP = "shop-example-com"


def services_on(database_url: str, clock: MovableClock) -> Services:
    services = build_services(load_settings({"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY}), clock=clock)
    with services.database.writing() as session:
        session.add(StoreRow(slug=SHOP, name="shop.example.com", state="inactive", awards_from=clock(), created_at=clock()))
    return services


@pytest.fixture
def services(fresh_sqlite: Callable[[], str], clock: MovableClock) -> Iterator[Services]:
    opened = services_on(fresh_sqlite(), clock)
    yield opened
    opened.database.close()


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 20), colour: str = "#2f4bd8") -> bytes:
    drawn = BytesIO()
    Image.new("RGB", size, colour).save(drawn, kind)
    return drawn.getvalue()


def opened(png: bytes) -> Image.Image:
    return Image.open(BytesIO(png))


# Name, accent and text


def test_a_new_shop_has_its_hosts_name_and_our_look(services: Services) -> None:
    assert show_brand(services, SHOP) == Brand(SHOP, "shop.example.com")


def test_what_is_given_is_changed_and_the_rest_is_left(services: Services) -> None:
    change_brand(services, SHOP, name="  Kaffee  &  Kuchen ", accent=" #AA00FF ")
    change_brand(services, SHOP, text="Thank you.\n\nSee you soon. 👩‍🍳")

    assert show_brand(services, SHOP) == Brand(SHOP, "Kaffee & Kuchen", accent="#aa00ff", text="Thank you.\n\nSee you soon. 👩‍🍳")


def test_an_empty_accent_or_text_takes_it_away(services: Services) -> None:
    change_brand(services, SHOP, accent="#aa00ff", text="Thank you.")

    assert change_brand(services, SHOP, accent="", text=" ") == Brand(SHOP, "shop.example.com")


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"name": " "}, "needs a name"),
        ({"name": "x" * 81}, "80 characters"),
        ({"name": "a\u202eb"}, "readable"),
        ({"name": "a\x00b"}, "readable"),
        ({"accent": "red"}, "#rrggbb"),
        ({"accent": "#fff"}, "#rrggbb"),
        ({"accent": "#12345g"}, "#rrggbb"),
        ({"accent": "#123456;}"}, "#rrggbb"),
        ({"text": "x" * 301}, "300 characters"),
        ({"text": "a\x07b"}, "readable"),
        ({"logo": b"", "remove_logo": True}, "not both"),
    ],
)
def test_what_cannot_be_shown_is_refused_and_nothing_is_changed(
    services: Services, values: dict[str, str | bytes | bool], word: str
) -> None:
    with pytest.raises(BadRequest, match=word):
        change_brand(services, SHOP, **{"text": "kept out", **values})  # type: ignore[arg-type]  # one of each

    assert show_brand(services, SHOP) == Brand(SHOP, "shop.example.com")


def test_an_unknown_shop_is_refused_by_name(services: Services) -> None:
    for ask in (change_brand, show_brand):
        with pytest.raises(BadRequest, match="no store nowhere"):
            ask(services, "nowhere")


# The logo


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_logo_becomes_a_png(services: Services, kind: str) -> None:
    brand = change_brand(services, SHOP, logo=picture(kind))

    kept = show_logo(services, SHOP, brand.logo_mark or "")
    assert kept is not None
    assert (opened(kept).format, opened(kept).size) == ("PNG", (40, 20))


def test_another_picture_has_another_mark_and_the_old_address_is_gone(database_url: str, clock: MovableClock) -> None:
    services = services_on(database_url, clock)
    first = change_brand(services, SHOP, logo=picture()).logo_mark or ""
    same = change_brand(services, SHOP, logo=picture()).logo_mark
    second = change_brand(services, SHOP, logo=picture(colour="#00aa44")).logo_mark or ""

    assert first == same != second
    assert show_logo(services, SHOP, first) is None
    assert show_logo(services, SHOP, second) is not None
    assert change_brand(services, SHOP, remove_logo=True).logo_mark is None
    assert show_logo(services, SHOP, second) is None
    services.database.close()


def test_a_large_logo_is_fitted_and_keeps_its_shape() -> None:
    width, height = opened(read_logo(picture(size=(3000, 1500)))).size

    assert (width, height) == (432, 216)
    assert width <= LOGO_SIZE_MAX[0]


def test_a_logo_keeps_what_is_see_through() -> None:
    drawn = BytesIO()
    Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(drawn, "PNG")

    assert opened(read_logo(drawn.getvalue())).getpixel((0, 0)) == (255, 0, 0, 0)


def test_nothing_but_pixels_is_kept() -> None:
    drawn = BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    Image.new("RGB", (4, 2)).save(drawn, "JPEG", exif=exif, comment=b"secret")

    clean = read_logo(drawn.getvalue())

    assert b"taken at home" in drawn.getvalue()
    assert b"taken at home" not in clean
    assert b"secret" not in clean


def test_a_phones_picture_stands_upright() -> None:
    drawn = BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20)).save(drawn, "JPEG", exif=exif)

    assert opened(read_logo(drawn.getvalue())).size == (20, 40)


def test_a_moving_picture_stands_still() -> None:
    drawn = BytesIO()
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    frames[0].save(drawn, "WEBP", save_all=True, append_images=frames[1:])

    assert getattr(opened(read_logo(drawn.getvalue())), "n_frames", 1) == 1


@pytest.mark.parametrize(
    ("logo", "word"),
    [
        (lambda: b"", "cannot be read"),
        (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "cannot be read"),
        (lambda: picture("GIF"), "cannot be read"),
        (lambda: picture("BMP"), "cannot be read"),
        (lambda: picture()[:40], "cannot be read"),
        (lambda: picture("PNG", (5000, 4000)), "too many pixels: 5000 by 4000"),
        (lambda: picture("PNG", (12000, 12000), "black"), "cannot be read|too many pixels"),
        (lambda: b"\x89PNG" + b"x" * LOGO_BYTES_MAX, "too large: at most 512 kB"),
    ],
    ids=["empty", "svg", "gif", "bmp", "cut", "pixels", "bomb", "bytes"],
)
def test_what_is_no_logo_is_refused_in_plain_words(logo: Callable[[], bytes], word: str) -> None:
    with pytest.raises(BadRequest, match=word):
        read_logo(logo())


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(kind=st.sampled_from(["PNG", "JPEG", "WEBP"]), place=st.integers(0, 10_000), junk=st.binary(min_size=1, max_size=8))
def test_a_damaged_picture_is_read_or_refused_and_nothing_else(kind: str, place: int, junk: bytes) -> None:
    whole = bytearray(picture(kind))
    start = place % len(whole)
    whole[start : start + len(junk)] = junk

    with suppress(BadRequest):
        assert opened(read_logo(bytes(whole))).format == "PNG"


# As it is typed


def typed(*words: str) -> Result:
    return CliRunner().invoke(cli, ["brand", SHOP, *words])


@pytest.fixture
def operator(services: Services, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("DATABASE_URL", services.database.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    return services


def test_the_command_changes_the_brand_and_shows_it(operator: Services, tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(picture())

    changed = typed("--name", "Kaffee & Kuchen", "--accent", "#aa00ff", "--text", "Danke!", "--logo", str(logo))
    shown = typed()

    assert changed.exit_code == 0, changed.output
    assert changed.output == shown.output
    for word in ("Kaffee & Kuchen", "#aa00ff", "Danke!", "yes"):
        assert word in shown.output
    assert "none" in typed("--no-logo").output


def test_the_command_refuses_in_a_sentence(operator: Services) -> None:
    refused = typed("--accent", "red")

    assert refused.exit_code != 0
    assert isinstance(refused.exception, BadRequest)
    assert "#rrggbb" in refused.exception.message
