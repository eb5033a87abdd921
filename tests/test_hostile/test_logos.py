"""Logos of many pixels: one is read at a time, and whoever comes meanwhile is told to come again."""

import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from threading import Event

import pytest
from PIL import Image, ImageOps

from app.errors import BadRequest, Crowded
from app.usecases.merchants.read_logo import read_logo
from tests.waiting import PATIENCE_SECONDS


def _png(width: int, height: int) -> bytes:
    drawn = BytesIO()
    Image.new("L", (width, height)).save(drawn, "PNG")
    return drawn.getvalue()


def test_one_logo_is_read_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, finish = Event(), Event()
    turned: Callable[..., Image.Image] = ImageOps.exif_transpose

    def slow(picture: Image.Image) -> Image.Image:
        begun.set()
        finish.wait(PATIENCE_SECONDS)
        return turned(picture)

    monkeypatch.setattr(ImageOps, "exif_transpose", slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(read_logo, _png(50, 50))
        assert begun.wait(PATIENCE_SECONDS)
        try:
            with pytest.raises(Crowded):
                read_logo(_png(10, 10))
        finally:
            finish.set()
        assert first.result()
    assert read_logo(_png(10, 10))


def test_a_logo_of_too_many_pixels_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    large = _png_of_a_head(5000, 4000)

    def decoded(_picture: object) -> None:
        raise AssertionError("it was decoded")

    monkeypatch.setattr(Image.Image, "load", decoded)

    with pytest.raises(BadRequest, match="too many pixels"):
        read_logo(large)


def _png_of_a_head(width: int, height: int) -> bytes:
    """A PNG that says how large it is, and has no pixels."""
    small = _png(1, 1)
    head = b"IHDR" + width.to_bytes(4) + height.to_bytes(4) + small[24:29]
    return small[:12] + head + zlib.crc32(head).to_bytes(4) + small[33:]
